import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ipv4FromNumber } from '../../src/addr/index.ts';
import {
  exportAllocations,
  importAllocations,
  joinCards,
  type Orphan,
  parseCheckpoint,
  renderCheckpoint,
  splitCards,
  surveyCheckpoint,
} from '../../src/pool/index.ts';
import { type AwsNodePod, awsNodeCheckpoint } from '../support/aws-node.ts';
import { facts } from './model/sample.ts';
import { address, owner, single } from './sample.ts';

const allocation = (n: number, at: number, change: Partial<Orphan['owner']> = {}): Orphan => ({
  address: address(at),
  owner: { ...owner(n), ...change },
  since: BigInt(n),
});

const word = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,40}$/);
const orphan: fc.Arbitrary<Orphan> = fc.record({
  address: fc.nat(2 ** 32 - 1).map(ipv4FromNumber),
  owner: fc.record({
    network: fc.constant('aws-cni'),
    containerId: fc.stringMatching(/^[0-9a-f]{64}$/),
    ifName: fc.constant('eth0'),
    podNamespace: fc.option(word, { nil: undefined }),
    podName: fc.option(word, { nil: undefined }),
  }),
  since: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
});
const orphans = fc.uniqueArray(orphan, { selector: ({ address: each }) => each, maxLength: 40 });

describe('a checkpoint that goes from one ipamd to the other and back', () => {
  test('is the same to the byte', () => {
    fc.assert(
      fc.property(orphans, (allocations) => {
        const theirs = renderCheckpoint(allocations);
        const ours = renderCheckpoint(importAllocations(parseCheckpoint(theirs), []));
        expect(renderCheckpoint(exportAllocations(parseCheckpoint(ours), []))).toBe(theirs);
      }),
    );
  });

  test("of upstream's own writing too, to the nanosecond", () => {
    const pods = Array.from({ length: 3 }, (_, n) => {
      const pod: AwsNodePod = {
        ...{ namespace: 'default', name: `web-${n}`, containerId: `c${n}`, netns: '', table: 2 },
        address: `10.0.1.${n}`,
      };
      return { ...pod, since: 1_700_000_000_000_000_123n + BigInt(n) };
    });
    const theirs = awsNodeCheckpoint(pods);
    expect(renderCheckpoint(exportAllocations(importAllocations(parseCheckpoint(theirs), []), []))).toBe(theirs);
  });
});

describe('importAllocations()', () => {
  test('of ours only what claims neither their pods nor their addresses stays', () => {
    const theirs = [allocation(1, 1), allocation(2, 2)];
    const ours = [allocation(1, 9), allocation(8, 2), allocation(3, 3)];
    expect(importAllocations(theirs, ours)).toEqual([...theirs, allocation(3, 3)]);
  });

  test('a pod from before 1.12 gets the key under which its DEL will come', () => {
    const old = allocation(1, 1, { network: '_migrated-from-cri', ifName: 'unknown' });
    expect(importAllocations([old], [])).toEqual([allocation(1, 1, { network: 'aws-cni', ifName: 'eth0' })]);
  });
});

describe('exportAllocations()', () => {
  test('leaves out whose DEL has come, and every address but its first claim', () => {
    const ours = [allocation(1, 1), allocation(2, 2), allocation(3, 1), allocation(4, 4)];
    expect(exportAllocations(ours, [owner(4)])).toEqual([allocation(1, 1), allocation(2, 2)]);
  });

  test('no address is there twice, and nothing is lost that has an address of its own', () => {
    fc.assert(
      fc.property(fc.array(orphan, { maxLength: 30 }), (ours) => {
        const out = exportAllocations(ours, []).map(({ address: each }) => each);
        expect(new Set(out).size).toBe(out.length);
        expect(new Set(out)).toEqual(new Set(ours.map(({ address: each }) => each)));
      }),
    );
  });
});

describe('several network cards', () => {
  const known = (card: number, ...addresses: readonly number[]) => ({
    facts: facts(0, { card }),
    cidrs: addresses.map(single),
  });
  const enis = [known(0, 1, 2), known(1, 11, 12), known(3, 31)];
  const nic = (n: number, at: number, index: number) => allocation(n, at, { ifName: `mNicIf${index}` });
  const ours = [allocation(1, 1), nic(1, 11, 1), nic(1, 31, 2), allocation(2, 12), allocation(3, 2), allocation(4, 99)];

  test('each has a checkpoint of its own, in which all interfaces of a pod have one key', () => {
    const cards = splitCards(ours, enis);
    const shown = [...cards].map(([card, entries]) =>
      entries.map(
        ({ owner: { containerId, ifName }, interfaces }) => `${card} ${containerId} ${ifName} of ${interfaces}`,
      ),
    );
    expect(shown).toEqual([
      ['0 sandbox1 eth0 of 3', '0 sandbox3 eth0 of 1', '0 sandbox4 eth0 of 1'],
      ['1 sandbox1 eth0 of 3', '1 sandbox2 eth0 of 1'],
      ['3 sandbox1 eth0 of 3'],
    ]);
    expect(renderCheckpoint(cards.get(3) ?? [])).toContain('"interfacesCount":3');
    const joined = joinCards([...cards.values()].map((entries) => parseCheckpoint(renderCheckpoint(entries))));
    const byAddress = (list: readonly Orphan[]) => list.toSorted((a, b) => a.address.localeCompare(b.address));
    expect(byAddress(joined)).toEqual(byAddress(ours));
  });

  test('a pod whose DEL has come is left out with all its interfaces', () => {
    expect(exportAllocations(ours, [owner(1)]).map((each) => each.owner.containerId)).toEqual([
      'sandbox2',
      'sandbox3',
      'sandbox4',
    ]);
  });
});

test('surveyCheckpoint() names the pods that are more than we can serve', () => {
  const entry = (more: string, metadata: string): string =>
    `{"networkName":"aws-cni","containerID":"c1","ifName":"eth0",${more},"allocationTimestamp":1,"metadata":{${metadata}}}`;
  const names = '"k8sPodNamespace":"ns","k8sPodName":"a"';
  const text = `{"version":"vpc-cni-ipam/1","allocations":[${[
    entry('"ipv6":"2001:db8::5"', names),
    entry('"ipv4":"10.0.0.5"', `${names},"interfacesCount":2`),
    entry('"ipv4":"10.0.0.6"', '"interfacesCount":1'),
  ].join(',')}]}`;
  expect(surveyCheckpoint(text).unsupported).toEqual(['pod ns/a has the IPv6 address 2001:db8::5']);
  expect(surveyCheckpoint(text).allocations.map((each) => String(each.address))).toEqual([
    '2001:db8::5',
    '10.0.0.5',
    '10.0.0.6',
  ]);
});

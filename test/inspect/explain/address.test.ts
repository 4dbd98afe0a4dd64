import { describe, expect, test } from 'bun:test';
import { parseIp } from '../../../src/addr/index.ts';
import { explainAddress, readNotes, withDaemon } from '../../../src/inspect/index.ts';
import { SERVING } from '../sample.ts';
import { FILES, NOTES, OBSERVED } from './sample.ts';

const explain = (address: string, nowMs = 20_000) =>
  explainAddress(parseIp(address), { notes: NOTES, observed: OBSERVED, history: [], nowMs });

const rows = [
  ['10.0.1.5', 'assigned', 'default/web', 'eni-1', 'pod default/web has it since 2026-01-01T00:00:00.000Z'],
  ['10.0.7.7', 'orphan', 'default/lost', undefined, 'but no ENI of this node: it is kept until EC2'],
  ['10.0.0.5', 'cooldown', null, 'eni-0', 'it rests for 22 s more'],
  ['10.0.0.6', 'free', null, 'eni-0', 'the next pod may get it'],
  ['10.0.1.17', 'free', null, 'eni-1', 'the next pod may get it'],
  ['10.0.1.6', 'quarantine', null, 'eni-1', 'the kernel still has a rule or route for it'],
  ['10.0.0.4', 'eni', null, 'eni-0', "the node's own address"],
  ['10.0.1.4', 'eni', null, 'eni-1', 'the first address of an ENI'],
  ['10.0.2.9', 'branch', 'default/guarded', undefined, 'on a branch ENI of its own, VLAN 7'],
  ['169.254.172.2', 'egress', 'default/api', undefined, 'only this node knows it'],
  ['10.0.9.9', 'elsewhere', null, undefined, 'no ENI of this node has it'],
  ['2600:1f18::1', 'elsewhere', null, undefined, 'no ENI of this node has it'],
] as const;

describe('explainAddress()', () => {
  for (const [address, kind, pod, eni, words] of rows)
    test(`${address} is ${kind}`, () => {
      const explained = explain(address);
      expect([explained.kind, explained.pod, explained.eni?.id, explained.answer.includes(words)]).toEqual([
        ...[kind, pod, eni, true],
      ]);
    });

  test('names everything the kernel has of it', () => {
    expect(explain('10.0.1.5').kernel).toEqual([
      'rule 512: from all to 10.0.1.5/32 lookup 254',
      'rule 1536: from 10.0.1.5/32 lookup 2',
      expect.stringMatching(/^route 10\.0\.1\.5\/32 dev eni\w{11} table 254$/),
    ]);
    expect(explain('10.0.0.4').kernel).toEqual(['address of link eth0']);
  });

  test('what is not found may be in notes that cannot be read', () => {
    const damage = [
      { file: 'ipam.json', reason: 'torn' },
      { file: 'journal', reason: 'torn' },
    ] as const;
    const answerOf = (address: string): string =>
      explainAddress(parseIp(address), { notes: { ...NOTES, damage }, observed: OBSERVED, history: [], nowMs: 20_000 })
        .answer;
    const words = 'but what the daemon wrote down cannot be read in full (ipam.json, journal)';
    expect(['10.0.9.9', '10.0.0.6', '10.0.1.5'].map((address) => answerOf(address).includes(words))).toEqual([
      ...[true, true, false],
    ]);
  });

  test('an address for egress is told by the names of its sandbox', () => {
    const links = OBSERVED.links.map((link) => ({
      ...link,
      alias: link.alias === 'vpc-cni aws-cni c7 v4if0 default/api' ? 'vpc-cni aws-cni c9 v4if0' : link.alias,
    }));
    const observed = { ...OBSERVED, links };
    const about = { notes: NOTES, observed, history: [], nowMs: 20_000 };
    expect(explainAddress(parseIp('169.254.172.2'), about).pod).toBe('default/lost');
  });

  test('a cooldown that is over is over', () => {
    expect([explain('10.0.0.5', 42_000).kind, explain('10.0.0.5', 41_999).freeInMs]).toEqual(['free', 1]);
  });
});

describe('withDaemon()', () => {
  const [, second] = SERVING.enis;
  if (second === undefined) throw new Error('the sample has two ENIs');
  const addresses = [{ address: '10.0.7.7', state: 'assigned' }] as const;
  const notes = withDaemon(NOTES, { enis: [{ ...second, id: 'eni-9', device: 9, table: 10, addresses }] });

  test('an ENI that the daemon has and its files do not yet have is known', () => {
    const facts = { notes, observed: OBSERVED, history: [], nowMs: 0 };
    const explained = explainAddress(parseIp('10.0.7.7'), facts);
    expect([explained.kind, explained.eni]).toEqual(['assigned', { id: 'eni-9', device: 9, table: 10 }]);
    expect(explain('10.0.7.7').kind).toBe('orphan');
  });

  test('nothing is lost of what the files tell, and nothing changes without a daemon', () => {
    expect(notes.enis.slice(0, 2)).toEqual([...NOTES.enis]);
    expect(withDaemon(NOTES, undefined)).toEqual(NOTES);
  });
});

describe('readNotes()', () => {
  const files = { read: (path: string) => FILES.get(path) };

  test('reads what the daemon wrote down', () => {
    const { enis, allocations, quarantines, damage } = readNotes(
      files,
      { AWS_VPC_K8S_CNI_BACKING_STORE: '' },
      '/run/x',
    );
    const ids = enis.map(({ facts }) => facts.id);
    const pods = allocations.map(({ owner }) => owner.podName);
    expect([ids, pods, [...quarantines.keys()]]).toEqual([['eni-0', 'eni-1'], ['web', 'lost'], ['10.0.1.6']]);
    expect(damage).toEqual([]);
  });

  test('nothing there is nothing known; a broken file is named', () => {
    const none = readNotes({ read: () => undefined }, { AWS_VPC_K8S_CNI_BACKING_STORE: '' }, '/run/x');
    const broken = readNotes(
      { read: (path) => (path === '/run/x/ipam.json' ? '{' : FILES.get(path)) },
      { AWS_VPC_K8S_CNI_BACKING_STORE: '' },
      '/run/x',
    );
    expect([none.enis, none.allocations, broken.damage.map(({ file }) => file)]).toEqual([[], [], ['ipam.json']]);
  });
});

import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseCidr, parseIp } from '../../../src/addr/index.ts';
import {
  DEAD_LINK_GROUP,
  egressAddress,
  type Link,
  podAlias,
  podMacs,
  type Route,
} from '../../../src/dataplane/index.ts';
import { toHostError } from '../../../src/errors/index.ts';
import { Leases } from '../../../src/ipamd/egress/leases.ts';
import { createLogger } from '../../../src/log/index.ts';
import type { Owner } from '../../../src/pool/index.ts';
import { createFiles, type Files, withTemporaryDirectory } from '../../../src/sys/index.ts';

const logger = createLogger({ level: 'error', program: 'test' });
const pod = (name: string): Owner => ({
  ...{ network: 'aws-cni', containerId: `c-${name}`, ifName: 'eth0', podNamespace: 'default', podName: name },
});

const linkOf = ({ network, containerId }: Owner, change: Partial<Link> = {}): Link => ({
  ...{ index: 7, name: `eni-${containerId}`, mac: undefined, mtu: 9001, up: true, group: 0 },
  alias: podAlias({ network, containerId, ifName: 'v4if0', namespace: undefined, name: undefined }),
  ...change,
});
const routeOf = (owner: Owner, address: string): Route => ({
  ...{ table: 254, destination: parseCidr(`${address}/32`), link: `eni-${owner.containerId}` },
});

const inFolder = (work: (open: () => Leases, files: Files) => void): Promise<void> =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    work(() => new Leases({ files, logger }, '/run/egress').load(), files);
  });
const shown = (leases: Leases): readonly string[] =>
  leases
    .list()
    .map(({ address, owner }) => `${address} ${owner.podName}`)
    .sort();

test('an address is kept over a restart, given once, and rests while others are free', () =>
  inFolder((open) => {
    const first = open();
    expect(first.assign('ipv4', pod('a')).address).toBe(parseIp('169.254.172.2'));
    expect(first.assign('ipv4', pod('b')).address).toBe(parseIp('169.254.172.3'));
    expect(first.assign('ipv4', pod('a')).address).toBe(parseIp('169.254.172.2'));
    const second = open();
    expect(shown(second)).toEqual(['169.254.172.2 a', '169.254.172.3 b']);
    second.release(pod('a'));
    second.release(pod('a'));
    expect(second.assign('ipv4', pod('c')).address).toBe(parseIp('169.254.172.4'));
    expect(shown(open())).toEqual(['169.254.172.3 b', '169.254.172.4 c']);
    expect(open().find(pod('c'))?.owner).toEqual(pod('c'));
  }));

test('a range that is full says so, and serves again when one is left', () =>
  inFolder((open, files) => {
    const directory = files.hostPath('/run/egress');
    mkdirSync(directory, { recursive: true });
    for (let host = 2; host <= 1022; host++)
      writeFileSync(`${directory}/${egressAddress('ipv4', host)}`, JSON.stringify(pod(`p${host}`)));
    const leases = open();
    const refused = (): unknown => {
      try {
        return leases.assign('ipv4', pod('more'));
      } catch (error) {
        return toHostError(error).code;
      }
    };
    expect(refused()).toBe('EGRESS_RANGE_FULL');
    leases.release(pod('p502'));
    expect(leases.assign('ipv4', pod('more')).address).toBe(parseIp('169.254.173.246'));
  }));

test('files that are none of ours or cannot be read are of nobody', () =>
  inFolder((open, files) => {
    files.ensureDirectory('/run/egress', 0o700);
    for (const [name, text] of [
      ['169.254.172.9', '{"network":'],
      ['169.254.172.10', '{"network":"n","containerId":7,"ifName":"eth0"}'],
      ['10.0.0.1', JSON.stringify(pod('x'))],
      ['169.254.172.1', JSON.stringify(pod('x'))],
      ['.169.254.172.11.tmp', JSON.stringify(pod('x'))],
    ] as const)
      files.replace({ path: `/run/egress/${name}`, text, mode: 0o600 });
    expect(shown(open())).toEqual([]);
  }));

test('after a start the kernel and the pool decide which addresses are still held', () =>
  inFolder((open) => {
    const [running, known, gone] = [pod('running'), pod('known'), pod('gone')];
    const [lost, dead] = [pod('lost'), pod('dead')];
    const before = open();
    for (const owner of [running, known, gone]) before.assign('ipv4', owner);
    const links = [linkOf(running), linkOf(lost), linkOf(dead, { group: DEAD_LINK_GROUP })];
    const routes = [
      routeOf(running, '169.254.172.2'),
      routeOf(lost, '169.254.172.77'),
      routeOf(dead, '169.254.172.78'),
    ];
    const after = open();
    after.settle({ links, routes }, [{ owner: known }, { owner: lost }, { owner: dead }]);
    const held = ['169.254.172.2 running', '169.254.172.3 known', '169.254.172.77 lost'];
    expect(shown(after)).toEqual(held);
    expect(shown(open())).toEqual(held);
    expect(after.wanted({ links }).podRoutes).toEqual(routes.slice(0, 2));
  }));

test('a file that cannot be written gives nobody an address', () =>
  inFolder((open, files) => {
    const leases = open();
    files.ensureDirectory('/run/egress/169.254.172.2/x', 0o700);
    expect(() => leases.assign('ipv4', pod('a'))).toThrow();
    expect(leases.list()).toEqual([]);
  }));

test('what is wanted of the host: the route, and of IPv6 the neighbour, by the MACs the pair was made with', () =>
  inFolder((open) => {
    const leases = open();
    const [four, six, alone] = [pod('four'), pod('six'), pod('alone')];
    for (const [family, owner] of [
      ['ipv4', four],
      ['ipv6', six],
      ['ipv4', alone],
    ] as const)
      leases.assign(family, owner);
    const end = (owner: Owner, ifName: string) => {
      const identity = {
        network: owner.network,
        containerId: owner.containerId,
        ifName,
        namespace: undefined,
        name: undefined,
      };
      return { link: linkOf(owner, { alias: podAlias(identity) }), macs: podMacs(identity) };
    };
    const [of4, of6] = [end(four, 'v4if0'), end(six, 'v6if0')];
    expect(leases.wanted({ links: [of4.link, of6.link] })).toEqual({
      podRules: [],
      podRoutes: [
        routeOf(four, '169.254.172.2'),
        { ...routeOf(six, '10.0.0.1'), destination: parseCidr('fd00::ac:2/128') },
      ],
      podNeighbours: [{ link: of6.link.name, address: parseIp('fd00::ac:2'), mac: of6.macs.container }],
      podMacs: [of4, of6].map(({ link, macs }) => ({ link: link.name, mac: macs.host })),
    });
  }));

test('a sandbox of the same id in another network keeps nothing', () =>
  inFolder((open) => {
    const leases = open();
    leases.assign('ipv4', pod('a'));
    leases.settle({ links: [linkOf({ ...pod('a'), network: 'other' })], routes: [] }, []);
    expect(shown(leases)).toEqual([]);
  }));

import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { formatCidr, parseIpv4Cidr } from '../../src/addr/index.ts';
import { createFollower, NOTHING } from '../../src/sim/fabric/follower.ts';
import { inNetnsArgv, nodeNetns } from '../../src/sim/fabric/index.ts';
import { parseLocalRoutes, routeKey } from '../../src/sim/fabric/ipv6-ready.ts';
import { renderRules } from '../../src/sim/fabric/rules.ts';
import { nodePaths } from '../../src/sim/node/index.ts';
import { inNetns, openNetns, systemExec } from '../../src/sys/index.ts';
import { instanceNamed } from '../support/instance-named.ts';
import { machineState } from '../support/machine-state.ts';
import { TestNetns } from '../support/netns.ts';
import { call, createWorld, serveCaller, type World } from '../support/sim-world.ts';

const lines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

async function routerRoutes(world: World): Promise<readonly string[]> {
  const { stdout } = await systemExec.run({ argv: [...inNetnsArgv(world.names.routerNetns), 'ip', '-o', 'route'] });
  return lines(stdout)
    .flatMap((line) => /^(\S+) .*?(dev eni\w+)/.exec(line)?.slice(1).join(' ') ?? [])
    .sort();
}

/** The router's table, its parts and their elements in one order, without what the counters say. */
async function listTable(enter: readonly string[]): Promise<readonly string[]> {
  const [program = '', ...words] = [...enter, 'nft', '-j', 'list', 'table', 'inet', 'vpc_fabric'];
  const { stdout } = await systemExec.run({ argv: [program, ...words] });
  const { nftables }: { nftables: readonly Record<string, Record<string, unknown>>[] } = JSON.parse(stdout);
  const chains = new Map<string, string[]>();
  const parts: string[] = [];
  for (const entry of nftables)
    for (const [kind, { handle, packets, bytes, elem, ...rest }] of Object.entries(entry)) {
      const text = `${kind} ${JSON.stringify(rest)}`;
      if (kind === 'metainfo') continue;
      // The order of the rules of a chain means something, that of everything else nothing.
      if (kind === 'rule') chains.set(String(rest['chain']), [...(chains.get(String(rest['chain'])) ?? []), text]);
      else parts.push(text, ...(Array.isArray(elem) ? elem : []).map((one) => `${text} ${JSON.stringify(one)}`));
    }
  return [...parts, ...[...chains].map(([chain, rules]) => `${chain}: ${rules.join('; ')}`)].sort();
}

/** An address is delivered to exactly the ENI that holds it. */
function held(world: World): readonly string[] {
  return world.fabric
    .ports()
    .flatMap(({ name, addresses, prefixes }) =>
      [...addresses, ...prefixes.map(formatCidr)].map((network) => `${network} dev ${name}`),
    )
    .sort();
}

/** What the kernel receives there in this very moment. */
function localRoutes(netns: string): ReadonlySet<string> {
  using place = openNetns(netns);
  return parseLocalRoutes(inNetns(place, () => readFileSync('/proc/thread-self/net/ipv6_route', 'utf8')));
}

describe('ENIs come and go', () => {
  test('a hot-plugged ENI is a bare link with its MAC; once configured it carries its addresses; unplugged it is gone', async () => {
    await using world = await createWorld();
    const b1 = world.addressOf('b1');
    using _b1 = serveCaller(nodePaths(world.names, 'b1').netns, b1);
    const { eniId, attachmentId } = await world.attach('a1', 1, 1);
    const eni = world.vpc.eni(eniId);
    const [flags] = /<.*/.exec(await world.run('a1', 'ip', '-o', 'link', 'show', 'eth1')) ?? [];
    expect(flags?.replace(/ link-netns.*/, '')).toBe(
      `<BROADCAST,MULTICAST> mtu 9001 qdisc noop state DOWN mode DEFAULT group default qlen 1000\\    link/ether ${eni.mac} brd ff:ff:ff:ff:ff:ff`,
    );
    const pod = eni.addresses[1] ?? '';
    for (const words of [
      `link set eth1 up`,
      `addr add ${pod}/32 dev eth1`,
      `route add 10.0.0.1 dev eth1 table 2 scope link`,
      `route add default via 10.0.0.1 dev eth1 table 2`,
      `rule add from ${pod} table 2`,
      `route add ${b1} via 10.0.0.1 dev eth1 src ${pod} onlink`,
    ])
      await world.run('a1', 'ip', ...words.split(' '));
    expect(await call(world, 'a1', b1)).toBe(pod);

    world.vpc.beginDetach({ attachmentId });
    await world.fabric.settled();
    expect(await world.run('a1', 'ip', '-brief', 'link')).not.toContain('eth1');
    expect(await routerRoutes(world)).toEqual(held(world));
  });
});

describe('a node that is handed over', () => {
  test('receives by IPv6 at once, and its questions by ARP are answered at once', async () => {
    const { world, routes } = await createWorld({ ipv6: true, nodes: [['a1']] }).then((made) => ({
      world: made,
      routes: localRoutes(nodePaths(made.names, 'a1').netns),
    }));
    await using _world = world;
    const [port] = world.fabric.ports();
    const address = port?.ipv6Addresses[0];
    expect(address !== undefined && routes.has(routeKey({ address, link: 'eth0' }))).toBe(true);
    const file = `/proc/sys/net/ipv4/neigh/${port?.name}/proxy_delay`;
    const { stdout } = await systemExec.run({ argv: [...inNetnsArgv(world.names.routerNetns), 'cat', file] });
    expect(stdout).toBe('0\n');
  });
});

describe('the router', () => {
  test('is after any changes as if it had been made anew for what the model has now', async () => {
    await using world = await createWorld({ ipv6: true, instanceType: 'm5.large' });
    using anew = new TestNetns('anew');
    const { vpc, fabric } = world;
    const follower = createFollower(vpc, ({ name }) => nodeNetns(world.names, name));
    const check = async (): Promise<void> => {
      await fabric.settled();
      const rules = renderRules(follower.next(NOTHING));
      await systemExec.run({ argv: ['ip', 'netns', 'exec', anew.name, 'nft', '-f', '-'], input: rules });
      const [seen, wanted] = await Promise.all([
        listTable([...inNetnsArgv(world.names.routerNetns)]),
        listTable(['ip', 'netns', 'exec', anew.name]),
      ]);
      expect(seen).toEqual(wanted);
      expect(await routerRoutes(world)).toEqual(held(world));
    };
    vpc.observe((event) => follower.note(event));
    await check();
    const one = await world.attach('a1', 1, 2);
    const two = await world.attach('a2', 1, 1);
    const web = vpc.createSecurityGroup({ name: 'web' });
    const peer = vpc.createSecurityGroup({ name: 'peer' });
    const rule = { direction: 'ingress', protocol: 'tcp', fromPort: 80, toPort: 80, description: '' } as const;
    const [added] = vpc.authorizeRules({ groupId: web.id, rules: [{ ...rule, peer: { groupId: peer.id } }] });
    vpc.setSecurityGroups(one.eniId, [web.id, peer.id]);
    await check();
    // An address, a prefix and IPv6 that move from one ENI to another, within one burst.
    const moved = vpc.eni(one.eniId).addresses[1];
    vpc.unassignAddresses({ eniId: one.eniId, addresses: moved === undefined ? [] : [moved] });
    vpc.assignAddresses({ eniId: two.eniId, addresses: moved === undefined ? [] : [moved] });
    const prefixes = vpc.assignPrefixes({ eniId: one.eniId, count: 2 });
    vpc.unassignPrefixes({ eniId: one.eniId, prefixes: prefixes.slice(1) });
    vpc.assignPrefixes({ eniId: two.eniId, prefixes: prefixes.slice(1) });
    const held6 = vpc.assignIpv6({ eniId: one.eniId, count: 2, prefixCount: 1 });
    vpc.setSecurityGroups(two.eniId, [peer.id]);
    vpc.setSourceDestCheck(two.eniId, false);
    await check();
    vpc.unassignIpv6({ eniId: one.eniId, ...held6 });
    vpc.assignIpv6({ eniId: two.eniId, ...held6 });
    vpc.revokeRules({ groupId: web.id, ruleIds: added === undefined ? [] : [added.id] });
    vpc.setMetadataOptions(instanceNamed(vpc, 'b1')?.id ?? '', { hopLimit: 5 });
    vpc.associateCidr({ cidr: parseIpv4Cidr('100.64.0.0/16') });
    vpc.createSubnet({ cidr: parseIpv4Cidr('100.64.0.0/20'), availabilityZone: 'us-east-1a' });
    await check();
    // Detached from one node and attached to another within one burst, the group gone with it.
    vpc.setSecurityGroups(one.eniId, [vpc.defaultGroupId]);
    vpc.deleteSecurityGroup(web.id);
    vpc.beginDetach({ attachmentId: one.attachmentId });
    vpc.completeDetach(one.attachmentId);
    const instanceId = instanceNamed(vpc, 'a2')?.id ?? '';
    vpc.completeAttach(vpc.beginAttach({ eniId: one.eniId, instanceId, deviceIndex: 2 }).id);
    await check();
    expect(await world.run('a2', 'ls', '/sys/class/net')).toBe('eth0\neth1\neth2\nlo\n');
    vpc.terminateInstance(instanceId);
    await check();
    expect(await world.run('a2', 'ls', '/sys/class/net')).toBe('lo\n');
  }, 60_000);

  test('makes its table anew when somebody has damaged it, and says so', async () => {
    const failures: unknown[] = [];
    await using world = await createWorld({ onFailure: (error) => failures.push(error) });
    const router = [...inNetnsArgv(world.names.routerNetns)] as const;
    const before = await listTable([...router]);
    await systemExec.run({ argv: [...router, 'nft', 'flush', 'map', 'inet', 'vpc_fabric', 'ingress'] });
    const { attachmentId } = await world.attach('a1', 1);
    world.vpc.beginDetach({ attachmentId });
    await world.fabric.settled();
    const eni = world.vpc.eniByAddress(world.addressOf('a1'))?.id ?? '';
    world.vpc.setSecurityGroups(eni, [world.vpc.createSecurityGroup({ name: 'other' }).id]);
    await world.fabric.settled();
    world.vpc.setSecurityGroups(eni, [world.vpc.defaultGroupId]);
    world.vpc.deleteSecurityGroup(world.vpc.securityGroups().find(({ name }) => name === 'other')?.id ?? '');
    await world.fabric.settled();
    expect([await listTable([...router]), failures.length]).toEqual([before, 1]);
  }, 60_000);
});

test('a link that somebody else has removed keeps no other ENI from being plugged, and is told', async () => {
  const failures: unknown[] = [];
  await using world = await createWorld({ onFailure: (error) => failures.push(error) });
  const { vpc, fabric, names } = world;
  const { eniId, attachmentId } = await world.attach('a1', 1);
  const port = fabric.ports().find((one) => one.eniId === eniId)?.name ?? '';
  await systemExec.run({ argv: [...inNetnsArgv(names.routerNetns), 'ip', 'link', 'delete', port] });
  vpc.beginDetach({ attachmentId });
  const { id, subnetId } = instanceNamed(vpc, 'a2') ?? {};
  const eni = vpc.createEni({ subnetId: subnetId ?? '' });
  vpc.completeAttach(vpc.beginAttach({ eniId: eni.id, instanceId: id ?? '', deviceIndex: 1 }).id);
  await expect(fabric.settled()).rejects.toThrow(port);
  expect([await world.run('a2', 'ls', '/sys/class/net'), await routerRoutes(world), failures.length]).toEqual([
    'eth0\neth1\nlo\n',
    held(world),
    1,
  ]);
  await fabric.settled();
}, 60_000);

describe('nothing stays', () => {
  test('a node writes to itself only, and nothing of the VPC is left on the machine', async () => {
    const before = await machineState();
    {
      await using world = await createWorld();
      await world.attach('a1', 1);
      await world.run('a1', 'install', '-D', '/dev/null', '/etc/cni/net.d/10-aws.conflist');
      await world.run('a1', 'install', '-D', '/dev/null', '/opt/cni/bin/aws-cni');
      await world.run('a1', 'ip', 'netns', 'add', 'pod');
      expect(await world.run('a1', 'ls', '/etc/cni/net.d', '/opt/cni/bin', '/run/netns')).toBe(
        '/etc/cni/net.d:\n10-aws.conflist\n\n/opt/cni/bin:\naws-cni\n\n/run/netns:\npod\n',
      );
      expect(await world.run('a1', 'ls', '/sys/class/net')).toBe('eth0\neth1\nlo\n');
      expect(await world.run('a2', 'find', '/etc/cni', '/opt/cni', '/run/netns', '-type', 'f').catch(() => '')).toBe(
        '',
      );
    }
    expect(await machineState()).toBe(before);
  });
});

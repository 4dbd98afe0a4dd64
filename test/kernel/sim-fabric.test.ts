import { describe, expect, test } from 'bun:test';
import { INTERNET_ADDRESS, inNetnsArgv, netnsPath } from '../../src/sim/fabric/index.ts';
import { nodePaths } from '../../src/sim/node/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { call, createWorld, drops, machineState, serveCaller, useSource, type World } from '../support/sim-world.ts';

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

async function believedSources(world: World): Promise<readonly string[]> {
  const { stdout } = await systemExec.run({
    argv: [...inNetnsArgv(world.names.routerNetns), 'nft', 'list', 'set', 'inet', 'vpc_fabric', 'sources4'],
  });
  return [...stdout.matchAll(/"(eni\w+)" \. ([\d.]+)/g)].map(([, port, address]) => `${address} dev ${port}`).sort();
}

/** What both must read: an address is delivered to, and believed from, exactly the ENI that holds it. */
function held(world: World): readonly string[] {
  return world.fabric
    .ports()
    .flatMap((port) => port.addresses.map((address) => `${address} dev ${port.name}`))
    .sort();
}

describe('who reaches whom', () => {
  test('a node reaches nodes of its own and of another subnet, and is seen there as itself', async () => {
    await using world = await createWorld();
    const [a1, a2, b1] = [world.addressOf('a1'), world.addressOf('a2'), world.addressOf('b1')];
    using _a2 = serveCaller(nodePaths(world.names, 'a2').netns, a2);
    using _b1 = serveCaller(nodePaths(world.names, 'b1').netns, b1);
    expect([await call(world, 'a1', a2), await call(world, 'a1', b1), await call(world, 'a2', b1)]).toEqual([
      a1,
      a1,
      a2,
    ]);
  });

  test('an address nobody holds is closed, and does not leak to the internet', async () => {
    await using world = await createWorld();
    expect(await call(world, 'a1', '10.0.1.200')).toBe('closed');
    expect((await drops(world)).unassigned).toBeGreaterThanOrEqual(1);
  });

  test('a spoofed source is dropped at the port, also when another ENI of the VPC holds it', async () => {
    await using world = await createWorld();
    const b1 = world.addressOf('b1');
    using _b1 = serveCaller(nodePaths(world.names, 'b1').netns, b1);
    const answers: string[] = [];
    for (const source of ['10.0.0.99', world.addressOf('a2'), '192.0.2.77']) {
      await useSource(world, 'a1', { source, target: b1 });
      answers.push(await call(world, 'a1', b1));
    }
    expect(answers).toEqual(['closed', 'closed', 'closed']);
    expect((await drops(world)).spoofed).toBeGreaterThanOrEqual(3);
  });

  test('the internet is reached from the primary address of device 0 only', async () => {
    await using world = await createWorld();
    using _internet = serveCaller(netnsPath(world.names.internetNetns), INTERNET_ADDRESS);
    const a1 = world.addressOf('a1');
    const primary = world.vpc.eniByAddress(a1);
    const [secondary = ''] = world.vpc.assignAddresses({ eniId: primary?.id ?? '', count: 1 });
    await world.fabric.settled();
    const asPrimary = await call(world, 'a1', INTERNET_ADDRESS);
    await useSource(world, 'a1', { source: secondary, target: INTERNET_ADDRESS });
    expect([asPrimary, await call(world, 'a1', INTERNET_ADDRESS)]).toEqual([a1, 'closed']);
    expect((await drops(world)).unmapped).toBeGreaterThanOrEqual(1);
  });
});

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

  test('routes and believed sources follow a burst of changes, an address that moves, and a terminated node', async () => {
    await using world = await createWorld();
    const { eniId, attachmentId } = await world.attach('a1', 1, 2);
    const other = await world.attach('a2', 1, 1);
    const check = async (): Promise<void> => {
      await world.fabric.settled();
      expect(await routerRoutes(world)).toEqual(held(world));
      expect(await believedSources(world)).toEqual(held(world));
    };
    await check();
    const [added] = world.vpc.assignAddresses({ eniId, count: 1 });
    const moved = world.vpc.eni(eniId).addresses[1];
    if (added === undefined || moved === undefined) throw new Error('the ENI has no secondary address');
    world.vpc.unassignAddresses({ eniId, addresses: [added] });
    world.vpc.assignAddresses({ eniId: other.eniId, addresses: [moved], allowReassignment: true });
    await check();
    world.vpc.beginDetach({ attachmentId });
    world.vpc.completeDetach(attachmentId);
    const again = world.vpc.beginAttach({
      eniId,
      instanceId: world.vpc.instanceByName('a2')?.id ?? '',
      deviceIndex: 2,
    });
    world.vpc.completeAttach(again.id);
    await check();
    world.vpc.terminateInstance(world.vpc.instanceByName('a2')?.id ?? '');
    await check();
    expect(await world.run('a2', 'ip', '-brief', 'link')).not.toContain('eth');
  });
});

describe('nothing stays', () => {
  test('a node writes to itself only, and nothing of the VPC is left on the machine', async () => {
    const before = await machineState();
    let own = '';
    {
      await using world = await createWorld();
      own = world.names.vpc;
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
    expect(await machineState(own)).toBe(before);
  });
});

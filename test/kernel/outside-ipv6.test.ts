import { expect } from 'bun:test';
import { formatCidr, type Ipv6Cidr, parseIpv6Cidr } from '../../src/addr/index.ts';
import { addressIn, type PodAddress } from '../../src/pool/index.ts';
import { until } from '../support/e2e.ts';
import { kernelTest } from '../support/netns.ts';
import { onNode, POD, type World } from '../support/outside-world.ts';

const SETTINGS = {
  ENABLE_IPv4: 'false',
  ENABLE_IPv6: 'true',
  ENABLE_V4_EGRESS: 'false',
  ENABLE_PREFIX_DELEGATION: 'true',
  WARM_PREFIX_TARGET: '1',
};
const ipv6Test = (name: string, work: (world: World, prefix: Ipv6Cidr) => Promise<void>): void =>
  kernelTest(name, () =>
    onNode(async (world) => {
      const [prefix] = world.ec2.vpc.enisOf(world.ec2.instance.id)[0]?.ipv6Prefixes ?? [];
      if (prefix === undefined) throw new Error('the ENI has no /80');
      await work(world, prefix);
    }, SETTINGS),
  );

const podAddress = ({ engine }: World): PodAddress => {
  const address = engine.find(POD)?.address;
  if (address === undefined) throw new Error('the pod has no address');
  return address;
};
/** Whether the /80 is there, on its way out, or gone. */
const stateOf = ({ engine, eniId }: World, prefix: Ipv6Cidr): string => {
  const cidr = engine.pool.enis.get(eniId)?.cidrs.get(formatCidr(prefix));
  if (cidr === undefined) return 'gone';
  return cidr.releasing ? 'doubted' : 'used';
};
const becomes = (world: World, prefix: Ipv6Cidr, state: string): Promise<true> =>
  until(`the /80 to be ${state}`, () => (stateOf(world, prefix) === state ? true : undefined), {
    withinMs: 5_000,
    last: () => stateOf(world, prefix),
  });
/** What an address does that no pod has. */
const useOf = ({ engine }: World, address: PodAddress): string => {
  const use = engine.pool.useOf(address);
  return use?.kind === 'quarantine' ? use.reason : (use?.kind ?? 'free');
};
const isUsed = (world: World, address: PodAddress, use: string): Promise<true> =>
  until(`${address} to be ${use}`, () => (useOf(world, address) === use ? true : undefined), {
    withinMs: 5_000,
    last: () => useOf(world, address),
  });

ipv6Test('a node of IPv6 where all is as it should be asks EC2 nothing in an hour', async (world, prefix) => {
  await world.pass(3_600_000);
  expect([world.asked(), world.codes(), stateOf(world, prefix)]).toEqual([0, [], 'used']);
  expect(useOf(world, podAddress(world))).toBe('assigned');
});

ipv6Test('metadata that misses the /80 of live pods for an hour changes nothing', async (world, prefix) => {
  world.metadata = [];
  await world.pass(3_600_000);
  expect([stateOf(world, prefix), useOf(world, podAddress(world)), world.codes()]).toEqual([
    'used',
    'assigned',
    ['METADATA_STALE'],
  ]);
  expect(world.asked()).toBeGreaterThan(0);
  expect(world.asked()).toBeLessThanOrEqual(12);
});

ipv6Test(
  'a /80 unassigned by hand gives no new pod an address, and its pods are orphans until it is back',
  async (world, prefix) => {
    const { ec2, engine, eniId } = world;
    const address = podAddress(world);
    ec2.vpc.unassignIpv6({ eniId, prefixes: [prefix] });
    await world.pass(61_000);
    await becomes(world, prefix, 'doubted');
    // One answer alone takes nothing from a pod.
    expect(useOf(world, address)).toBe('assigned');
    await world.pass(12_000);
    await becomes(world, prefix, 'gone');
    expect(engine.pool.orphans.map((orphan) => orphan.address)).toEqual([address]);
    expect(world.codes()).toContain('ADDRESS_ORPHANED');
    ec2.vpc.assignIpv6({ eniId, prefixes: [prefix] });
    await world.pass(61_000);
    await becomes(world, prefix, 'used');
    expect([engine.pool.orphans, useOf(world, address)]).toEqual([[], 'assigned']);
    expect(world.codes()).not.toContain('ADDRESS_ORPHANED');
  },
);

ipv6Test('an answer of EC2 that lags behind is forgiven: the /80 gives addresses again', async (world, prefix) => {
  const { ec2, eniId } = world;
  ec2.vpc.unassignIpv6({ eniId, prefixes: [prefix] });
  await world.pass(61_000);
  await becomes(world, prefix, 'doubted');
  ec2.vpc.assignIpv6({ eniId, prefixes: [prefix] });
  await world.pass(12_000);
  await becomes(world, prefix, 'used');
  expect(parseIpv6Cidr(`${(await world.another('c2')).address}/128`)).toBeDefined();
});

ipv6Test(
  'an address of the /80 on a link of the host is given to no pod, and can be used when it is taken off',
  async (world, prefix) => {
    const [taken, first] = [1, 2, 3]
      .map((index) => addressIn(formatCidr(prefix), index))
      .filter((address) => address !== podAddress(world));
    if (taken === undefined || first === undefined) throw new Error('no address is left');
    world.space.ip(`address add ${taken}/128 dev lo nodad`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await isUsed(world, taken, 'host-link');
    expect(world.codes()).toContain('ADDRESS_QUARANTINED');
    expect((await world.another('c2')).address).toBe(first);
    world.space.ip(`address delete ${taken}/128 dev lo`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await isUsed(world, taken, 'free');
    expect(world.codes()).not.toContain('ADDRESS_QUARANTINED');
  },
);

ipv6Test(
  "a link of the host with a live pod's address is a condition, and takes nothing from the pod",
  async (world) => {
    const address = podAddress(world);
    world.space.ip(`address add ${address}/128 dev lo nodad`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await until('the condition', () => (world.codes().includes('ADDRESS_CONFLICT') ? true : undefined));
    expect(useOf(world, address)).toBe('assigned');
  },
);

import { expect } from 'bun:test';
import { formatCidr, hostCidr } from '../../src/addr/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { until } from '../support/e2e.ts';
import { kernelTest } from '../support/netns.ts';
import { addressOf, onNode, POD, shows, uses } from '../support/outside-world.ts';

kernelTest('a node where all is as it should be asks EC2 nothing in an hour', () =>
  onNode(async (world) => {
    await world.pass(3_600_000);
    expect(world.asked()).toBe(0);
    expect(world.codes()).toEqual([]);
  }),
);

kernelTest(
  'metadata that misses the address of a live pod for an hour changes nothing, is told, and costs a handful of calls',
  () =>
    onNode(async (world) => {
      const before = uses(world);
      world.metadata = [addressOf(world, 'free')];
      await world.pass(3_600_000);
      expect(uses(world)).toEqual(before);
      const asked = world.asked();
      expect(asked).toBeGreaterThan(0);
      expect(asked).toBeLessThanOrEqual(12);
      expect(world.codes()).toEqual(['METADATA_STALE']);
      world.metadata = undefined;
      await world.pass(31_000).then(() => expect(world.codes()).toEqual([]));
    }),
);

kernelTest("an address unassigned by hand: a free one goes with EC2's second word, and a pod never gets it", () =>
  onNode(async (world) => {
    const address = addressOf(world, 'free');
    world.ec2.vpc.unassignAddresses({ eniId: world.eniId, addresses: [address] });
    await world.pass(61_000);
    await shows(world, address, 'not-in-ec2');
    expect(world.codes()).toContain('ADDRESS_QUARANTINED');
    await world.pass(12_000);
    await shows(world, address, undefined);
    expect(world.asked()).toBe(2);
    expect(world.codes()).not.toContain('ADDRESS_QUARANTINED');
  }),
);

kernelTest("a live pod's address unassigned by hand is an orphan, and comes home when it is assigned again", () =>
  onNode(async (world) => {
    const { engine, ec2, eniId } = world;
    const address = addressOf(world, 'assigned');
    ec2.vpc.unassignAddresses({ eniId, addresses: [address] });
    await world.pass(61_000);
    // One answer alone takes nothing from a pod.
    await shows(world, address, 'assigned');
    await world.pass(12_000);
    await shows(world, address, undefined);
    expect(engine.pool.orphans.map((orphan) => orphan.address)).toEqual([address]);
    expect(engine.find(POD)?.address).toBe(address);
    expect(world.codes()).toContain('ADDRESS_ORPHANED');
    ec2.vpc.assignAddresses({ eniId, addresses: [address] });
    await world.pass(61_000);
    await shows(world, address, 'assigned');
    expect(engine.pool.orphans).toEqual([]);
    expect(world.codes()).not.toContain('ADDRESS_ORPHANED');
  }),
);

kernelTest('an answer of EC2 that lags behind is forgiven: what it lists again is used again', () =>
  onNode(async (world) => {
    const { ec2, eniId } = world;
    const address = addressOf(world, 'free');
    ec2.vpc.unassignAddresses({ eniId, addresses: [address] });
    await world.pass(61_000);
    await shows(world, address, 'not-in-ec2');
    ec2.vpc.assignAddresses({ eniId, addresses: [address] });
    await world.pass(12_000);
    await shows(world, address, 'free');
  }),
);

kernelTest('addresses somebody else assigned to our ENI are used', () =>
  onNode(async (world) => {
    const [more] = world.ec2.vpc.assignAddresses({ eniId: world.eniId, count: 1 });
    await world.pass(61_000);
    await shows(world, more, 'free');
    expect(world.asked()).toBe(1);
  }),
);

kernelTest('a rest goes on behind a quarantine: an address in cooldown is not free for having been on a link', () =>
  onNode(async (world) => {
    const { engine, space } = world;
    const address = addressOf(world, 'assigned');
    engine.release(POD);
    space.ip(`address add ${formatCidr(hostCidr(address))} dev lo`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await shows(world, address, 'host-link');
    space.ip(`address delete ${formatCidr(hostCidr(address))} dev lo`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await shows(world, address, 'cooldown');
    await world.pass(30_000);
    await shows(world, address, 'free');
  }),
);

kernelTest("a link of the host with a live pod's address is a condition, and takes nothing from the pod", () =>
  onNode(async (world) => {
    const address = addressOf(world, 'assigned');
    world.space.ip(`address add ${formatCidr(hostCidr(address))} dev lo`);
    await Bun.sleep(50);
    await world.pass(1_000);
    await shows(world, address, 'assigned');
    expect(world.codes()).toEqual(['ADDRESS_CONFLICT']);
  }),
);

kernelTest('while EC2 refuses to say, nothing goes, and it is told', () =>
  onNode(async (world) => {
    const address = addressOf(world, 'free');
    world.ec2.vpc.unassignAddresses({ eniId: world.eniId, addresses: [address] });
    world.ec2.dials.set({ action: 'DescribeNetworkInterfaces', denied: true });
    await world.pass(300_000);
    await shows(world, address, 'free');
    expect(world.codes()).toContain('IAM_DENIED');
  }),
);

kernelTest('where EC2 must not be asked, the metadata adds and never takes away', () =>
  onNode(
    async (world) => {
      const address = addressOf(world, 'assigned');
      world.ec2.vpc.unassignAddresses({ eniId: world.eniId, addresses: [address] });
      await world.pass(300_000);
      await shows(world, address, 'assigned');
      expect(world.engine.pool.orphans).toEqual([]);
    },
    { ENABLE_IMDS_ONLY_MODE: 'true' },
  ),
);

kernelTest('an ENI that EC2 counts and we do not is asked for at once, and growth goes on with it', () =>
  onNode(async (world) => {
    const { ec2, engine, outside } = world;
    const refused = new HostError('ENI_ATTACH_LIMIT', { instance: 'i-1', reason: 'too many' });
    const { id } = ec2.vpc.createEni({ subnetId: ec2.subnet.id, tags: { 'node.k8s.amazonaws.com/no_manage': 'true' } });
    ec2.vpc.completeAttach(ec2.vpc.beginAttach({ eniId: id, instanceId: ec2.instance.id, deviceIndex: 2 }).id);
    await world.pass(3_600_000);
    expect(engine.pool.foreign).toEqual([]);
    engine.hold('growth', 600_000, refused);
    outside.slotTaken();
    expect(outside.looking).toBe(true);
    await world.pass(10);
    await until('the ENI to be known', () => (engine.pool.foreign.length === 1 ? true : undefined));
    expect(engine.pool.foreign).toMatchObject([{ eniId: id, device: 2 }]);
    expect({ asked: world.asked(), failure: engine.holds.failureOf('growth'), looking: outside.looking }).toEqual({
      ...{ asked: 1, failure: undefined, looking: false },
    });
    // A limit that EC2's list does not explain stays what growth failed with.
    engine.hold('growth', 600_000, refused);
    outside.slotTaken();
    await world.pass(10);
    await until('EC2 to have answered', () => (outside.looking ? undefined : true));
    expect([world.asked(), engine.holds.failureOf('growth')]).toEqual([2, refused]);
    await world.pass(3_600_000);
    expect(world.asked()).toBe(2);
  }),
);

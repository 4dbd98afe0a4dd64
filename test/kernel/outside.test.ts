import { expect } from 'bun:test';
import { formatCidr, hostCidr, type Ipv4Address, parseMac } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { Conditions } from '../../src/ipamd/conditions.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { describeAttached, sortAttached } from '../../src/ipamd/inventory.ts';
import { Placement } from '../../src/ipamd/lanes/index.ts';
import { NodeNetwork } from '../../src/ipamd/node-network.ts';
import { Outside } from '../../src/ipamd/outside/outside.ts';
import type { Node } from '../../src/ipamd/parts.ts';
import { STILL_POLICY } from '../../src/ipamd/policy.ts';
import { complaintsOfPool } from '../../src/ipamd/pool-complaints.ts';
import { Store } from '../../src/ipamd/store.ts';
import { UnmanagedEnis } from '../../src/ipamd/unmanaged-enis.ts';
import { RouteSocket } from '../../src/kernel/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { type Owner, Pool } from '../../src/pool/index.ts';
import { createFiles, systemExec, withTemporaryDirectory } from '../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from '../aws/simulated-ec2.ts';
import { SMALL, targets } from '../pool/sample.ts';
import { until } from '../support/e2e.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const MAC = parseMac('02:00:00:00:00:01');
const MACS = '/latest/meta-data/network/interfaces/macs/';
const POD: Owner = { network: 'aws-cni', containerId: 'c1', ifName: 'eth0', podNamespace: 'ns', podName: 'p' };

interface World {
  readonly ec2: SimulatedEc2;
  readonly eniId: string;
  readonly engine: Engine;
  readonly space: TestNetns;
  /** What the metadata lists as addresses, the primary one left out; as EC2 has it unless it is set. */
  metadata: readonly Ipv4Address[] | undefined;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Describing calls of EC2 since the start. */
  asked(): number;
  codes(): readonly string[];
}

/** A node of a t3.small with its primary ENI and two addresses, one of them a pod's, in a namespace and in virtual time. */
async function onNode(
  work: (world: World) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using ec2 = startSimulatedEc2();
  using space = new TestNetns('outside');
  using socket = new RouteSocket(space.netns);
  space.ip(`link add eth0 address ${MAC} type veth peer name up0`);
  const [eni] = ec2.vpc.enisOf(ec2.instance.id);
  const primary = eni?.addresses[0];
  if (eni === undefined || primary === undefined) throw new Error('the instance has no ENI');
  ec2.vpc.assignAddresses({ eniId: eni.id, count: 2 });
  const clock = new ManualClock();
  const stop = new AbortController();
  const world: Pick<World, 'metadata'> = { metadata: undefined };
  const held = (): readonly Ipv4Address[] => ec2.vpc.enisOf(ec2.instance.id)[0]?.addresses ?? [];
  const tree = (): Readonly<Record<string, string>> => ({
    [MACS]: `${MAC}/`,
    [`${MACS}${MAC}/interface-id`]: eni.id,
    [`${MACS}${MAC}/device-number`]: '0',
    [`${MACS}${MAC}/subnet-id`]: ec2.subnet.id,
    [`${MACS}${MAC}/local-ipv4s`]: (world.metadata === undefined ? held() : [primary, ...world.metadata]).join('\n'),
  });
  await withTemporaryDirectory(async (directory) => {
    const node: Node = {
      clock,
      exec: systemExec,
      files: createFiles('/'),
      logger: createLogger({ level: 'error', program: 'test' }),
      socket,
      settings: loadSettings({ env: settings }).settings,
      signal: stop.signal,
      imds: {
        endpoint: '',
        get: async (path) => tree()[path],
        getBytes: async () => undefined,
        list: async (path) => (tree()[path] ?? '').split('\n').map((word) => word.replace(/\/$/, '')),
      },
      ec2: ec2.ec2,
      primaryLink: 'eth0',
      limits: SMALL,
      targets: targets(1),
      identity: {
        instanceId: ec2.instance.id,
        instanceType: 't3.small',
        region: ec2.vpc.region,
        availabilityZone: ec2.subnet.availabilityZone,
        vpcId: 'vpc-1',
        subnetId: ec2.subnet.id,
        subnetCidr: ec2.subnet.cidr,
        primaryMac: MAC,
        primaryAddress: primary,
        vpcCidrs: [],
        securityGroups: [],
        primaryEniId: eni.id,
      },
    };
    // The engine decides nothing here.
    const idle = { run: async () => {}, changed: () => {}, policy: () => STILL_POLICY };
    const engine = new Engine(node, new Store(node, directory), new Pool(), idle);
    const network = new NodeNetwork(node, () => engine.pool, { takesOver: false });
    const placement = new Placement(node, undefined);
    const conditions = new Conditions(node);
    for (const complaint of complaintsOfPool(engine)) conditions.watch(complaint);
    const { enis } = await sortAttached({ node, network, placement }, await describeAttached(node), 0);
    engine.change((pool) => {
      for (const { facts, cidrs } of enis) {
        pool.putEni(facts);
        pool.addCidrs(facts.id, cidrs);
      }
    });
    await engine.allocate(POD, stop.signal);
    const unmanaged = new UnmanagedEnis({ ...node, files: createFiles(directory) });
    const outside = new Outside({ node, engine, network, placement, conditions, unmanaged }, { unproven: false });
    // Its events are those of the namespace it is started in.
    space.inside(() => outside.start());
    const total = (): number => ec2.ec2.calls.get('DescribeNetworkInterfaces') ?? 0;
    const before = total();
    await work({
      ec2,
      eniId: eni.id,
      engine,
      space,
      get metadata() {
        return world.metadata;
      },
      set metadata(addresses) {
        world.metadata = addresses;
      },
      // Answers of the simulated EC2 and events of the kernel take real time.
      pass: (ms) => clock.pass(ms, () => Bun.sleep(8)),
      asked: () => total() - before,
      codes: () => conditions.list().map(({ error }) => error.code),
    });
    stop.abort();
    await Promise.race([engine.stop(), Bun.sleep(50)]);
  });
}

/** What every address is doing, by its last byte. */
const uses = ({ engine }: World): Record<string, string> =>
  Object.fromEntries(
    [...engine.pool.enis.values()].flatMap(({ cidrs }) =>
      [...cidrs.values()].map(({ cidr, uses: each }) => [
        cidr.replace(/^.*\.(\d+)\/32$/, '$1'),
        [...each.values()].map((use) => (use.kind === 'quarantine' ? use.reason : use.kind))[0] ?? 'free',
      ]),
    ),
  );
const last = (address: Ipv4Address | undefined): string => address?.split('.').at(-1) ?? '';
/** Waits for an answer of EC2 that is on its way. */
const shows = (world: World, address: Ipv4Address | undefined, use: string | undefined): Promise<true> =>
  until(`${address} to be ${use}`, () => (uses(world)[last(address)] === use ? true : undefined), {
    withinMs: 5_000,
    last: () => uses(world),
  });
const addressOf = ({ engine }: World, kind: 'assigned' | 'free'): Ipv4Address => {
  for (const { cidrs } of engine.pool.enis.values())
    for (const { cidr, uses: each } of cidrs.values())
      if (([...each.values()][0]?.kind ?? 'free') === kind) return cidr.replace('/32', '') as Ipv4Address;
  throw new Error(`no address is ${kind}`);
};

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

import { formatCidr, type Ipv4Address, parseIpv6Cidr, parseMac } from '../../src/addr/index.ts';
import type { Ec2 } from '../../src/aws/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { trunkComplaint } from '../../src/ipamd/branch/index.ts';
import { Conditions } from '../../src/ipamd/conditions.ts';
import { NO_LEASES } from '../../src/ipamd/egress/leases.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { describeAttached, sortAttached } from '../../src/ipamd/inventory.ts';
import { Placement } from '../../src/ipamd/lanes/index.ts';
import { NodeNetwork } from '../../src/ipamd/node-network.ts';
import { Outside } from '../../src/ipamd/outside/outside.ts';
import type { Node } from '../../src/ipamd/parts.ts';
import { FREE_POLICY } from '../../src/ipamd/policy.ts';
import { complaintsOfPool } from '../../src/ipamd/pool-complaints.ts';
import { Store } from '../../src/ipamd/store.ts';
import { UnmanagedEnis } from '../../src/ipamd/unmanaged-enis.ts';
import { RouteSocket } from '../../src/kernel/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { type Allocation, type Owner, Pool } from '../../src/pool/index.ts';
import { createFiles, systemExec, withTemporaryDirectory } from '../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from '../aws/simulated-ec2.ts';
import { SMALL, targets } from '../pool/sample.ts';
import { until } from './e2e.ts';
import { ManualClock } from './manual-clock.ts';
import { TestNetns } from './netns.ts';

const MAC = parseMac('02:00:00:00:00:01');
const MACS = '/latest/meta-data/network/interfaces/macs/';
export const POD: Owner = { network: 'aws-cni', containerId: 'c1', ifName: 'eth0', podNamespace: 'ns', podName: 'p' };

export interface World {
  readonly ec2: SimulatedEc2;
  readonly eniId: string;
  readonly engine: Engine;
  readonly space: TestNetns;
  /** What the metadata lists for pods: addresses, of a node of IPv6 prefixes; as EC2 has it unless it is set. */
  metadata: readonly string[] | undefined;
  /** The watch itself. */
  readonly outside: Outside;
  /** An address for another pod. */
  another(containerId: string): Promise<Allocation>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Describing calls of EC2 since the start. */
  asked(): number;
  codes(): readonly string[];
}

/** Gives the VPC, the node's subnet and its ENI IPv6: one /80. */
function delegateIpv6({ vpc, subnet }: SimulatedEc2, eniId: string): void {
  const { cidr } = vpc.associateCidr({ ipv6: true });
  const { address } = parseIpv6Cidr(formatCidr(cidr));
  vpc.associateSubnetCidr({ subnetId: subnet.id, ipv6Cidr: { address, prefixLength: 64 } });
  vpc.assignIpv6({ eniId, prefixCount: 1 });
}

/** A node of a t3.small with its primary ENI and two addresses, one of them a pod's (of IPv6 a /80), in a namespace and in virtual time. */
export async function onNode(
  work: (world: World) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
  instanceType = 't3.small',
): Promise<void> {
  await using ec2 = startSimulatedEc2({ instanceType });
  using space = new TestNetns('outside');
  using socket = new RouteSocket(space.netns);
  space.ip(`link add eth0 address ${MAC} type veth peer name up0`);
  const [eni] = ec2.vpc.enisOf(ec2.instance.id);
  const primary = eni?.addresses[0];
  if (eni === undefined || primary === undefined) throw new Error('the instance has no ENI');
  const ipv6 = settings['ENABLE_IPv6'] === 'true';
  if (ipv6) delegateIpv6(ec2, eni.id);
  else ec2.vpc.assignAddresses({ eniId: eni.id, count: 2 });
  const clock = new ManualClock();
  const stop = new AbortController();
  const world: Pick<World, 'metadata'> = { metadata: undefined };
  const now = () => ec2.vpc.enisOf(ec2.instance.id)[0];
  const prefixes = (): readonly string[] => world.metadata ?? now()?.ipv6Prefixes.map(formatCidr) ?? [];
  const listed = (): readonly string[] => [primary, ...(world.metadata ?? now()?.addresses.slice(1) ?? [])];
  const tree = (): Readonly<Record<string, string>> => ({
    [MACS]: `${MAC}/`,
    [`${MACS}${MAC}/interface-id`]: eni.id,
    [`${MACS}${MAC}/device-number`]: '0',
    [`${MACS}${MAC}/subnet-id`]: ec2.subnet.id,
    [`${MACS}${MAC}/local-ipv4s`]: (ipv6 ? [primary] : listed()).join('\n'),
    ...(ipv6 ? { [`${MACS}${MAC}/ipv6-prefix`]: prefixes().join('\n') } : {}),
  });
  const asked = counting(ec2.ec2);
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
      ec2: asked.ec2,
      primaryLink: 'eth0',
      limits: SMALL,
      targets: { ...targets(1), mode: ipv6 ? 'ipv6' : 'secondary' },
      identity: {
        instanceId: ec2.instance.id,
        instanceType,
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
    const permits = { grow: false, shrink: false, freeEnis: false };
    const idle = { run: async () => {}, changed: () => {}, policy: () => ({ ...FREE_POLICY, permits }) };
    const engine = new Engine(node, new Store(node, directory), new Pool(), idle);
    const network = new NodeNetwork(node, () => engine.pool, { takesOver: false, leases: NO_LEASES });
    const placement = new Placement(node, undefined);
    const conditions = new Conditions(node);
    for (const complaint of complaintsOfPool(engine)) conditions.watch(complaint);
    conditions.watch(() => trunkComplaint(node, network.branches.trunk));
    const { enis } = await sortAttached({ node, network, placement }, await describeAttached(node), 0);
    engine.change((pool) => {
      for (const { facts, cidrs } of enis) {
        pool.putEni(facts);
        pool.addCidrs(facts.id, cidrs);
      }
    });
    await engine.allocate([{ owner: POD }], stop.signal);
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
      outside,
      another: async (containerId) => {
        const [allocation] = await engine.allocate([{ owner: { ...POD, containerId } }], stop.signal);
        if (allocation === undefined) throw new Error('no allocation');
        return allocation;
      },
      get metadata() {
        return world.metadata;
      },
      set metadata(addresses) {
        world.metadata = addresses;
      },
      // Answers of the simulated EC2 and events of the kernel take real time, of which a busy machine has more.
      pass: (ms) =>
        clock.pass(ms, async () => {
          do await Bun.sleep(8);
          while (asked.underWay() > 0);
        }),
      asked: () => total() - before,
      codes: () => conditions.list().map(({ error }) => error.code),
    });
    stop.abort();
    await Promise.race([engine.stop(), Bun.sleep(50)]);
  });
}

/** The same EC2, and how many of its answers are still to come. */
function counting(ec2: Ec2): { readonly ec2: Ec2; readonly underWay: () => number } {
  let underWay = 0;
  const get = (target: Ec2, key: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, key);
    if (typeof value !== 'function') return value;
    return (...words: readonly unknown[]): unknown => {
      const answer: unknown = Reflect.apply(value, target, words);
      if (!(answer instanceof Promise)) return answer;
      underWay += 1;
      return answer.finally(() => {
        underWay -= 1;
      });
    };
  };
  return { ec2: new Proxy(ec2, { get }), underWay: () => underWay };
}

/** What every address is doing, by its last byte. */
export const uses = ({ engine }: World): Record<string, string> =>
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
export const shows = (world: World, address: Ipv4Address | undefined, use: string | undefined): Promise<true> =>
  until(`${address} to be ${use}`, () => (uses(world)[last(address)] === use ? true : undefined), {
    withinMs: 5_000,
    last: () => uses(world),
  });
export const addressOf = ({ engine }: World, kind: 'assigned' | 'free'): Ipv4Address => {
  for (const { cidrs } of engine.pool.enis.values())
    for (const { cidr, uses: each } of cidrs.values())
      if (([...each.values()][0]?.kind ?? 'free') === kind) return cidr.replace('/32', '') as Ipv4Address;
  throw new Error(`no address is ${kind}`);
};

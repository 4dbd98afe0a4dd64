import { expect } from 'bun:test';
import { parseMac } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { NO_LEASES } from '../../src/ipamd/egress/leases.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { grow, type LaneParts, Placement, shrink } from '../../src/ipamd/lanes/index.ts';
import { Leftovers } from '../../src/ipamd/leftovers.ts';
import { NodeNetwork } from '../../src/ipamd/node-network.ts';
import type { Node } from '../../src/ipamd/parts.ts';
import { FREE_POLICY } from '../../src/ipamd/policy.ts';
import { Store } from '../../src/ipamd/store.ts';
import { UnmanagedEnis } from '../../src/ipamd/unmanaged-enis.ts';
import { RouteSocket } from '../../src/kernel/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { Pool } from '../../src/pool/index.ts';
import { createFiles, systemClock, systemExec, withTemporaryDirectory } from '../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from '../aws/simulated-ec2.ts';
import { SMALL, targets } from '../pool/sample.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const TIMEOUT_MS = 300;
const VPC = loadSettings({}).settings;

/** A node of the simulated VPC in a namespace: an attached ENI becomes a link there, as on an instance. */
async function onNode(work: (world: SimulatedEc2, parts: LaneParts, space: TestNetns) => Promise<void>): Promise<void> {
  await using world = startSimulatedEc2({ timeoutMs: TIMEOUT_MS });
  using space = new TestNetns('ec2');
  using socket = new RouteSocket(space.netns);
  space.ip('link add eth0 type veth peer name up0');
  world.vpc.observe((event) => {
    if (event.kind !== 'eni-attached' || event.eni.attachment === undefined) return;
    const { deviceIndex } = event.eni.attachment;
    space.ip(`link add eth${deviceIndex} address ${event.eni.mac} type veth peer name up${deviceIndex}`);
  });
  await withTemporaryDirectory(async (directory) => {
    const primary = world.vpc.enisOf(world.instance.id)[0];
    if (primary?.addresses[0] === undefined) throw new Error('the instance has no ENI');
    const node: Node = {
      clock: systemClock,
      exec: systemExec,
      files: createFiles('/'),
      logger: createLogger({ level: 'error', program: 'test' }),
      socket,
      settings: VPC,
      signal: new AbortController().signal,
      imds: { endpoint: '', get: async () => undefined, getBytes: async () => undefined, list: async () => [] },
      ec2: world.ec2,
      primaryLink: 'eth0',
      limits: SMALL,
      targets: targets(1),
      identity: {
        instanceId: world.instance.id,
        instanceType: 't3.small',
        region: world.vpc.region,
        availabilityZone: world.subnet.availabilityZone,
        vpcId: 'vpc-1',
        subnetId: world.subnet.id,
        subnetCidr: world.subnet.cidr,
        primaryMac: parseMac('02:00:00:00:00:01'),
        primaryAddress: primary.addresses[0],
        vpcCidrs: [],
        securityGroups: [],
        primaryEniId: primary.id,
      },
    };
    const store = new Store(node, directory);
    // The engine decides nothing here: the test asks for each change itself.
    const idle = { run: async () => {}, changed: () => {}, policy: () => FREE_POLICY };
    const engine = new Engine(node, store, new Pool(), idle);
    const network = new NodeNetwork(node, () => engine.pool, { takesOver: false, leases: NO_LEASES });
    // The files of a host of its own: what runs on this machine is none of its business.
    const unmanaged = new UnmanagedEnis({ ...node, files: createFiles(directory) });
    const leftovers = new Leftovers(node, { store, unmanaged, freed: () => undefined });
    const parts = { node, engine, network, store, unmanaged, placement: new Placement(node, undefined) };
    await work(world, { ...parts, unsure: (intent) => leftovers.take([intent]) }, space);
    await engine.stop();
  });
}

const uses = (pool: Pool): string[] =>
  [...pool.enis.values()].flatMap(({ leaving, cidrs }) =>
    [...cidrs.values()].map((cidr) =>
      leaving ? 'leaving' : cidr.releasing ? 'releasing' : ([...cidr.uses.values()][0]?.kind ?? 'free'),
    ),
  );
const first = (pool: Pool) => [...pool.enis.values()][0];
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: { readonly code?: string }) => error.code,
  );
const newEni = { kind: 'create-eni', card: 0, device: 1, unit: 'address', count: 2 } as const;

kernelTest('an ENI whose creating answer was lost is found by its tag and used', () =>
  onNode(async ({ vpc, losing, instance }, parts, space) => {
    losing.add('CreateNetworkInterface');
    await grow(parts, newEni);
    expect(uses(parts.engine.pool)).toEqual(['free', 'free']);
    expect(vpc.enisOf(instance.id).length).toBe(2);
    expect(vpc.enis().filter(({ attachment }) => attachment === undefined)).toEqual([]);
    expect(space.ip('route show table 2')).toContain('default via 10.0.0.1 dev eth1');
  }),
);

kernelTest('an ENI whose attaching answer was lost is found attached and used', () =>
  onNode(async ({ losing, vpc, instance }, parts) => {
    losing.add('AttachNetworkInterface');
    await grow(parts, newEni);
    expect(uses(parts.engine.pool)).toEqual(['free', 'free']);
    expect(vpc.enisOf(instance.id).length).toBe(2);
    expect(parts.store.load().intents).toEqual([]);
  }),
);

kernelTest('an ENI that could not be taken back at once is taken back later, and its intent ends', () =>
  onNode(async ({ dials, vpc, instance }, parts) => {
    dials.set({ action: 'AttachNetworkInterface', error: 'AttachmentLimitExceeded' });
    dials.set({ action: 'DeleteNetworkInterface', error: 'UnauthorizedOperation', times: 1 });
    expect(await code(grow(parts, newEni))).toBe('ENI_ATTACH_LIMIT');
    while (vpc.enis().length > 1) await Bun.sleep(5);
    while (parts.store.load().intents.length > 0) await Bun.sleep(5);
    expect(vpc.enis().map(({ attachment }) => attachment?.instanceId)).toEqual([instance.id]);
  }),
);

kernelTest(
  'an ENI whose link the kernel does not let us set up is taken back with all of it, the next one is used',
  () =>
    onNode(async ({ vpc }, parts, space) => {
      const state = (): string => space.ip('rule') + space.ip('route show table all proto 90');
      parts.network.repair();
      const before = state();
      space.ip('link add base type veth peer name upbase');
      let isBad = true;
      vpc.observe((event) => {
        if (event.kind !== 'eni-attached' || !isBad) return;
        space.ip('link delete eth1');
        // One that stands on a smaller one takes no packets of 9001 bytes.
        space.ip(`link add link base name eth1 address ${event.eni.mac} type macvlan`);
      });
      const said = await grow(parts, newEni).then(
        () => 'done',
        (error: unknown) => String(error),
      );
      expect(said).toContain('the kernel refused to set link eth1: EINVAL');
      expect([vpc.enis().length, parts.store.load().intents, parts.network.enis]).toEqual([1, [], []]);
      expect(state()).toBe(before);
      // As its link does on an instance.
      space.ip('link delete eth1');
      isBad = false;
      expect(await code(grow(parts, newEni))).toBe('done');
      expect(state()).toContain(' lookup 2 proto 90');
    }),
);

kernelTest('a change whose end cannot be learnt yet holds no other one back', () =>
  onNode(async ({ dials }, parts) => {
    const intents = ['eni-00000000000000001', 'eni-00000000000000002'].map(
      (key) => ({ kind: 'delete-eni', key }) as const,
    );
    for (const intent of intents) parts.store.begin(intent);
    dials.set({ action: 'DescribeNetworkInterfaces', error: 'InternalError', times: 1 });
    new Leftovers(parts.node, { ...parts, freed: () => undefined }).take(intents);
    while (parts.store.load().intents.length > 1) await Bun.sleep(5);
    expect(parts.store.load().intents).toEqual(intents.slice(0, 1));
  }),
);

kernelTest('addresses whose unassigning answer was lost are not handed out again', () =>
  onNode(async ({ losing }, parts) => {
    await grow(parts, newEni);
    const eni = first(parts.engine.pool);
    const cidrs = [...(eni?.cidrs.keys() ?? [])];
    losing.add('UnassignPrivateIpAddresses');
    await shrink(parts, { kind: 'unassign', eniId: eni?.id ?? '', cidrs: cidrs.slice(0, 1) });
    expect([...(first(parts.engine.pool)?.cidrs.keys() ?? [])]).toEqual(cidrs.slice(1));
    expect(uses(parts.engine.pool)).toEqual(['free']);
  }),
);

kernelTest('addresses EC2 refused to take back are free again', () =>
  onNode(async ({ dials }, parts) => {
    await grow(parts, newEni);
    const eni = first(parts.engine.pool);
    const cidrs = [...(eni?.cidrs.keys() ?? [])];
    dials.set({ action: 'UnassignPrivateIpAddresses', denied: true });
    expect(await code(shrink(parts, { kind: 'unassign', eniId: eni?.id ?? '', cidrs }))).toBe('IAM_DENIED');
    expect(uses(parts.engine.pool)).toEqual(['free', 'free']);
  }),
);

kernelTest('an ENI that may not be detached goes back into use; one that is detached never does', () =>
  onNode(async ({ vpc, dials, instance }, parts) => {
    await grow(parts, newEni);
    const eniId = first(parts.engine.pool)?.id ?? '';
    dials.set({ action: 'DetachNetworkInterface', denied: true });
    expect(await code(shrink(parts, { kind: 'delete-eni', eniId }))).toBe('IAM_DENIED');
    expect(uses(parts.engine.pool)).toEqual(['free', 'free']);
    dials.clear();
    dials.set({ action: 'DeleteNetworkInterface', error: 'InternalError', times: 2 });
    const removal = shrink(parts, { kind: 'delete-eni', eniId });
    while (vpc.eni(eniId).attachment !== undefined) await Bun.sleep(5);
    expect(uses(parts.engine.pool)).toEqual(['leaving', 'leaving']);
    await removal;
    expect(parts.engine.pool.enis.size).toBe(0);
    expect(vpc.enisOf(instance.id).length).toBe(1);
  }),
);

kernelTest('an ENI with an address that the kernel still has rules for is not given back', () =>
  onNode(async ({ ec2 }, parts, space) => {
    await grow(parts, newEni);
    const eni = first(parts.engine.pool);
    if (eni === undefined) throw new Error('there is no ENI');
    space.ip(`rule add to ${[...eni.cidrs.keys()][0]} priority 512 table main protocol 90`);
    const before = ec2.calls.get('DetachNetworkInterface');
    expect(await code(shrink(parts, { kind: 'delete-eni', eniId: eni.id }))).toBe('ADDRESS_IN_USE');
    expect([ec2.calls.get('DetachNetworkInterface'), uses(parts.engine.pool)]).toEqual([before, ['free', 'free']]);
  }),
);

kernelTest('the intent of a creation stays while nobody knows what became of it', () =>
  onNode(async ({ dials, losing, vpc, instance }, parts) => {
    losing.add('CreateNetworkInterface');
    dials.set({ action: 'DescribeNetworkInterfaces', denied: true });
    expect(await code(grow(parts, newEni))).toBe('IAM_DENIED');
    // Made, unattached, and known to nobody but by what was written down.
    expect(vpc.enis().filter(({ attachment }) => attachment === undefined).length).toBe(1);
    expect(vpc.enisOf(instance.id).length).toBe(1);
    expect(parts.store.load().intents.map(({ kind }) => kind)).toEqual(['create-eni']);
  }),
);

kernelTest('subnets that may not be described make no ENI impossible, and spare none', () =>
  onNode(async ({ dials, instance, vpc }, parts) => {
    dials.set({ action: 'DescribeSubnets', denied: true });
    await grow(parts, newEni);
    expect(uses(parts.engine.pool)).toEqual(['free', 'free']);
    const eni = first(parts.engine.pool);
    expect({ service: eni?.service, enis: vpc.enisOf(instance.id).length }).toEqual({ service: 'pods', enis: 2 });
  }),
);

kernelTest('addresses are asked for once, however long nobody can read what EC2 has done', () =>
  onNode(async ({ dials, ec2, vpc, instance }, parts) => {
    await grow(parts, newEni);
    const eniId = first(parts.engine.pool)?.id ?? '';
    dials.set({ action: '*', garble: 'xml' });
    const asked = (): number => ec2.calls.get('DescribeNetworkInterfaces') ?? 0;
    const before = asked();
    const assign = { kind: 'assign', eniId, unit: 'address', count: 1 } as const;
    const growing = [grow(parts, assign)];
    while (asked() < before + 2) await Bun.sleep(5);
    expect(parts.engine.holds.failureOf('growth')?.code).toBe('EC2_BAD_ANSWER');
    dials.clear();
    await Promise.all(growing);
    expect(ec2.calls.get('AssignPrivateIpAddresses')).toBe(1);
    expect(parts.engine.holds.failureOf('growth')).toBeUndefined();
    expect(uses(parts.engine.pool)).toEqual(['free', 'free', 'free']);
    expect(vpc.enisOf(instance.id).find(({ id }) => id === eniId)?.addresses.length).toBe(4);
  }),
);

import { addressAt, ipv6FromBigInt, ipv6ToBigInt, subnetGateway } from '../../src/addr/index.ts';
import {
  INTERNET_ADDRESS,
  INTERNET_IPV6_ADDRESS,
  inNetnsArgv,
  netnsPath,
  nodeNetns,
} from '../../src/sim/fabric/index.ts';
import type { SimEni, SimVpc } from '../../src/sim/model/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { instanceNamed } from './instance-named.ts';
import type { Sender, Target } from './sim-probe.ts';
import { createWorld, type World } from './sim-world.ts';

/** The families a packet table is made for. */
export type Family = 'ipv4' | 'ipv6';

/** Port that groups let others reach. */
const PORT = 7000;
/** Port that the group of `web` opens to subnet a. */
const SUBNET_PORT = 7001;

/** An address of each family. */
export type Pair = Readonly<Record<Family, string>>;

/** A world with one place of every kind that packets come from or go to. */
export interface PacketWorld extends AsyncDisposable {
  readonly world: World;
  readonly addresses: Readonly<Record<Place, Pair>>;
  readonly enis: Readonly<Record<'a1' | 'a2' | 'a3' | 'b1' | 'web' | 'free' | 'branch' | 'branch2', SimEni>>;
  senders(family: Family): readonly Sender[];
  targets(family: Family): readonly Target[];
  /** `member` as it is on a3, where its prefix goes when it moves. */
  movedMember(family: Family): Target;
}

/**
 * Where packets come from and go to: `second` and `member` are a secondary address and a member of a prefix, on a1;
 * `branch` and `branch2` are branch ENIs with the same VLAN on the trunks of a1 and a2; `held` is held by b1; `nobody`
 * and `void` are addresses of the two subnets that nobody holds; `stranger` is one from outside.
 */
type Place =
  | 'a1'
  | 'second'
  | 'member'
  | 'branch'
  | 'a2'
  | 'branch2'
  | 'web'
  | 'free'
  | 'b1'
  | 'held'
  | 'nobody'
  | 'void'
  | 'stranger'
  | 'internet';

const VLAN = 7;

/** Builds it. */
export async function createPacketWorld(): Promise<PacketWorld> {
  const world = await createWorld({
    ipv6: true,
    instanceType: 'm5.large',
    nodes: [['a1', 'a2', 'a3', 'web', 'free'], ['b1']],
  });
  try {
    return await furnish(world);
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

async function furnish(world: World): Promise<PacketWorld> {
  const { vpc, fabric } = world;
  const primary = (node: string): SimEni => {
    const [eni] = vpc.enisOf(instanceNamed(vpc, node)?.id ?? '');
    if (eni === undefined) throw new Error(`${node} has no ENI`);
    return eni;
  };
  const a1 = primary('a1').id;
  const b1 = primary('b1').id;
  vpc.assignAddresses({ eniId: a1, count: 1 });
  vpc.assignPrefixes({ eniId: a1, count: 1 });
  vpc.assignIpv6({ eniId: a1, count: 1, prefixCount: 1 });
  vpc.assignAddresses({ eniId: b1, count: 1 });
  vpc.assignIpv6({ eniId: b1, count: 1 });
  vpc.setSourceDestCheck(primary('free').id, false);
  makeGroups(vpc, { web: primary('web').id, b1 });
  const branches = [await attachBranch(world, 'a1'), await attachBranch(world, 'a2')] as const;
  await fabric.settled();
  const enis = {
    ...{ a1: primary('a1'), a2: primary('a2'), a3: primary('a3'), b1: primary('b1') },
    ...{ web: primary('web'), free: primary('free') },
    ...{ branch: vpc.eni(branches[0]), branch2: vpc.eni(branches[1]) },
  };
  const addresses = addressesOf(enis);
  await configure(world, addresses);
  for (const [node, place] of [
    ['a1', 'branch'],
    ['a2', 'branch2'],
  ] as const)
    await configureBranch(world, { node, eni: enis[place], pair: addresses[place] });
  return {
    world,
    addresses,
    enis,
    senders: (family) => sendersOf(world, addresses, family),
    targets: (family) => targetsOf(world, addresses, family),
    movedMember: (family) =>
      targetOf(world, { name: 'moved member', machine: 'a3', address: addresses.member[family] }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** `web` lets two ports in, each in its way, and nothing out; b1 lets one port in from everywhere. */
function makeGroups(vpc: SimVpc, enis: { readonly web: string; readonly b1: string }): void {
  const udp = (port: number) =>
    ({ direction: 'ingress', protocol: 'udp', fromPort: port, toPort: port, description: '' }) as const;
  const [subnet] = vpc.subnets();
  if (subnet?.ipv6 === undefined) throw new Error('subnet a has no IPv6');
  const web = vpc.createSecurityGroup({ name: 'web' });
  vpc.revokeRules({ groupId: web.id, ruleIds: web.rules.map(({ id }) => id) });
  const rules = [
    { ...udp(PORT), peer: { groupId: vpc.defaultGroupId } },
    ...[subnet.cidr, subnet.ipv6.cidr].map((cidr) => ({ ...udp(SUBNET_PORT), peer: { cidr } })),
  ];
  vpc.authorizeRules({ groupId: web.id, rules });
  vpc.setSecurityGroups(enis.web, [web.id]);
  const open = vpc.createSecurityGroup({ name: 'open' });
  const everywhere = vpc.securityGroup(vpc.defaultGroupId).rules.flatMap(({ peer }) => ('cidr' in peer ? [peer] : []));
  vpc.authorizeRules({ groupId: open.id, rules: everywhere.map((peer) => ({ ...udp(PORT), peer })) });
  vpc.setSecurityGroups(enis.b1, [vpc.defaultGroupId, open.id]);
  const branch = vpc.createSecurityGroup({ name: 'branch' });
  vpc.authorizeRules({ groupId: branch.id, rules: [{ ...udp(PORT), peer: { groupId: vpc.defaultGroupId } }] });
}

/** A trunk at device 1 of the node, with a branch of the group `branch`; returns the branch. */
async function attachBranch({ vpc }: World, node: string): Promise<string> {
  const instance = instanceNamed(vpc, node);
  const group = vpc.securityGroups().find(({ name }) => name === 'branch');
  if (instance === undefined || group === undefined) throw new Error(`no node ${node}`);
  const { id: instanceId, subnetId } = instance;
  const trunk = vpc.createEni({ subnetId, interfaceType: 'trunk' });
  vpc.completeAttach(vpc.beginAttach({ eniId: trunk.id, instanceId, deviceIndex: 1 }).id);
  const branch = vpc.createEni({ subnetId, securityGroups: [group.id], ipv6Count: 1 });
  vpc.associateTrunk({ trunkEniId: trunk.id, branchEniId: branch.id, vlanId: VLAN });
  return branch.id;
}

function addressesOf(enis: PacketWorld['enis']): Readonly<Record<Place, Pair>> {
  const pair = (eni: SimEni, index = 0): Pair => ({
    ipv4: eni.addresses[index] ?? '',
    ipv6: eni.ipv6Addresses[index] ?? '',
  });
  const [prefix] = enis.a1.prefixes;
  const [prefix6] = enis.a1.ipv6Prefixes;
  const [base = '', base1 = ''] = [enis.a1, enis.b1].map(
    ({ ipv6Addresses }) => ipv6Addresses[0]?.split(':').slice(0, 4).join(':') ?? '',
  );
  if (prefix === undefined || prefix6 === undefined) throw new Error('a1 has no prefix');
  return {
    a1: pair(enis.a1),
    second: pair(enis.a1, 1),
    member: { ipv4: addressAt(prefix, 3), ipv6: ipv6FromBigInt(ipv6ToBigInt(prefix6.address) + 3n) },
    branch: pair(enis.branch),
    a2: pair(enis.a2),
    branch2: pair(enis.branch2),
    web: pair(enis.web),
    free: pair(enis.free),
    b1: pair(enis.b1),
    held: pair(enis.b1, 1),
    nobody: { ipv4: '10.0.0.200', ipv6: `${base}::dead` },
    void: { ipv4: '10.0.1.200', ipv6: `${base1}::dead` },
    stranger: { ipv4: '192.0.2.77', ipv6: '2001:db8:77::77' },
    internet: { ipv4: INTERNET_ADDRESS, ipv6: INTERNET_IPV6_ADDRESS },
  };
}

/** Every address a machine sends with is on its loopback, whether or not the VPC knows it there. */
async function configure(world: World, addresses: Readonly<Record<Place, Pair>>): Promise<void> {
  const own: Readonly<Record<string, readonly Place[]>> = {
    a1: ['second', 'member', 'held', 'nobody', 'stranger'],
    // Where the prefix goes when it moves.
    a3: ['member'],
    free: ['nobody'],
    internet: ['held'],
  };
  for (const [machine, places] of Object.entries(own)) {
    const lines = places.flatMap((place) => [
      `addr add ${addresses[place].ipv4}/32 dev lo`,
      `addr add ${addresses[place].ipv6}/128 dev lo nodad`,
    ]);
    await batch(world, machine, lines);
  }
}

/** What a daemon does for a branch ENI: its link, a table of its own for what comes from it. */
async function configureBranch(
  world: World,
  branch: { readonly node: string; readonly eni: SimEni; readonly pair: Pair },
): Promise<void> {
  const { node, eni, pair } = branch;
  const link = `br${VLAN}`;
  const gateway = subnetGateway(world.vpc.subnet(eni.subnetId).cidr);
  await batch(world, node, [
    'link set eth1 up',
    ...(world.fabric.facts.vlan ? [`link add link eth1 name ${link} address ${eni.mac} type vlan id ${VLAN}`] : []),
    `link set ${link} up`,
    `addr add ${pair.ipv4}/32 dev ${link}`,
    `addr add ${pair.ipv6}/128 dev ${link} nodad`,
    `route add ${gateway} dev ${link} table 107 scope link`,
    `route add default via ${gateway} dev ${link} table 107`,
    `route add default via fe80:ec2::1 dev ${link} table 107`,
    `rule add from ${pair.ipv4} table 107`,
  ]);
  await world.run(node, 'ip', '-6', 'rule', 'add', 'from', pair.ipv6, 'table', '107');
}

async function batch(world: World, machine: string, lines: readonly string[]): Promise<void> {
  const argv = [...inNetnsArgv(nsOf(world, machine)), 'ip', '-batch', '-'] as const;
  await systemExec.run({ argv, input: `${lines.join('\n')}\n` });
}

const nsOf = (world: World, machine: string): string =>
  machine === 'internet' ? world.names.internetNetns : nodeNetns(world.names, machine);

function sendersOf(world: World, addresses: Readonly<Record<Place, Pair>>, family: Family): readonly Sender[] {
  const sender = (name: string, machine: string, place: Place): Sender => ({
    name,
    machine,
    netns: netnsPath(nsOf(world, machine)),
    source: addresses[place][family],
  });
  return [
    sender('a1', 'a1', 'a1'),
    sender('a1 second', 'a1', 'second'),
    sender('a1 member', 'a1', 'member'),
    sender('a1 branch', 'a1', 'branch'),
    sender('a1 as held', 'a1', 'held'),
    sender('a1 as nobody', 'a1', 'nobody'),
    sender('a1 as stranger', 'a1', 'stranger'),
    sender('a2', 'a2', 'a2'),
    sender('a3 as member', 'a3', 'member'),
    sender('b1', 'b1', 'b1'),
    sender('web', 'web', 'web'),
    sender('free', 'free', 'free'),
    sender('free as nobody', 'free', 'nobody'),
    sender('internet', 'internet', 'internet'),
    sender('internet as held', 'internet', 'held'),
  ];
}

function targetOf(
  world: World,
  words: { readonly name: string; readonly machine?: string; readonly address: string; readonly port?: number },
): Target {
  const { name, machine, address, port = PORT } = words;
  const netns = machine === undefined ? {} : { netns: netnsPath(nsOf(world, machine)) };
  return { name, machine: machine ?? '', ...netns, address, port };
}

function targetsOf(world: World, addresses: Readonly<Record<Place, Pair>>, family: Family): readonly Target[] {
  const target = (name: Place, machine: string): Target =>
    targetOf(world, { name, machine, address: addresses[name][family] });
  return [
    target('a2', 'a2'),
    target('b1', 'b1'),
    target('second', 'a1'),
    target('member', 'a1'),
    target('branch', 'a1'),
    target('branch2', 'a2'),
    target('web', 'web'),
    { ...target('web', 'web'), name: 'web:7001', port: SUBNET_PORT },
    targetOf(world, { name: 'void', address: addresses.void[family] }),
    target('internet', 'internet'),
  ];
}

import fc from 'fast-check';
import { addressAt, type Ipv4Address, type Ipv4Cidr, ipv6NetworkOf } from '../../../src/addr/index.ts';
import { isIpv4Cidr, type RuleRequest, type SimEni, type SimVpc } from '../../../src/sim/model/index.ts';
import type { RandomClock } from './cramped-vpc.ts';
import { block64, cidr } from './support.ts';

/** Three numbers that say on what a step works, and how. */
interface Dice {
  readonly a: number;
  readonly b: number;
  readonly n: number;
}

type Operation = (vpc: SimVpc, dice: Dice, clock: RandomClock) => unknown;

const TYPES = ['t3.small', 'm5.large', 't2.small', 'p5.48xlarge', 't3.nano', 'm1.small'] as const;
const INTERFACES = ['interface', 'interface', 'trunk', 'branch', 'efa', 'efa-only'] as const;

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
const eni = (vpc: SimVpc, index: number) => pick(vpc.enis(), index);
const eniId = (vpc: SimVpc, index: number): string => eni(vpc, index)?.id ?? 'eni-none';
const instanceId = (vpc: SimVpc, index: number): string => pick(vpc.instances(), index)?.id ?? 'i-none';

/** One of those that fit, mostly; now and then any. */
function prefer<T>(list: readonly T[], dice: Dice, fits: (item: T) => boolean): T | undefined {
  return (dice.n % 5 === 4 ? undefined : pick(list.filter(fits), dice.a)) ?? pick(list, dice.a);
}
const subnet = (vpc: SimVpc, index: number): string => pick(vpc.subnets(), index)?.id ?? 'subnet-none';
const group = (vpc: SimVpc, index: number): string =>
  index === 11 ? 'sg-none' : (pick(vpc.securityGroups(), index)?.id ?? 'sg-none');
const attachments = (vpc: SimVpc) =>
  vpc.enis().flatMap((one) => (one.attachment === undefined ? [] : [one.attachment]));
const attachment = (vpc: SimVpc, index: number): string => pick(attachments(vpc), index)?.id ?? 'eni-attach-none';

/** Some address of the subnet, usable or not. */
function addressIn(vpc: SimVpc, subnetId: string, n: number): Ipv4Address {
  const whole = vpc.findSubnet(subnetId)?.cidr ?? cidr('10.0.0.0/28');
  return addressAt(whole, (n * 5) % 2 ** (32 - whole.prefixLength));
}

function prefixIn(vpc: SimVpc, subnetId: string, n: number): Ipv4Cidr {
  const whole = vpc.findSubnet(subnetId)?.cidr ?? cidr('10.0.0.0/28');
  return { address: addressAt(whole, (n * 16) % 2 ** (32 - whole.prefixLength)), prefixLength: 28 };
}

function rule(vpc: SimVpc, { a, b, n }: Dice): RuleRequest {
  const peers = [{ cidr: cidr('10.0.0.0/8') }, { cidr: block64(vpc, b) }, { groupId: group(vpc, n) }] as const;
  return {
    direction: a % 2 === 0 ? 'ingress' : 'egress',
    protocol: 'tcp',
    fromPort: n,
    toPort: n,
    peer: pick(peers, b) ?? peers[0],
    description: '',
  };
}

const OPERATIONS = {
  run: (vpc, { a, b, n }) =>
    vpc.runInstance({
      name: `n${a}`,
      instanceType: pick(TYPES, n) ?? '',
      subnetId: subnet(vpc, b),
      prefixCount: n % 5 === 0 ? 1 : 0,
      secondaryCount: n % 5 === 1 ? b : 0,
      ipv6Count: n % 3 === 0 ? 1 : 0,
    }),
  launch: (vpc, { a, b, n }) =>
    vpc.beginLaunch({
      instanceType: pick(TYPES, n) ?? '',
      subnetId: subnet(vpc, b),
      clientToken: n % 2 === 0 ? `launch-${a}` : undefined,
      ...(n % 3 === 0 ? { eniId: eniId(vpc, a) } : {}),
      interfaces: [
        { deviceIndex: 1, interfaceType: pick(INTERFACES, a), networkCardIndex: b % 2, secondaryCount: n % 4 },
        { deviceIndex: b, ...(n % 2 === 0 ? { eniId: eniId(vpc, b) } : { prefixCount: 1 }) },
      ].slice(0, n % 3),
      tags: { Name: `n${b}` },
    }),
  launched: (vpc, { a }) => vpc.completeLaunch(instanceId(vpc, a)),
  reboot: (vpc, { a }) => vpc.rebootInstance(instanceId(vpc, a)),
  terminate: (vpc, { a }) => vpc.beginTerminate(instanceId(vpc, a)),
  terminated: (vpc, { a }) => vpc.completeTerminate(instanceId(vpc, a)),
  forget: (vpc, { a }) => vpc.forgetInstance(instanceId(vpc, a)),
  metadata: (vpc, { a, n }) =>
    vpc.setMetadataOptions(instanceId(vpc, a), { hopLimit: n * 6, instanceTags: n % 2 === 0 }),
  wait: (_, { n }, clock) => {
    clock.now += n * 600_000;
  },

  create: (vpc, { a, b, n }) =>
    vpc.createEni({
      subnetId: subnet(vpc, b),
      interfaceType: pick(INTERFACES, a),
      securityGroups: [group(vpc, a), group(vpc, b), group(vpc, n)].slice(0, n % 4),
      ...(n % 4 === 0 ? { addresses: [addressIn(vpc, subnet(vpc, b), a + b * n)] } : {}),
      secondaryCount: n % 4 === 1 ? n : 0,
      prefixCount: n % 4 === 2 ? b : 0,
      ...(n % 4 === 3 ? { prefixes: [prefixIn(vpc, subnet(vpc, b), a)] } : {}),
      ipv6Count: a % 5 === 0 ? 1 : 0,
      ipv6PrefixCount: a % 5 === 1 ? 1 : 0,
      clientToken: n % 3 === 0 ? `eni-${a}` : undefined,
      tags: { [`k${n % 3}`]: `${a % 2}` },
    }),
  delete: (vpc, { a }) => vpc.deleteEni(eniId(vpc, a)),
  groups: (vpc, { a, b, n }) =>
    vpc.setSecurityGroups(eniId(vpc, a), [group(vpc, b), group(vpc, n), group(vpc, a)].slice(0, n % 4)),
  describe: (vpc, { a, n }) => vpc.setDescription(eniId(vpc, a), `d${n}`),
  check: (vpc, { a, n }) => vpc.setSourceDestCheck(eniId(vpc, a), n % 2 === 0),

  assign: (vpc, { a, n }) => vpc.assignAddresses({ eniId: eniId(vpc, a), count: n % 8 }),
  assignNamed: (vpc, { a, b, n }) => {
    const one = eni(vpc, a);
    const address = addressIn(vpc, one?.subnetId ?? '', n + b);
    return vpc.assignAddresses({ eniId: one?.id ?? '', addresses: [address], allowReassignment: n % 2 === 0 });
  },
  move: (vpc, { a, b }) => {
    const addresses = eni(vpc, b)?.addresses.slice(-1) ?? [];
    return vpc.assignAddresses({ eniId: eniId(vpc, a), addresses, allowReassignment: true });
  },
  unassign: (vpc, { a, n }) =>
    vpc.unassignAddresses({ eniId: eniId(vpc, a), addresses: eni(vpc, a)?.addresses.slice(n % 5) ?? [] }),
  prefixes: (vpc, { a, n }) => vpc.assignPrefixes({ eniId: eniId(vpc, a), count: n % 4 }),
  prefixNamed: (vpc, { a, n }) => {
    const one = eni(vpc, a);
    return vpc.assignPrefixes({ eniId: one?.id ?? '', prefixes: [prefixIn(vpc, one?.subnetId ?? '', n)] });
  },
  unprefix: (vpc, { a, n }) =>
    vpc.unassignPrefixes({
      eniId: eniId(vpc, a),
      prefixes: eni(vpc, n % 4 === 0 ? n : a)?.prefixes.slice(n % 3) ?? [],
    }),
  ipv6: (vpc, { a, n }) => vpc.assignIpv6({ eniId: eniId(vpc, a), count: n % 3, prefixCount: 1 + (n % 2) }),
  ipv6Named: (vpc, { a, b, n }) => {
    // Another ENI's address or a network around it: mostly in use, now and then just freed.
    const other = eni(vpc, b);
    const [address] = other?.ipv6Addresses ?? [];
    const named = other?.ipv6Prefixes ?? [];
    const around = address === undefined ? [] : [ipv6NetworkOf({ address, prefixLength: 80 })];
    return vpc.assignIpv6({ eniId: eniId(vpc, a), prefixes: n % 2 === 0 ? around : named.slice(0, 1) });
  },
  unipv6: (vpc, { a, n }) => {
    const { ipv6Addresses = [], ipv6Prefixes = [] } = eni(vpc, a) ?? {};
    const keep = n % 3;
    return vpc.unassignIpv6({
      eniId: eniId(vpc, a),
      addresses: ipv6Addresses.slice(keep),
      prefixes: ipv6Prefixes.slice(keep),
    });
  },

  attach: (vpc, dice) => {
    const free = (one: SimEni): boolean => one.attachment === undefined && one.interfaceType === 'interface';
    const running = vpc.instances().filter((one) => one.state === 'running');
    return vpc.beginAttach({
      eniId: prefer(vpc.enis(), dice, free)?.id ?? 'eni-none',
      instanceId: pick(running, dice.b)?.id ?? instanceId(vpc, dice.b),
      deviceIndex: dice.n % 4,
      networkCardIndex: Number(dice.n % 7 === 0),
    });
  },
  attached: (vpc, { a }) => vpc.completeAttach(attachment(vpc, a)),
  detach: (vpc, dice) => {
    const one = prefer(attachments(vpc), dice, ({ deviceIndex }) => deviceIndex > 0);
    return vpc.beginDetach({ attachmentId: one?.id ?? 'eni-attach-none', force: dice.n % 2 === 0 });
  },
  detached: (vpc, { a }) => vpc.completeDetach(attachment(vpc, a)),
  keep: (vpc, { a, b, n }) => {
    const one = eni(vpc, a);
    const attachmentId = n % 3 === 0 ? attachment(vpc, b) : (one?.attachment?.id ?? '');
    vpc.setDeleteOnTermination({ eniId: one?.id ?? '', attachmentId, value: n % 2 === 0 });
  },
  associate: (vpc, dice) => {
    const isTrunk = (one: SimEni): boolean => one.interfaceType === 'trunk';
    const mayBranch = (one: SimEni): boolean =>
      ['interface', 'branch'].includes(one.interfaceType) && one.attachment === undefined && one.trunk === undefined;
    return vpc.associateTrunk({
      trunkEniId: prefer(vpc.enis(), dice, isTrunk)?.id ?? 'eni-none',
      branchEniId: prefer(vpc.enis(), { ...dice, a: dice.b }, mayBranch)?.id ?? 'eni-none',
      vlanId: dice.n % 5,
      clientToken: dice.a % 4 === 0 ? `trunk-${dice.b}` : undefined,
    });
  },
  disassociate: (vpc, { a }) => vpc.disassociateTrunk(pick(vpc.trunkAssociations(), a)?.id ?? 'trunk-assoc-none'),

  group: (vpc, { n }) => vpc.createSecurityGroup({ name: `g${n % 6}` }),
  ungroup: (vpc, dice) =>
    vpc.deleteSecurityGroup(prefer(vpc.securityGroups(), dice, ({ name }) => name !== 'default')?.id ?? 'sg-none'),
  authorize: (vpc, dice) =>
    vpc.authorizeRules({
      groupId: group(vpc, dice.a),
      rules: [rule(vpc, dice), rule(vpc, { ...dice, n: dice.n >> 1 })],
    }),
  revoke: (vpc, dice) => {
    const { id = 'sg-none', rules = [] } = pick(vpc.securityGroups(), dice.a) ?? {};
    const known = pick(rules, dice.b);
    return vpc.revokeRules({ groupId: id, rules: [dice.n % 2 === 0 && known ? known : rule(vpc, dice)] });
  },
  revokeById: (vpc, { a, b }) => {
    const { id = '', rules = [] } = pick(vpc.securityGroups(), a) ?? {};
    return vpc.revokeRules({ groupId: id, ruleIds: rules.slice(b).map((one) => one.id) });
  },

  subnet: (vpc, { a, n }) => {
    const networks = vpc.cidrs().flatMap((one) => (isIpv4Cidr(one.cidr) ? [one.cidr] : []));
    const network = pick(networks, a) ?? cidr('10.0.0.0/23');
    const part = { address: addressAt(network, (n * 48) % 2 ** (32 - network.prefixLength)), prefixLength: 27 };
    return vpc.createSubnet({ cidr: part, ...(n % 2 === 0 ? { ipv6Cidr: block64(vpc, a + 2) } : {}) });
  },
  unsubnet: (vpc, { a }) => vpc.deleteSubnet(subnet(vpc, a)),
  modify: (vpc, { a, n }) => vpc.modifySubnet(subnet(vpc, a), { assignIpv6AddressOnCreation: n % 2 === 0 }),
  addCidr: (vpc, { n }) =>
    vpc.associateCidr(n % 4 === 0 ? { ipv6: true } : { cidr: cidr(`10.${n % 3}.0.0/2${n % 10}`) }),
  dropCidr: (vpc, { a }) => vpc.disassociateCidr(pick([...vpc.cidrs(), ...vpc.ipv6Cidrs()], a)?.id ?? ''),
  addSubnetCidr: (vpc, { a, b }) => vpc.associateSubnetCidr({ subnetId: subnet(vpc, a), ipv6Cidr: block64(vpc, b) }),
  dropSubnetCidr: (vpc, { a }) => vpc.disassociateSubnetCidr(pick(vpc.subnets(), a)?.ipv6?.id ?? ''),
  reserve: (vpc, { a, b, n }) => {
    const subnetId = subnet(vpc, a);
    const block = vpc.findSubnet(subnetId)?.ipv6?.cidr;
    const type = n % 2 === 0 ? ('prefix' as const) : ('explicit' as const);
    const part4 = { address: addressIn(vpc, subnetId, n % 3), prefixLength: 27 + b };
    return vpc.createReservation({
      subnetId,
      type,
      cidr: n % 5 === 0 && block ? { ...block, prefixLength: 76 } : part4,
    });
  },
  unreserve: (vpc, { a }) => {
    const all = vpc.subnets().flatMap((one) => vpc.reservationsOf(one.id));
    return vpc.deleteReservation(pick(all, a)?.id ?? 'scr-none');
  },
  fragment: (vpc, { a }) => vpc.fragmentSubnet(subnet(vpc, a)),
  defragment: (vpc, { a }) => vpc.defragmentSubnet(subnet(vpc, a)),
  exhaust: (vpc, { a, n }) => vpc.exhaustSubnet(subnet(vpc, a), n),
  release: (vpc, { a }) => vpc.releaseStrangers(subnet(vpc, a)),

  tag: (vpc, { a, b, n }) =>
    vpc.createTags({
      resourceIds: [eniId(vpc, a), subnet(vpc, b), group(vpc, a), instanceId(vpc, b)].slice(n % 3),
      tags: { [`k${n % 3}`]: `${b}` },
    }),
  untag: (vpc, { a, b, n }) =>
    vpc.deleteTags({
      resourceIds: [eniId(vpc, a), instanceId(vpc, b), vpc.id].slice(n % 2),
      ...(n % 4 === 0 ? {} : { tags: [{ key: `k${n % 3}`, ...(n % 2 === 0 ? { value: `${b}` } : {}) }] }),
    }),
} satisfies Record<string, Operation>;

type Name = keyof typeof OPERATIONS;

/** What builds up comes oftener than what tears down, so that runs get somewhere. */
const OFTEN: readonly Name[] = ['run', 'create', 'attach', 'attached', 'assign', 'prefixes', 'launch', 'associate'];
const SELDOM: readonly Name[] = [
  ...(['terminate', 'delete', 'unsubnet', 'dropSubnetCidr', 'dropCidr', 'ungroup', 'disassociate', 'detach'] as const),
  ...(['fragment', 'exhaust', 'wait', 'describe', 'forget', 'addSubnetCidr', 'revokeById'] as const),
];

const weightOf = (name: Name): number => (OFTEN.includes(name) ? 8 : SELDOM.includes(name) ? 1 : 3);

/** One step of a random run. */
export interface Step extends Dice {
  readonly what: Name;
}

const names = Object.keys(OPERATIONS).filter((name): name is Name => name in OPERATIONS);

/** Steps over everything the model can do. */
export const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(...names.map((name) => ({ weight: weightOf(name), arbitrary: fc.constant(name) }))),
  a: fc.nat(11),
  b: fc.nat(3),
  n: fc.nat(14),
});

/** Takes a step; the model's fault comes through. */
export function perform(vpc: SimVpc, { what, ...dice }: Step, clock: RandomClock): void {
  const operation: Operation = OPERATIONS[what];
  operation(vpc, dice, clock);
}

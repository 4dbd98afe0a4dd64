import {
  formatCidr,
  type Ipv6Cidr,
  ipv6FromBigInt,
  ipv6ToBigInt,
  parseIpv4Cidr,
  parseIpv6Cidr,
} from '../../addr/index.ts';
import {
  type InstanceRequest,
  type LaunchInterface,
  type RuleRequest,
  type SimEni,
  SimFault,
  type SimInstance,
  type SimSubnet,
  SimVpc,
} from '../model/index.ts';
import { DEFAULT_REGION, defaultSubnets, zoneName } from './defaults.ts';
import type { EniPlan, GroupPlan, NodePlan, RulePlan, Scenario, SubnetPlan } from './scenario.ts';

/** So that pods, one hop behind the node, get tokens too (EKS node groups are launched with it). */
const EKS_HOP_LIMIT = 2;

/** One port alone stands for both ends of a range, an ICMP type alone for any of its codes. */
const ICMP: readonly string[] = ['icmp', 'icmpv6', '1', '58'];
const ANY_CODE = -1;

/** The VPC of a scenario, still without nodes and undisturbed. Throws the model's `SimFault`. */
export function buildVpc(scenario: Scenario, now: () => number): SimVpc {
  const { vpc: wanted = {}, times = {}, region = DEFAULT_REGION, seed = 1 } = scenario;
  const vpc = new SimVpc({
    region,
    seed,
    now,
    ...(wanted.cidrs === undefined ? {} : { cidrs: wanted.cidrs.map(parseIpv4Cidr) }),
    ipv6: wanted.ipv6 === true,
    ...(times.launchMs === undefined ? {} : { launchMs: times.launchMs }),
    ...(times.terminateMs === undefined ? {} : { terminateMs: times.terminateMs }),
  });
  (scenario.subnets ?? defaultSubnets(region)).forEach((plan, index) => void addSubnet(vpc, plan, index));
  for (const group of scenario.securityGroups ?? []) vpc.createSecurityGroup(groupRequest(group));
  // After all are there: a rule may name a group that comes later.
  for (const group of scenario.securityGroups ?? []) addRules(vpc, group);
  return vpc;
}

/**
 * Launches the instance of a node, which stays pending. EC2 takes addresses or prefixes in one request; where a plan
 * wants both, the prefixes are assigned right after. Throws `SimFault` with nothing left of it.
 */
export function launchNode(vpc: SimVpc, plan: NodePlan): SimInstance {
  const instance = vpc.beginLaunch(launchRequest(vpc, plan));
  try {
    const enis = vpc.enisOf(instance.id);
    const place = (eni: SimEni): string =>
      `${eni.attachment?.networkCardIndex ?? 0} ${eni.attachment?.deviceIndex ?? 0}`;
    for (const one of [{ deviceIndex: 0, ...plan, networkCard: 0 }, ...(plan.interfaces ?? [])]) {
      const eni = enis.find((made) => place(made) === `${one.networkCard ?? 0} ${one.deviceIndex}`);
      if (eni !== undefined) assignRest(vpc, eni.id, one);
    }
    return instance;
  } catch (error) {
    vpc.terminateInstance(instance.id);
    vpc.forgetInstance(instance.id);
    throw error;
  }
}

function assignRest(vpc: SimVpc, eniId: string, plan: EniPlan): void {
  const { prefixes = 0, ipv6Prefixes = 0 } = plan;
  if (wantsBoth(plan.secondaryAddresses, prefixes)) vpc.assignPrefixes({ eniId, count: prefixes });
  if (wantsBoth(plan.ipv6Addresses, ipv6Prefixes)) vpc.assignIpv6({ eniId, prefixCount: ipv6Prefixes });
}

const wantsBoth = (addresses = 0, prefixes = 0): boolean => addresses > 0 && prefixes > 0;

function launchRequest(vpc: SimVpc, plan: NodePlan): InstanceRequest {
  const { name, type, userData, hopLimit, instanceTags, tags, interfaces = [] } = plan;
  return {
    name,
    instanceType: type,
    ...eniFields(vpc, plan),
    subnetId: findSubnet(vpc, plan.subnet).id,
    interfaces: interfaces.map((one): LaunchInterface => {
      const { deviceIndex, networkCard, type: interfaceType, description, deleteOnTermination, tags: eniTags } = one;
      return {
        ...eniFields(vpc, one),
        deviceIndex,
        networkCardIndex: networkCard,
        interfaceType,
        description,
        deleteOnTermination,
        tags: eniTags,
      };
    }),
    ...(userData === undefined ? {} : { userData: new TextEncoder().encode(userData) }),
    metadata: {
      hopLimit: hopLimit ?? EKS_HOP_LIMIT,
      ...(instanceTags === undefined ? {} : { instanceTags }),
    },
    ...(tags === undefined ? {} : { tags }),
  };
}

/** The subnet with this id, CIDR or zone, the first unless told. Throws `SimFault` naming those there are. */
export function findSubnet(vpc: SimVpc, wanted: string | undefined): SimSubnet {
  const subnets = vpc.subnets();
  const found =
    wanted === undefined
      ? subnets[0]
      : subnets.find(({ id, cidr, availabilityZone }) => [id, formatCidr(cidr), availabilityZone].includes(wanted));
  if (found !== undefined) return found;
  const known = subnets.map(({ id, cidr, availabilityZone }) => `${formatCidr(cidr)} (${id}, ${availabilityZone})`);
  throw new SimFault(
    'InvalidSubnetID.NotFound',
    `The subnet '${wanted ?? ''}' does not exist; there are ${known.join(', ')}`,
  );
}

function addSubnet(vpc: SimVpc, plan: SubnetPlan, index: number): void {
  const block = vpc.ipv6Cidrs()[0]?.cidr;
  const { id } = vpc.createSubnet({
    cidr: parseIpv4Cidr(plan.cidr),
    availabilityZone: zoneName(vpc.region, plan.zone),
    ...(plan.ipv6 === true && block !== undefined ? { ipv6Cidr: partOf(formatCidr(block), index) } : {}),
    ...(plan.tags === undefined ? {} : { tags: plan.tags }),
  });
  for (const { cidr, type, description } of plan.reservations ?? [])
    vpc.createReservation({
      subnetId: id,
      cidr: parseIpv4Cidr(cidr),
      type,
      ...(description === undefined ? {} : { description }),
    });
}

/** The /64 with this number in a /56. */
function partOf(block: string, index: number): Ipv6Cidr {
  const { address } = parseIpv6Cidr(block);
  return { address: ipv6FromBigInt(ipv6ToBigInt(address) + (BigInt(index) << 64n)), prefixLength: 64 };
}

function eniFields(vpc: SimVpc, plan: EniPlan): Omit<LaunchInterface, 'deviceIndex'> {
  const { subnet, securityGroups, secondaryAddresses, prefixes, ipv6Addresses, ipv6Prefixes } = plan;
  return {
    ...(subnet === undefined ? {} : { subnetId: findSubnet(vpc, subnet).id }),
    ...(securityGroups === undefined ? {} : { securityGroups: securityGroups.map((name) => groupId(vpc, name)) }),
    secondaryCount: secondaryAddresses,
    prefixCount: wantsBoth(secondaryAddresses, prefixes) ? undefined : prefixes,
    ipv6Count: ipv6Addresses,
    ipv6PrefixCount: wantsBoth(ipv6Addresses, ipv6Prefixes) ? undefined : ipv6Prefixes,
  };
}

function groupRequest({ name, description }: GroupPlan): { readonly name: string; readonly description?: string } {
  return { name, ...(description === undefined ? {} : { description }) };
}

function addRules(vpc: SimVpc, group: GroupPlan): void {
  const id = groupId(vpc, group.name);
  // A new group lets everything out; one that lists what it lets out means nothing else.
  if (group.egress !== undefined) {
    const rules = vpc.securityGroup(id).rules.filter(({ direction }) => direction === 'egress');
    vpc.revokeRules({ groupId: id, ruleIds: rules.map((rule) => rule.id) });
  }
  const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
    (group[direction] ?? []).map((rule) => ruleRequest(vpc, direction, rule)),
  );
  if (rules.length > 0) vpc.authorizeRules({ groupId: id, rules });
}

function ruleRequest(vpc: SimVpc, direction: RuleRequest['direction'], rule: RulePlan): RuleRequest {
  const { protocol, from, to, peer } = rule;
  return {
    direction,
    protocol,
    fromPort: from,
    toPort: to ?? (ICMP.includes(protocol) ? ANY_CODE : from),
    peer: peer.includes('/')
      ? { cidr: peer.includes(':') ? parseIpv6Cidr(peer) : parseIpv4Cidr(peer) }
      : { groupId: groupId(vpc, peer) },
    description: '',
  };
}

/** The id of a group, by its name or id. */
function groupId(vpc: SimVpc, wanted: string): string {
  const found = vpc.findSecurityGroup(wanted) ?? vpc.findSecurityGroupNamed(wanted);
  if (found === undefined) throw new SimFault('InvalidGroup.NotFound', `The security group '${wanted}' does not exist`);
  return found.id;
}

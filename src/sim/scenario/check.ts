import { cidrContains, formatCidr, type Ipv4Cidr, networkOf, parseIpv4Cidr, parseIpv6Cidr } from '../../addr/index.ts';
import { limitsOf } from '../../vpc/index.ts';
import { parseDuration, parseTime } from '../clock/index.ts';
import { AWS_ACTIONS } from '../cloudwatch/index.ts';
import { parseDial } from '../dials/index.ts';
import { isNodeName } from '../fabric/index.ts';
import { DEFAULT_REGION, defaultSubnets, zoneName } from './defaults.ts';
import type { EniPlan, GroupPlan, NodePlan, RulePlan, Scenario, ScenarioFinding, SubnetPlan } from './scenario.ts';

type Findings = readonly ScenarioFinding[];

const DEFAULT_GROUP = 'default';

/** Whether the parts of a well-formed scenario fit together. What only EC2's model knows is left to a rehearsal. */
export function checkScenario(scenario: Scenario): Findings {
  const { nodes = [], securityGroups = [], vpc = {}, dials = [], throttle } = scenario;
  const subnets = scenario.subnets ?? defaultSubnets(scenario.region);
  const { region = DEFAULT_REGION } = scenario;
  const places = subnets.flatMap(({ cidr, zone }) => [cidr, zoneName(region, zone)]);
  const groups = [DEFAULT_GROUP, ...securityGroups.map(({ name }) => name)];
  return [
    ...(vpc.cidrs ?? []).flatMap((cidr, index) => badCidr(`/vpc/cidrs/${index}`, cidr)),
    ...checkSubnets(subnets, scenario),
    ...twice('/securityGroups', groups.slice(1)),
    ...securityGroups.flatMap((group, index) => checkGroup(`/securityGroups/${index}`, group, groups)),
    ...twice(
      '/nodes',
      nodes.map(({ name }) => name),
    ),
    ...nodes.flatMap((node, index) => checkNode(`/nodes/${index}`, node, { places, groups })),
    ...dials.flatMap((dial, index) => {
      const parsed = parseDial(dial, AWS_ACTIONS);
      return parsed.kind === 'dial' ? [] : parsed.problems.map((message) => ({ pointer: `/dials/${index}`, message }));
    }),
    ...dials.flatMap(({ action }, index) =>
      typeof throttle === 'object' && Object.hasOwn(throttle, action)
        ? [
            {
              pointer: `/dials/${index}`,
              message: `there is one dial for ${action}: write its bucket here, not in /throttle`,
            },
          ]
        : [],
    ),
    ...Object.keys(typeof throttle === 'object' ? throttle : {})
      .filter((action) => !AWS_ACTIONS.includes(action))
      .map((action) => ({ pointer: `/throttle/${action}`, message: 'there is no such action' })),
    ...checkTimes(scenario),
  ];
}

function checkSubnets(subnets: readonly SubnetPlan[], { vpc = {} }: Scenario): Findings {
  const cidrs = vpc.cidrs ?? ['10.0.0.0/16'];
  const spaces = cidrs.flatMap((text) => readCidr(text) ?? []);
  return subnets.flatMap((subnet, index) => {
    const pointer = `/subnets/${index}`;
    const cidr = readCidr(subnet.cidr);
    if (cidr === undefined) return badCidr(`${pointer}/cidr`, subnet.cidr);
    const other = subnets.slice(0, index).find((earlier) => {
      const known = readCidr(earlier.cidr);
      return known !== undefined && (holds(known, cidr) || holds(cidr, known));
    });
    return [
      ...(spaces.some((space) => holds(space, cidr)) && cidr.prefixLength >= 16 && cidr.prefixLength <= 28
        ? []
        : [{ pointer: `${pointer}/cidr`, message: `must be a /16 to /28 inside ${cidrs.join(', ')}` }]),
      ...(other === undefined ? [] : [{ pointer: `${pointer}/cidr`, message: `overlaps ${other.cidr}` }]),
      ...(subnet.ipv6 === true && vpc.ipv6 !== true
        ? [{ pointer: `${pointer}/ipv6`, message: 'needs /vpc/ipv6 to be true' }]
        : []),
      ...(subnet.reservations ?? []).flatMap((reservation, place) => {
        const part = readCidr(reservation.cidr);
        return part !== undefined && holds(cidr, part)
          ? []
          : [{ pointer: `${pointer}/reservations/${place}/cidr`, message: `must be a network inside ${subnet.cidr}` }];
      }),
    ];
  });
}

function checkGroup(pointer: string, group: GroupPlan, groups: readonly string[]): Findings {
  const named = group.name === DEFAULT_GROUP ? [{ pointer: `${pointer}/name`, message: 'is always there' }] : [];
  const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
    (group[direction] ?? []).flatMap((rule, index) => checkRule(`${pointer}/${direction}/${index}`, rule, groups)),
  );
  return [...named, ...rules];
}

function checkRule(pointer: string, rule: RulePlan, groups: readonly string[]): Findings {
  const { peer, protocol, from, to = from } = rule;
  // Of ICMP the two are a type and a code, which may well be smaller.
  const hasPorts = ['tcp', 'udp', '6', '17'].includes(protocol);
  const known = groups.includes(peer) || readCidr(peer) !== undefined || isIpv6Cidr(peer);
  return [
    ...(known ? [] : [{ pointer: `${pointer}/peer`, message: `${peer} is neither a network nor a group here` }]),
    ...(hasPorts && from === undefined ? [{ pointer: `${pointer}/from`, message: `${protocol} needs a port` }] : []),
    ...(hasPorts && from !== undefined && to !== undefined && from > to
      ? [{ pointer: `${pointer}/to`, message: `${to} is before ${from}` }]
      : []),
  ];
}

interface Known {
  /** CIDRs and zones of the subnets. */
  readonly places: readonly string[];
  readonly groups: readonly string[];
}

function checkNode(pointer: string, node: NodePlan, known: Known): Findings {
  return [
    ...(isNodeName(node.name)
      ? []
      : [
          {
            pointer: `${pointer}/name`,
            message: 'must be lower-case letters, digits and hyphens, and not router or internet',
          },
        ]),
    ...(limitsOf(node.type) === undefined
      ? [{ pointer: `${pointer}/type`, message: `there is no instance type ${node.type}` }]
      : []),
    ...checkEni(pointer, node, known),
    ...(node.interfaces ?? []).flatMap((one, index) => checkEni(`${pointer}/interfaces/${index}`, one, known)),
  ];
}

function checkEni(pointer: string, eni: EniPlan, { places, groups }: Known): Findings {
  const { subnet, securityGroups = [] } = eni;
  return [
    ...(subnet === undefined || places.includes(subnet)
      ? []
      : [{ pointer: `${pointer}/subnet`, message: `there is no subnet ${subnet}; there are ${places.join(', ')}` }]),
    ...securityGroups.flatMap((name, index) =>
      groups.includes(name)
        ? []
        : [
            {
              pointer: `${pointer}/securityGroups/${index}`,
              message: `there is no group ${name}; there are ${groups.join(', ')}`,
            },
          ],
    ),
  ];
}

function checkTimes({ times = {}, clock = {} }: Scenario): Findings {
  const spans = (['attachMs', 'detachMs'] as const).flatMap((key) => {
    const span = times[key];
    return typeof span === 'object' && span[0] > span[1]
      ? [{ pointer: `/times/${key}`, message: 'the shortest time is longer than the longest' }]
      : [];
  });
  const moves = (['at', 'ahead', 'behind'] as const).filter((key) => clock[key] !== undefined);
  const read = { at: parseTime, ahead: parseDuration, behind: parseDuration };
  const wanted = { at: 'a time such as 2030-01-31T12:00:00Z', ahead: 'such as 1h30m', behind: 'such as 1h30m' };
  return [
    ...spans,
    ...(moves.length > 1 ? [{ pointer: '/clock', message: `only one of ${moves.join(', ')}` }] : []),
    ...moves
      .filter((key) => read[key](clock[key] ?? '') === undefined)
      .map((key) => ({ pointer: `/clock/${key}`, message: `must be ${wanted[key]}, not "${clock[key]}"` })),
  ];
}

function twice(pointer: string, names: readonly string[]): Findings {
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [{ pointer: `${pointer}/${index}/name`, message: `${name} is there already` }] : [],
  );
}

function badCidr(pointer: string, text: string): Findings {
  return readCidr(text) === undefined ? [{ pointer, message: `${text} is no IPv4 network such as 10.0.0.0/16` }] : [];
}

/** A network without host bits; `undefined` for anything else. */
function readCidr(text: string): Ipv4Cidr | undefined {
  try {
    const cidr = parseIpv4Cidr(text);
    return formatCidr(networkOf(cidr)) === formatCidr(cidr) ? cidr : undefined;
  } catch {
    return undefined;
  }
}

function isIpv6Cidr(text: string): boolean {
  try {
    parseIpv6Cidr(text);
    return true;
  } catch {
    return false;
  }
}

function holds(outer: Ipv4Cidr, inner: Ipv4Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && cidrContains(outer, inner.address);
}

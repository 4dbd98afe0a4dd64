import { anywhere, familyOf, formatCidr, hostCidr, type IpAddress } from '../addr/index.ts';
import type { ObservedNetwork } from './diff.ts';
import type { PodIdentity } from './names.ts';
import { MAIN_TABLE, POD_GATEWAY, PRIORITY } from './owned.ts';
import { type PodWiring, podRules } from './pod.ts';
import { podLinkFinder } from './pod-link.ts';
import type { PodNat } from './pod-nat.ts';
import { ruleKey } from './rule-key.ts';
import type { Route, Rule } from './types.ts';

/** One thing that a packet of a pod meets on the host. */
export interface PathHop {
  readonly kind: 'pod' | 'link' | 'rule' | 'route' | 'eni' | 'nat';
  /** What it is for, for people. */
  readonly title: string;
  /** What it is, as `ip` prints it. */
  readonly detail: string;
  /** `unseen` where the kernel was not asked: the pod's inside, packet rules, what the host's own set-up made. */
  readonly state: 'there' | 'missing' | 'unseen';
  /** What happens while it is missing. */
  readonly lack?: string;
}

/** The way of a pod's packets over this host. */
export interface PodPath {
  /** `NAMESPACE/NAME` where the runtime told it, else the sandbox's interface. */
  readonly pod: string;
  readonly address: IpAddress;
  /** The ENI that has the address; null for one that EC2 lists on none of ours. */
  readonly eni: string | null;
  readonly legs: readonly { readonly name: string; readonly hops: readonly PathHop[] }[];
}

/** What the path is made from: the allocation, the node, and the kernel as it was seen. */
export interface PodPathInput {
  readonly pod: PodIdentity;
  readonly address: IpAddress;
  readonly eni:
    | { readonly id: string; readonly device: number; readonly link: string | undefined; readonly table: number }
    | undefined;
  readonly vethPrefix: string;
  readonly primaryLink: string;
  readonly nat: PodNat;
  readonly observed: ObservedNetwork;
  /** What an interface beside the pool is wired with, which no ENI of ours has: one with a branch ENI, or for egress. */
  readonly apart?: Pick<PodWiring, 'hostRoute' | 'hostRules' | 'branch'> | undefined;
}

const hex = (decimal: string): string => `0x${Number(decimal).toString(16)}`;

/** A rule as `ip rule` prints it. */
const ruleText = (rule: Rule): string =>
  ruleKey(rule)
    .replace(/ lookup 254$/, ' lookup main')
    .replace(/(?<= fwmark )(\d+)\/(\d+)/, (_, value: string, mask: string) => `${hex(value)}/${hex(mask)}`);

/** Finds each thing that the packets of a pod meet on the host, and says what of it is missing. Pure. */
export function podPath(input: PodPathInput): PodPath {
  const { pod, address, eni } = input;
  const name = pod.name === undefined ? `${pod.containerId} ${pod.ifName}` : `${pod.namespace ?? ''}/${pod.name}`;
  const { to, from } =
    input.apart === undefined ? { to: towards(input), from: outwards(input) } : beside(input, input.apart);
  const legs = [
    { name: 'The pod', hops: podHops(input) },
    { name: 'To the pod', hops: to },
    { name: 'From the pod, into the VPC', hops: from },
    { name: 'From the pod, out of the VPC', hops: beyond(input) },
  ];
  return { pod: name, address, eni: eni?.id ?? null, legs };
}

function podHops({ pod, address, vethPrefix, observed }: PodPathInput): readonly PathHop[] {
  const own = observed.routes.filter(({ table }) => table === MAIN_TABLE);
  const find = podLinkFinder({ links: observed.links, routes: [...own, ...observed.foreignRoutes] });
  const end = find({ pod, address, vethPrefix });
  const link = observed.links.find((each) => each.name === end?.link);
  const inside: PathHop = {
    kind: 'pod',
    title: 'Interface in the pod',
    detail: `${pod.ifName} ${formatCidr(hostCidr(address))}, default via ${POD_GATEWAY[familyOf(address)]}`,
    state: 'unseen',
  };
  const title = 'Its end on the host';
  if (link === undefined)
    return [
      inside,
      {
        ...{ kind: 'link', title, state: 'missing', detail: 'no link that names this pod as its owner' },
        lack: 'the pod has no network: delete it, its controller makes another one',
      },
    ];
  const detail = `${link.name} mtu ${link.mtu} ${link.up ? 'up' : 'down'}`;
  if (link.up) return [inside, { kind: 'link', title, detail, state: 'there' }];
  return [inside, { kind: 'link', title, detail, state: 'missing', lack: 'no packet passes until the link is up' }];
}

function ruleHop(
  rule: Rule,
  { observed }: PodPathInput,
  words: { readonly title: string; readonly lack: string },
): PathHop {
  const key = ruleKey(rule);
  const all = [...observed.rules, ...observed.foreignRules.map((foreign) => foreign.rule)];
  const there = all.some((each) => ruleKey(each) === key);
  const hop = { kind: 'rule', title: words.title, detail: ruleText(rule) } as const;
  return there ? { ...hop, state: 'there' } : { ...hop, state: 'missing', lack: words.lack };
}

function towards(input: PodPathInput): readonly PathHop[] {
  const { address, eni, observed } = input;
  const [toPod] = podRules(address, eni?.table ?? MAIN_TABLE);
  const text = formatCidr(hostCidr(address));
  const route = [...observed.routes, ...observed.foreignRoutes].find(
    ({ table, destination }) => table === MAIN_TABLE && formatCidr(destination) === text,
  );
  const hop = { kind: 'route', title: 'Route to the pod' } as const;
  return [
    ...eniHops(input, 'Comes in by the ENI that has its address'),
    ...(toPod === undefined
      ? []
      : [
          ruleHop(toPod, input, { title: 'Rule for what goes to the pod', lack: 'another table may take its packets' }),
        ]),
    route === undefined
      ? { ...hop, detail: `${text} table main`, state: 'missing', lack: 'nobody reaches the pod' }
      : { ...hop, detail: `${text} dev ${route.link} table main`, state: 'there' },
  ];
}

function eniHops({ eni, observed }: PodPathInput, title: string): readonly PathHop[] {
  if (eni === undefined) {
    const detail = 'EC2 lists the address on no ENI of this node';
    return [{ kind: 'eni', title, detail, state: 'missing', lack: 'the VPC delivers nothing to the pod' }];
  }
  const link = observed.links.find(({ name }) => name === eni.link);
  const hop = { kind: 'eni', title, detail: `${eni.id}, device ${eni.device}, ${eni.link ?? 'no link yet'}` } as const;
  if (link?.up === true) return [{ ...hop, state: 'there' }];
  const lack = link === undefined ? 'the kernel shows no link of this ENI' : 'the link is down';
  return [{ ...hop, state: 'missing', lack }];
}

function routeHop(
  route: Route,
  { observed }: PodPathInput,
  words: { readonly title: string; readonly lack: string },
): PathHop {
  const text = formatCidr(route.destination);
  const there = [...observed.routes, ...observed.foreignRoutes].some(
    ({ table, link, destination, gateway }) =>
      table === route.table && link === route.link && gateway === route.gateway && formatCidr(destination) === text,
  );
  const table = route.table === MAIN_TABLE ? 'main' : route.table;
  const via = route.gateway === undefined ? '' : ` via ${route.gateway}`;
  const hop = { kind: 'route', title: words.title, detail: `${text}${via} dev ${route.link} table ${table}` } as const;
  return there ? { ...hop, state: 'there' } : { ...hop, state: 'missing', lack: words.lack };
}

/** The ways of an interface beside the pool: by its branch ENI's link and table, or for egress by the host's own. */
function beside(
  input: PodPathInput,
  { hostRoute, hostRules, branch }: NonNullable<PodPathInput['apart']>,
): { readonly to: readonly PathHop[]; readonly from: readonly PathHop[] } {
  const route = routeHop(hostRoute, input, { title: 'Route to the pod', lack: 'nobody reaches the pod' });
  const rules = hostRules.map((rule) =>
    ruleHop(rule, input, { title: 'Rule for its packets', lack: 'another table takes them, and the VPC drops them' }),
  );
  if (branch === undefined) {
    const detail = `default dev ${input.primaryLink} table main`;
    const host: PathHop = { kind: 'route', title: 'Default route of the host', detail, state: 'unseen' };
    return { to: [...rules, route], from: [host] };
  }
  const { vlan, routes } = branch;
  const link = input.observed.links.find(({ name }) => name === vlan.name);
  const hop = { kind: 'eni', detail: `${vlan.name}, VLAN ${vlan.id} of the trunk, ${vlan.mac}` } as const;
  const by = (title: string): PathHop =>
    link?.up === true
      ? { ...hop, title, state: 'there' }
      : { ...hop, title, state: 'missing', lack: link === undefined ? 'the link is gone' : 'the link is down' };
  const out = routes.map((each) =>
    routeHop(each, input, { title: 'Way out by its branch ENI', lack: 'its packets do not find the router' }),
  );
  return { to: [by('Comes in by its branch ENI'), ...rules, route], from: [...out, by('Leaves by')] };
}

function outwards(input: PodPathInput): readonly PathHop[] {
  const { address, eni, observed, primaryLink } = input;
  if (eni === undefined) return [];
  const [, fromPod] = podRules(address, eni.table);
  const title = 'Default route of that table';
  if (fromPod === undefined) {
    const detail = `default dev ${primaryLink} table main`;
    return [
      { kind: 'route', title: 'Default route of the host', detail, state: 'unseen' },
      ...eniHops(input, 'Leaves by'),
    ];
  }
  const everywhere = formatCidr(anywhere(familyOf(address)));
  const route = observed.routes.find(
    ({ table, destination }) => table === eni.table && formatCidr(destination) === everywhere,
  );
  const missing = {
    detail: `default table ${eni.table}`,
    state: 'missing',
    lack: 'its packets leave by the wrong ENI',
  } as const;
  return [
    ruleHop(fromPod, input, {
      title: 'Rule for what comes from the pod',
      lack: 'its packets leave by the primary ENI, and the VPC drops them',
    }),
    {
      ...{ kind: 'route', title },
      ...(route === undefined
        ? missing
        : { detail: `default via ${route.gateway ?? '?'} dev ${route.link} table ${route.table}`, state: 'there' }),
    },
    ...eniHops(input, 'Leaves by'),
  ];
}

function beyond(input: PodPathInput): readonly PathHop[] {
  const { nat, primaryLink } = input;
  const title = 'Source address';
  if (nat.kind === 'none')
    return [{ kind: 'nat', title, detail: `stays ${input.address}: ${nat.why}`, state: 'unseen' }];
  const marked: Rule = {
    priority: PRIORITY.primaryMark,
    mark: { value: nat.mark, mask: nat.mark },
    table: MAIN_TABLE,
  };
  return [
    {
      kind: 'nat',
      title: 'Mark of connections that leave the VPC',
      detail: `${nat.by}: mark 0x${nat.mark.toString(16)} unless to ${nat.exempt.map(formatCidr).join(', ') || 'networks of the VPC'}`,
      state: 'unseen',
    },
    ruleHop(marked, input, {
      title: 'Rule for marked packets',
      lack: 'its packets leave by its own ENI with an address of the primary one, and the VPC drops them',
    }),
    { kind: 'nat', title, detail: `becomes ${nat.to} on ${primaryLink}`, state: 'unseen' },
  ];
}

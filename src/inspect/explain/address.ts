import { formatCidr, hostCidr, type IpAddress } from '../../addr/index.ts';
import {
  egressFamilyOf,
  type Link,
  type ObservedNetwork,
  type PodIdentity,
  readBranchAlias,
  readPodAlias,
  ruleKey,
} from '../../dataplane/index.ts';
import type { Owner, QuarantineReason } from '../../pool/index.ts';
import type { PastEvent } from './history.ts';
import { eniWith, type Notes, unreadIn } from './memory.ts';

/** What an address is on this node. */
export type AddressKind =
  | 'assigned'
  | 'orphan'
  | 'cooldown'
  | 'quarantine'
  | 'free'
  | 'eni'
  | 'branch'
  | 'egress'
  | 'elsewhere';

/** The document of `vpc-cni explain ip --json`. */
export interface AddressExplanation {
  readonly address: string;
  readonly kind: AddressKind;
  /** One sentence: who has it, or why it is free or not. */
  readonly answer: string;
  /** `NAMESPACE/NAME`, or the sandbox's interface where the runtime told no names. */
  readonly pod: string | null;
  readonly containerId: string | null;
  readonly eni: { readonly id: string; readonly device: number; readonly table: number } | null;
  /** When it may be handed out again, ms from now; null when nothing is known of that. */
  readonly freeInMs: number | null;
  /** What the kernel has of it, as `ip` prints it. */
  readonly kernel: readonly string[];
  /** Newest first. */
  readonly history: readonly PastEvent[];
}

/** What the explanation is made from. `nowMs`: monotonic, since the machine was booted. */
export interface AddressFacts {
  readonly notes: Notes;
  readonly observed: ObservedNetwork;
  readonly history: readonly PastEvent[];
  readonly nowMs: number;
}

const WHY: Readonly<Record<QuarantineReason, string>> = {
  'host-link': 'a link of this host has it as its own address',
  kernel: 'the kernel still has a rule or route for it, so something may still answer under it',
  'not-in-ec2': 'EC2 no longer lists it on an ENI of this node',
};

/** How a pod is called. */
export function podName(owner: Pick<Owner, 'podNamespace' | 'podName' | 'containerId' | 'ifName'>): string {
  const { podNamespace, podName: name, containerId, ifName } = owner;
  return name === undefined ? `${containerId} ${ifName}` : `${podNamespace ?? ''}/${name}`;
}

const ownerOf = ({ namespace, name, ...key }: PodIdentity): Owner => ({
  ...key,
  podNamespace: namespace,
  podName: name,
});

/** The same owner by the names its sandbox has in our notes: the link for egress does not carry them. */
export function namedBy({ allocations }: Pick<Notes, 'allocations'>, owner: Owner): Owner {
  if (owner.podName !== undefined) return owner;
  const same = allocations.find((each) => each.owner.containerId === owner.containerId)?.owner;
  return { ...owner, podNamespace: same?.podNamespace, podName: same?.podName };
}

function holderIn(links: readonly Link[], address: IpAddress, observed: ObservedNetwork) {
  const text = formatCidr(hostCidr(address));
  const route = observed.routes.find(
    ({ destination, gateway }) => gateway === undefined && formatCidr(destination) === text,
  );
  const link = links.find(({ name }) => name === route?.link);
  const pod = link?.alias === undefined ? undefined : readPodAlias(link.alias);
  if (link?.alias === undefined || pod === undefined) return undefined;
  return { owner: ownerOf(pod), branch: readBranchAlias(link.alias) };
}

/** Everything the kernel has of an address. */
function tracesOf(address: IpAddress, observed: ObservedNetwork): readonly string[] {
  const text = formatCidr(hostCidr(address));
  const has = (cidr: Parameters<typeof formatCidr>[0] | undefined): boolean =>
    cidr !== undefined && formatCidr(cidr) === text;
  const rules = [...observed.rules, ...observed.foreignRules.map(({ rule }) => rule)];
  return [
    ...rules.filter(({ from, to }) => has(from) || has(to)).map((rule) => `rule ${ruleKey(rule)}`),
    ...[...observed.routes, ...observed.foreignRoutes]
      .filter(({ destination }) => has(destination))
      .map(({ table, link }) => `route ${text} dev ${link} table ${table}`),
    ...observed.addresses
      .filter((each) => each.address.address === address)
      .map(({ link }) => `address of link ${link}`),
  ];
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/** Says who has an address, or why nobody can be given it. Pure. */
export function explainAddress(address: IpAddress, facts: AddressFacts): AddressExplanation {
  const { notes, observed, history, nowMs } = facts;
  const known = eniWith(notes, address);
  const eni = known && { id: known.facts.id, device: known.facts.device, table: known.facts.table };
  const base = {
    address,
    pod: null,
    containerId: null,
    eni: eni ?? null,
    freeInMs: null,
    kernel: tracesOf(address, observed),
    history,
  };
  const unread = unreadIn(notes);
  const unsure =
    unread === '' ? '' : `; but what the daemon wrote down cannot be read in full (${unread}): start it and ask again`;
  const of = (owner: Owner) => ({ pod: podName(owner), containerId: owner.containerId });
  const allocation = notes.allocations.find((each) => each.address === address);
  if (allocation !== undefined) {
    const { owner, since } = allocation;
    const when = new Date(Number(since / 1_000_000n)).toISOString();
    if (eni !== undefined)
      return { ...base, ...of(owner), kind: 'assigned', answer: `pod ${podName(owner)} has it since ${when}` };
    const answer = `pod ${podName(owner)} has it since ${when}, but no ENI of this node: it is kept until EC2 or the end of the pod decides`;
    return { ...base, ...of(owner), kind: 'orphan', answer };
  }
  const doubt = notes.quarantines.get(address);
  if (doubt !== undefined) {
    const answer = `nobody is given it, because ${WHY[doubt.reason]} (for ${seconds(nowMs - doubt.sinceMs)})`;
    return { ...base, kind: 'quarantine', answer };
  }
  const primary = notes.enis.find(({ attached }) => attached?.primaryAddress === address);
  if (primary !== undefined) {
    const { id, device, table } = primary.facts;
    const whose = primary.facts.primary ? "the node's own address" : 'the first address of an ENI';
    return { ...base, kind: 'eni', eni: { id, device, table }, answer: `it is ${whose}, which no pod is given` };
  }
  const holder = holderIn(observed.links, address, observed);
  if (holder?.branch !== undefined) {
    const answer = `pod ${podName(holder.owner)} has it on a branch ENI of its own, VLAN ${holder.branch.vlanId}`;
    return { ...base, ...of(holder.owner), kind: 'branch', answer };
  }
  if (holder !== undefined && egressFamilyOf(holder.owner.ifName) !== undefined) {
    const owner = namedBy(notes, holder.owner);
    const answer = `pod ${podName(owner)} has it for egress: only this node knows it`;
    return { ...base, ...of(owner), kind: 'egress', answer };
  }
  if (eni === undefined) {
    const answer = `no ENI of this node has it; its node, or EC2 by DescribeNetworkInterfaces, knows more${unsure}`;
    return { ...base, kind: 'elsewhere', answer };
  }
  const untilMs = notes.cooldowns.get(address) ?? 0;
  if (untilMs <= nowMs)
    return { ...base, kind: 'free', freeInMs: 0, answer: `it is free: the next pod may get it${unsure}` };
  const freeInMs = untilMs - nowMs;
  const answer = `its pod has gone; it rests for ${seconds(freeInMs)} more, so that late packets for that pod find nobody`;
  return { ...base, kind: 'cooldown', freeInMs, answer };
}

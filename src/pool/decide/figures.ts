import { PREFIX_ADDRESSES } from '../model/range.ts';
import type { GrowthUnit, PoolCidr, PoolEni, PoolMode, PoolTargets, PoolView } from '../model/types.ts';

/** What the decisions count on one card: addresses on ENIs that stay, by use; derived anew for each decision. */
export interface Figures {
  /** Addresses on CIDRs that stay. */
  readonly total: number;
  readonly assigned: number;
  /** Can be handed out now and count towards the targets. */
  readonly free: number;
  readonly cooldown: number;
  readonly quarantine: number;
  /** IPv4 prefixes that stay, and those of them without any address in use. */
  readonly prefixes: number;
  readonly freePrefixes: number;
  /** Addresses EC2 was asked for and has not delivered. */
  readonly pending: number;
}

/** Reports whether targets are set in addresses rather than in whole ENIs or prefixes. */
export function warmIpMode(targets: PoolTargets): boolean {
  return targets.warmIp > 0 || targets.minimumIp > 0;
}

/** The CIDRs that pods get addresses from, best first: the mode's own, single addresses where prefixes cannot be had. */
export function kindsOf(mode: PoolMode): readonly PoolCidr['kind'][] {
  switch (mode) {
    case 'secondary':
      return ['address'];
    case 'prefix':
      return ['prefix', 'address'];
    case 'ipv6':
      return ['ipv6-prefix'];
    default:
      return mode satisfies never;
  }
}

/** Number of addresses of an ENI that pods hold. */
export function assignedOn(eni: PoolEni): number {
  let count = 0;
  for (const { uses } of eni.cidrs.values()) for (const { kind } of uses.values()) if (kind === 'assigned') count += 1;
  return count;
}

/** Addresses in what is asked of EC2: one, or a prefix of them. */
export const unitSize = (unit: GrowthUnit): number => (unit === 'address' ? 1 : PREFIX_ADDRESSES);

/**
 * The figures of one card, over ENIs and CIDRs that stay. An ENI that takes no new pods, and a CIDR of another mode than
 * ours, count with what pods hold of them and with nothing else: nobody can be given more of them.
 */
export function figuresOf(view: PoolView, card: number, kinds: readonly PoolCidr['kind'][]): Figures {
  const figures = { total: 0, assigned: 0, free: 0, cooldown: 0, quarantine: 0, prefixes: 0, freePrefixes: 0 };
  for (const eni of view.enis.values()) {
    if (eni.card !== card || eni.leaving) continue;
    for (const cidr of eni.cidrs.values()) {
      const used = { assigned: 0, cooldown: 0, quarantine: 0 };
      for (const { kind } of cidr.uses.values()) used[kind] += 1;
      figures.assigned += used.assigned;
      if (cidr.releasing || eni.service !== 'pods' || !kinds.includes(cidr.kind)) {
        figures.total += used.assigned;
        continue;
      }
      figures.total += cidr.size;
      figures.free += cidr.size - cidr.uses.size;
      figures.cooldown += used.cooldown;
      figures.quarantine += used.quarantine;
      if (cidr.kind !== 'prefix') continue;
      figures.prefixes += 1;
      if (cidr.uses.size === 0) figures.freePrefixes += 1;
    }
  }
  let pending = 0;
  for (const growth of view.pending)
    if ((growth.kind === 'eni' ? growth.card : view.enis.get(growth.eniId)?.card) === card)
      pending += growth.count * unitSize(growth.unit);
  return { ...figures, pending };
}

/** The figures of all cards together. */
export function poolFigures(
  view: PoolView,
  limits: { readonly cards: readonly { readonly card: number }[] },
  mode: PoolMode,
): Figures {
  const sum = { total: 0, assigned: 0, free: 0, cooldown: 0, quarantine: 0, prefixes: 0, freePrefixes: 0, pending: 0 };
  for (const { card } of limits.cards) {
    const figures = figuresOf(view, card, kindsOf(mode));
    sum.total += figures.total;
    sum.assigned += figures.assigned;
    sum.free += figures.free;
    sum.cooldown += figures.cooldown;
    sum.quarantine += figures.quarantine;
    sum.prefixes += figures.prefixes;
    sum.freePrefixes += figures.freePrefixes;
    sum.pending += figures.pending;
  }
  return sum;
}

/** Addresses short of `WARM_IP_TARGET` and `MINIMUM_IP_TARGET`, and above both (ipamd reference §2.3). */
export function warmIpBalance(
  targets: Pick<PoolTargets, 'warmIp' | 'minimumIp'>,
  pool: { readonly total: number; readonly available: number },
): { readonly short: number; readonly over: number } {
  const { warmIp, minimumIp } = targets;
  return {
    short: Math.max(0, warmIp - pool.available, minimumIp - pool.total),
    over: Math.max(0, Math.min(pool.available - warmIp, pool.total - minimumIp)),
  };
}

/** The same in prefixes (ipamd reference §2.3): `total` and `assigned` in addresses, `prefixes` and `free` in prefixes. */
export function warmIpPrefixBalance(
  targets: Pick<PoolTargets, 'warmIp' | 'minimumIp'>,
  pool: { readonly prefixes: number; readonly freePrefixes: number; readonly assigned: number; readonly free: number },
): { readonly short: number; readonly over: number } {
  const { warmIp, minimumIp } = targets;
  const needed = (addresses: number): number => Math.ceil(addresses / PREFIX_ADDRESSES);
  const total = pool.prefixes * PREFIX_ADDRESSES;
  const { short } = warmIpBalance(targets, { total, available: pool.free });
  return {
    short: needed(short),
    over: Math.max(
      0,
      Math.min(pool.freePrefixes, pool.prefixes - needed(pool.assigned + warmIp), pool.prefixes - needed(minimumIp)),
    ),
  };
}

/** Free addresses wanted at hand on card 0, pods that wait for one included. */
export function wantedFree(targets: PoolTargets, slotsPerEni: number, waiting: number): number {
  if (warmIpMode(targets)) return targets.warmIp + waiting;
  const warm = targets.mode === 'prefix' ? targets.warmPrefix * PREFIX_ADDRESSES : targets.warmEni * slotsPerEni;
  // A target of 0 still asks for one address once none is left: else no pod could ever start.
  return Math.max(warm, 1) + waiting;
}

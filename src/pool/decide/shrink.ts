import { PREFIX_ADDRESSES } from '../model/range.ts';
import type { PoolAction, PoolCidr, PoolEni } from '../model/types.ts';
import { assignedOn, figuresOf, kindsOf, wantedFree, warmIpMode, warmIpPrefixBalance } from './figures.ts';
import { type DecideInput, inFallback, targetsOf } from './input.ts';

/** A younger ENI is kept: what was just wanted is likely wanted again (upstream's figure). */
export const ENI_MIN_AGE_MS = 60_000;

/** While more addresses are about to leave their cooldown, giving back waits for them: one EC2 call for all. */
const SHRINK_GATHER_MS = 3_000;

const unused = (cidr: PoolCidr): boolean => cidr.uses.size === 0 && !cidr.releasing;

/** Emptiest first and newest first among equals: so that whole ENIs empty and can go. */
const byWorth = (a: PoolEni, b: PoolEni): number => assignedOn(a) - assignedOn(b) || b.device - a.device;

const idle = (eni: PoolEni): boolean =>
  !eni.primary && !eni.efa && !eni.leaving && [...eni.cidrs.values()].every(unused);

/** The earliest moment an idle ENI that could be spared is old enough to go. */
export function nextEniAge(input: DecideInput): number | undefined {
  const ages = [...input.view.enis.values()].filter(idle).map((eni) => eni.attachedAtMs + ENI_MIN_AGE_MS);
  const later = ages.filter((at) => at > input.nowMs);
  return later.length === 0 ? undefined : Math.min(...later);
}

/** CIDRs nobody will be given: of the other mode, or on an ENI that takes no new pods. They go whatever the targets say. */
function leftovers(input: DecideInput, eni: PoolEni): readonly PoolCidr[] {
  const { mode } = input.targets;
  const kept = mode === 'prefix' && !inFallback(input) ? ['prefix'] : kindsOf(mode);
  return [...eni.cidrs.values()].filter(
    (cidr) => unused(cidr) && cidr.kind !== 'ipv6-prefix' && (eni.service !== 'pods' || !kept.includes(cidr.kind)),
  );
}

interface Excess {
  /** Addresses above the targets, wherever they are. */
  addresses: number;
  /** CIDRs that may be given back one by one. */
  cidrs: number;
}

function excessOf(input: DecideInput, card: number): Excess {
  const targets = targetsOf(input.targets, card);
  const figures = figuresOf(input.view, card, kindsOf(targets.mode));
  const above = figures.free - wantedFree(targets, input.limits.slotsPerEni, 0);
  const addresses = Math.max(0, warmIpMode(targets) ? Math.min(above, figures.total - targets.minimumIp) : above);
  if (targets.mode === 'secondary') return { addresses, cidrs: warmIpMode(targets) ? addresses : 0 };
  if (warmIpMode(targets)) return { addresses, cidrs: warmIpPrefixBalance(targets, figures).over };
  const spare = Math.max(0, figures.freePrefixes - targets.warmPrefix);
  return { addresses, cidrs: Math.min(spare, Math.floor(addresses / PREFIX_ADDRESSES)) };
}

function planCard(input: DecideInput, card: number): readonly PoolAction[] {
  const actions: PoolAction[] = [];
  const excess = excessOf(input, card);
  const kinds = kindsOf(input.targets.mode);
  const enis = [...input.view.enis.values()].filter((eni) => eni.card === card && !eni.leaving).sort(byWorth);
  for (const eni of enis) {
    const gone = leftovers(input, eni);
    const counted = [...eni.cidrs.values()].filter(
      (cidr) => unused(cidr) && kinds.includes(cidr.kind) && !gone.includes(cidr),
    );
    const free = counted.reduce((sum, cidr) => sum + cidr.size, 0);
    const oldEnough = eni.attachedAtMs + ENI_MIN_AGE_MS <= input.nowMs;
    if (input.permits.freeEnis && idle(eni) && oldEnough && free <= excess.addresses) {
      actions.push({ kind: 'delete-eni', eniId: eni.id });
      excess.addresses -= free;
      excess.cidrs -= counted.length;
      continue;
    }
    // The last ones: assignment takes the first, so these are the least likely to be wanted next.
    const spare = excess.cidrs > 0 ? counted.slice(-excess.cidrs) : [];
    excess.cidrs -= spare.length;
    excess.addresses -= spare.reduce((sum, cidr) => sum + cidr.size, 0);
    const cidrs = [...gone, ...spare].map(({ cidr }) => cidr);
    if (cidrs.length > 0) actions.push({ kind: 'unassign', eniId: eni.id, cidrs });
  }
  return actions;
}

/**
 * What can be given back: whole idle ENIs the targets can spare, CIDRs above the targets, and CIDRs nobody will be given
 * any more. Nothing while growth is under way, so that no address is given back and asked for again.
 */
export function planShrink(input: DecideInput): readonly PoolAction[] {
  const { view, nowMs, targets, limits } = input;
  if (view.pending.length > 0 || targets.mode === 'ipv6') return [];
  for (const eni of view.enis.values())
    for (const cidr of eni.cidrs.values())
      for (const use of cidr.uses.values())
        if (use.kind === 'cooldown' && use.untilMs <= nowMs + SHRINK_GATHER_MS) return [];
  return limits.cards.flatMap(({ card }) => planCard(input, card));
}

import type { PoolAction, PoolCidr, PoolEni } from '../model/types.ts';
import { assignedOn, wantedFree, warmIpMode, warmIpPrefixBalance } from './figures.ts';
import { arePodsWaiting, type CardFigures, countedKinds, type DecideInput, targetsOf } from './input.ts';
import { isUnused, leftoversOf } from './leftovers.ts';

/** A younger ENI is kept: what was just wanted is likely wanted again (upstream's figure). */
export const ENI_MIN_AGE_MS = 60_000;

/** Addresses about to leave their cooldown are waited for: one EC2 call for all. */
const GATHER_MS = 3_000;
/** But not for a few while many could go: where pods come and go all the time, some are always about to. */
const GATHER_AT_MOST = 8;
/** And not for ever: the subnet is waited for by others, too. */
export const GATHER_LIMIT_MS = 10_000;

/** Emptiest first and newest first among equals: so that whole ENIs empty and can go. */
function byWorth(enis: readonly PoolEni[]): readonly PoolEni[] {
  return enis
    .map((eni) => ({ eni, assigned: assignedOn(eni) }))
    .sort((a, b) => a.assigned - b.assigned || b.eni.device - a.eni.device)
    .map(({ eni }) => eni);
}

const idle = (eni: PoolEni): boolean =>
  !eni.primary && !eni.efa && !eni.leaving && [...eni.cidrs.values()].every(isUnused);

/** The earliest moment an idle ENI that could be spared is old enough to go. */
export function nextEniAge(input: DecideInput): number | undefined {
  const ages = [...input.view.enis.values()].filter(idle).map((eni) => eni.attachedAtMs + ENI_MIN_AGE_MS);
  const later = ages.filter((at) => at > input.nowMs);
  return later.length === 0 ? undefined : Math.min(...later);
}

interface Excess {
  /** Addresses above the targets, wherever they are. */
  addresses: number;
  /** Single addresses and prefixes that may be given back one by one. */
  address: number;
  prefix: number;
}

const NONE: Excess = { addresses: 0, address: 0, prefix: 0 };

function excessOf(input: DecideInput, { card, figures }: CardFigures): Excess {
  const targets = targetsOf(input.targets, card);
  const above = figures.free - wantedFree(targets, input.limits.slotsPerEni, 0);
  const addresses = Math.max(0, warmIpMode(targets) ? Math.min(above, figures.total - targets.minimumIp) : above);
  if (targets.mode === 'secondary') return { addresses, address: warmIpMode(targets) ? addresses : 0, prefix: 0 };
  const prefix = warmIpMode(targets)
    ? warmIpPrefixBalance(targets, figures).over
    : Math.max(0, figures.freePrefixes - targets.warmPrefix);
  return { addresses, address: addresses, prefix };
}

/** Takes what may go one by one from the end: assignment takes the first, so these are the least likely to be wanted. */
function spareOf(cidrs: readonly PoolCidr[], excess: Excess): readonly PoolCidr[] {
  const singlesLast = cidrs.toSorted((a, b) => b.size - a.size);
  const spare = singlesLast.toReversed().filter(({ kind, size }) => {
    if (kind === 'ipv6-prefix' || excess[kind] <= 0 || excess.addresses < size) return false;
    excess[kind] -= 1;
    excess.addresses -= size;
    return true;
  });
  return spare.toReversed();
}

function planCard(input: DecideInput, counted: CardFigures): readonly PoolAction[] {
  const { view, permits, nowMs } = input;
  const waits = arePodsWaiting(input);
  const { card } = counted;
  const actions: PoolAction[] = [];
  // While pods wait only what they cannot be given goes: it may be in the way of what they can.
  const excess = waits ? { ...NONE } : excessOf(input, counted);
  const kinds = countedKinds(input.targets);
  for (const eni of byWorth([...view.enis.values()].filter((one) => one.card === card && !one.leaving))) {
    const gone = leftoversOf(input, eni);
    const unused = [...eni.cidrs.values()].filter(
      (cidr) => isUnused(cidr) && kinds.includes(cidr.kind) && !gone.includes(cidr),
    );
    const free = unused.reduce((sum, cidr) => sum + cidr.size, 0);
    const oldEnough = eni.attachedAtMs + ENI_MIN_AGE_MS <= nowMs;
    const spared = waits && eni.service === 'pods';
    if (permits.freeEnis && idle(eni) && oldEnough && !spared && free <= excess.addresses) {
      actions.push({ kind: 'delete-eni', eniId: eni.id });
      excess.addresses -= free;
      for (const { kind } of unused) if (kind !== 'ipv6-prefix') excess[kind] -= 1;
      continue;
    }
    const cidrs = [...gone, ...spareOf(unused, excess)].map(({ cidr }) => cidr);
    if (cidrs.length > 0) actions.push({ kind: 'unassign', eniId: eni.id, cidrs });
  }
  return actions;
}

/** Addresses that will be free in a moment. */
function aboutToBeFree({ view, nowMs }: DecideInput): number {
  let count = 0;
  for (const eni of view.enis.values())
    for (const { uses } of eni.cidrs.values())
      for (const use of uses.values()) if (use.kind === 'cooldown' && use.untilMs <= nowMs + GATHER_MS) count += 1;
  return count;
}

/** What is given back, or waited for with. */
export interface Shrink {
  readonly actions: readonly PoolAction[];
  /** Something could go, and is kept for a moment until more can go with it. */
  readonly gathering: boolean;
}

/**
 * What can be given back: whole idle ENIs the targets can spare, CIDRs above the targets, and CIDRs nobody will be given
 * any more. Nothing while growth is under way, so that no address is given back and asked for again.
 */
export function planShrink(input: DecideInput, cards: readonly CardFigures[]): Shrink {
  const { view, targets, nowMs, gatheringSinceMs = nowMs } = input;
  if (view.pending.length > 0 || targets.mode === 'ipv6') return { actions: [], gathering: false };
  const actions = cards.flatMap((counted) => planCard(input, counted));
  const going = actions.reduce((sum, action) => {
    if (action.kind === 'unassign') return sum + action.cidrs.length;
    return sum + (action.kind === 'delete-eni' ? (view.enis.get(action.eniId)?.cidrs.size ?? 0) : 0);
  }, 0);
  const few = !arePodsWaiting(input) && going < aboutToBeFree(input) * GATHER_AT_MOST;
  const gathering = going > 0 && few && nowMs < gatheringSinceMs + GATHER_LIMIT_MS;
  return { actions: gathering ? [] : actions, gathering };
}

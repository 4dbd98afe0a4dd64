import type { Ipv4Address } from '../addr/index.ts';
import { countPool, countUse } from './counts.ts';
import { wantedFree, warmIpMode } from './growth.ts';
import type { PoolAction, PoolEni, PoolLimits, PoolState, PoolTargets } from './types.ts';

/** A younger ENI is kept: what was just wanted is likely wanted again (upstream's figure). */
export const ENI_MIN_AGE_MS = 60_000;

/** While more addresses are about to leave their cooldown, giving back waits for them: one EC2 call for all. */
const SHRINK_GATHER_MS = 3_000;

/** Addresses above the targets; only free ones count, so one in cooldown can neither be spared nor counted on. */
function excess(state: PoolState, limits: PoolLimits, targets: PoolTargets): number {
  const { free, total } = countPool(state);
  const above = free - wantedFree(limits, targets, 0);
  return Math.max(0, warmIpMode(targets) ? Math.min(above, total - targets.minimumIp) : above);
}

/** Emptiest first and newest first among equals: so that whole ENIs empty and can go. */
const byWorth = (a: PoolEni, b: PoolEni): number =>
  countUse(a, 'assigned') - countUse(b, 'assigned') || b.device - a.device;

const idle = (eni: PoolEni): boolean =>
  !eni.primary && !eni.leaving && eni.addresses.every(({ use }) => use.kind === 'free');

/** The earliest moment an idle ENI that could be spared is old enough to go. */
export function nextEniAge(state: PoolState, nowMs: number): number | undefined {
  const ages = state.enis.filter(idle).map((eni) => eni.attachedAtMs + ENI_MIN_AGE_MS);
  const later = ages.filter((at) => at > nowMs);
  return later.length === 0 ? undefined : Math.min(...later);
}

/**
 * What can be given back: whole idle ENIs the targets can spare, and in address mode the addresses above the targets.
 * Nothing while growth is under way.
 */
export function planShrink(
  state: PoolState,
  limits: PoolLimits,
  targets: PoolTargets,
  nowMs: number,
): readonly PoolAction[] {
  if (state.pending.length > 0) return [];
  const soon = state.enis.some((eni) =>
    eni.addresses.some(({ use }) => use.kind === 'cooldown' && use.untilMs <= nowMs + SHRINK_GATHER_MS),
  );
  if (soon) return [];
  const actions: PoolAction[] = [];
  let over = excess(state, limits, targets);
  for (const eni of [...state.enis].filter((candidate) => !candidate.leaving).sort(byWorth)) {
    const free = countUse(eni, 'free');
    const oldEnough = eni.attachedAtMs + ENI_MIN_AGE_MS <= nowMs;
    if (idle(eni) && oldEnough && free <= over) {
      actions.push({ kind: 'delete-eni', eniId: eni.id });
      over -= free;
    } else if (warmIpMode(targets) && over > 0 && free > 0) {
      const addresses = spare(eni, Math.min(free, over));
      actions.push({ kind: 'unassign-addresses', eniId: eni.id, addresses });
      over -= addresses.length;
    }
  }
  return actions;
}

/** The last free addresses of the ENI: assignment takes the first, so the last rested longest. */
function spare(eni: PoolEni, count: number): readonly Ipv4Address[] {
  return eni.addresses
    .filter(({ use }) => use.kind === 'free')
    .slice(-count)
    .map(({ address }) => address);
}

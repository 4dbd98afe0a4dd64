import { countPool } from './counts.ts';
import type { PoolAction, PoolEni, PoolLimits, PoolState, PoolTargets } from './types.ts';

/** Reports whether targets are set in addresses rather than in whole ENIs. */
export function warmIpMode(targets: PoolTargets): boolean {
  return targets.warmIp > 0 || targets.minimumIp > 0;
}

/** Free addresses wanted at hand, pods that wait for one included. */
export function wantedFree(limits: PoolLimits, targets: PoolTargets, waiting: number): number {
  if (warmIpMode(targets)) return targets.warmIp + waiting;
  // A whole-ENI target of 0 still asks for one address once none is left: else no pod could ever start.
  return Math.max(targets.warmEni * limits.addressesPerEni, 1) + waiting;
}

/** Addresses missing to the targets, counting what EC2 was already asked for. */
export function shortage(state: PoolState, limits: PoolLimits, targets: PoolTargets, waiting: number): number {
  const { total, free, pending } = countPool(state);
  const room = limits.maxPods - total - pending;
  const floor = warmIpMode(targets) ? targets.minimumIp - total - pending : 0;
  return Math.max(0, Math.min(Math.max(wantedFree(limits, targets, waiting) - free - pending, floor), room));
}

const held = (state: PoolState, eni: PoolEni): number =>
  eni.addresses.length +
  state.pending.reduce(
    (sum, growth) => sum + (growth.kind === 'addresses' && growth.eniId === eni.id ? growth.count : 0),
    0,
  );

/** The lowest device numbers no ENI has and none is being made for. */
function freeDevices(state: PoolState, limits: PoolLimits): readonly number[] {
  const taken = new Set([
    ...state.enis.map((eni) => eni.device),
    ...state.foreignDevices,
    ...state.pending.flatMap((growth) => (growth.kind === 'eni' ? [growth.device] : [])),
  ]);
  const slots = limits.maxEnis - taken.size;
  const devices: number[] = [];
  for (let device = 1; devices.length < slots; device++) if (!taken.has(device)) devices.push(device);
  return devices;
}

/**
 * The whole way to the targets at once: fill the ENIs that are there, then as many new ones as it takes. In whole-ENI
 * mode every request is for all an ENI can hold; always capped by what `maxPods` can use.
 */
export function planGrowth(
  state: PoolState,
  limits: PoolLimits,
  targets: PoolTargets,
  waiting: number,
): readonly PoolAction[] {
  const actions: PoolAction[] = [];
  const { total, pending } = countPool(state);
  let short = shortage(state, limits, targets, waiting);
  let room = limits.maxPods - total - pending;
  const take = (space: number): number => {
    const count = Math.min(space, room, warmIpMode(targets) ? short : space);
    short -= count;
    room -= count;
    return count;
  };
  const growable = state.enis.filter((eni) => !eni.leaving).sort((a, b) => a.device - b.device);
  for (const eni of growable) {
    const space = limits.addressesPerEni - held(state, eni);
    if (short <= 0 || space <= 0) continue;
    actions.push({ kind: 'assign-addresses', eniId: eni.id, count: take(space) });
  }
  // An ENI on its way has room for more than was asked with it: once it is there, one call fills it.
  short -= state.pending.reduce(
    (sum, growth) => sum + (growth.kind === 'eni' ? limits.addressesPerEni - growth.count : 0),
    0,
  );
  for (const device of freeDevices(state, limits)) {
    if (short <= 0) break;
    actions.push({ kind: 'create-eni', device, count: take(limits.addressesPerEni) });
  }
  return actions;
}

import { PREFIX_ADDRESSES } from '../model/range.ts';
import type { GrowthUnit, PoolAction, PoolEni, PoolLimits, PoolView } from '../model/types.ts';
import { assignedOn, figuresOf, kindsOf, wantedFree, warmIpMode } from './figures.ts';
import { type DecideInput, inFallback, targetsOf } from './input.ts';

/** Addresses missing to the targets on a card, counting what EC2 was already asked for; never more than pods can use. */
export function shortage(input: DecideInput, card: number, waiting: number): number {
  const targets = targetsOf(input.targets, card);
  const { total, free, pending } = figuresOf(input.view, card, kindsOf(targets.mode));
  const room = input.limits.maxPods - total - pending;
  const floor = warmIpMode(targets) ? targets.minimumIp - total - pending : 0;
  const wanted = wantedFree(targets, input.limits.slotsPerEni, waiting);
  return Math.max(0, Math.min(Math.max(wanted - free - pending, floor), room));
}

/** Slots of an ENI that hold nothing and for which nothing was asked. */
export function freeSlots(view: PoolView, limits: PoolLimits, eni: PoolEni): number {
  const asked = view.pending.reduce(
    (sum, growth) => sum + (growth.kind === 'assign' && growth.eniId === eni.id ? growth.count : 0),
    0,
  );
  return Math.max(0, limits.slotsPerEni - eni.cidrs.size - asked);
}

/** The lowest device numbers of a card that no ENI has and none is being made for. */
export function freeDevices(input: DecideInput, card: number): readonly number[] {
  const { view, limits, trunkReserve } = input;
  const taken = new Set([
    ...[...view.enis.values()].flatMap((eni) => (eni.card === card ? [eni.device] : [])),
    ...view.foreign.flatMap((foreign) => (foreign.card === card ? [foreign.device] : [])),
    ...view.pending.flatMap((growth) => (growth.kind === 'eni' && growth.card === card ? [growth.device] : [])),
  ]);
  const most = limits.cards.find((limit) => limit.card === card)?.maxEnis ?? 0;
  const slots = most - taken.size - (card === 0 ? trunkReserve : 0);
  const devices: number[] = [];
  // Device 0 of card 0 is the primary ENI's, whatever we know of it.
  for (let device = card === 0 ? 1 : 0; devices.length < slots; device++) if (!taken.has(device)) devices.push(device);
  return devices;
}

/** What is asked of EC2 for an ENI in this subnet; `undefined` when prefixes are wanted and there are none. */
function unitFor(input: DecideInput, fragmented: boolean): Exclude<GrowthUnit, 'ipv6-prefix'> | undefined {
  if (input.targets.mode === 'secondary') return 'address';
  if (!fragmented) return 'prefix';
  return inFallback(input) ? 'address' : undefined;
}

const growable = (eni: PoolEni, card: number): boolean => eni.card === card && eni.service === 'pods' && !eni.leaving;

/** The fullest first: what is given next is given from there, and emptier ones can go. */
const byFill = (a: PoolEni, b: PoolEni): number => assignedOn(b) - assignedOn(a) || a.device - b.device;

/**
 * The whole way to the targets of a card at once: fill the ENIs that are there, then as many new ones as it takes. In
 * whole-ENI mode every request is for all that an ENI can hold.
 */
function planCard(input: DecideInput, card: number, waiting: number): readonly PoolAction[] {
  const { view, limits } = input;
  const targets = targetsOf(input.targets, card);
  const { total, pending } = figuresOf(view, card, kindsOf(targets.mode));
  let short = shortage(input, card, waiting);
  let room = limits.maxPods - total - pending;
  const wholeEnis = targets.mode === 'secondary' && !warmIpMode(targets);
  const take = (slots: number, unit: GrowthUnit): number => {
    const size = unit === 'address' ? 1 : PREFIX_ADDRESSES;
    const count = Math.min(slots, Math.ceil(room / size), wholeEnis ? slots : Math.ceil(short / size));
    short -= count * size;
    room -= count * size;
    return count;
  };
  const actions: PoolAction[] = [];
  for (const eni of [...view.enis.values()].filter((one) => growable(one, card)).sort(byFill)) {
    const slots = freeSlots(view, limits, eni);
    const unit = unitFor(input, input.fragmented.has(eni.subnetId));
    if (short <= 0 || slots <= 0 || unit === undefined) continue;
    actions.push({ kind: 'assign', eniId: eni.id, unit, count: take(slots, unit) });
  }
  // An ENI on its way has room for more than was asked with it: once it is there, one call fills it.
  for (const growth of view.pending)
    if (growth.kind === 'eni' && growth.card === card)
      short -= (limits.slotsPerEni - growth.count) * (growth.unit === 'address' ? 1 : PREFIX_ADDRESSES);
  const unit = unitFor(input, input.newEniFragmented);
  if (unit === undefined) return actions;
  for (const device of freeDevices(input, card)) {
    if (short <= 0) break;
    actions.push({ kind: 'create-eni', card, device, unit, count: take(limits.slotsPerEni, unit) });
  }
  return actions;
}

/** One /80 on each card serves all its pods: on the primary ENI, or on a new one where the card has none for pods. */
function planIpv6(input: DecideInput, card: number): readonly PoolAction[] {
  const unit = 'ipv6-prefix';
  const { view } = input;
  const enis = [...view.enis.values()].filter((eni) => growable(eni, card));
  const underWay = view.pending.some(
    (growth) => (growth.kind === 'eni' ? growth.card : view.enis.get(growth.eniId)?.card) === card,
  );
  if (underWay || enis.some((eni) => [...eni.cidrs.values()].some(({ kind }) => kind === unit))) return [];
  const [first] = enis;
  if (first !== undefined) return [{ kind: 'assign', eniId: first.id, unit, count: 1 }];
  const [device] = freeDevices(input, card);
  return device === undefined ? [] : [{ kind: 'create-eni', card, device, unit, count: 1 }];
}

/** What to ask EC2 for so that every card reaches its targets, and pods that wait are served. */
export function planGrowth(input: DecideInput): readonly PoolAction[] {
  let waiting = input.waiting;
  return input.limits.cards.flatMap(({ card }) => {
    if (input.targets.mode === 'ipv6') return planIpv6(input, card);
    const actions = planCard(input, card, waiting);
    const served = figuresOf(input.view, card, kindsOf(input.targets.mode));
    const asked = actions.reduce(
      (sum, action) =>
        sum + ('count' in action ? action.count * (action.unit === 'address' ? 1 : PREFIX_ADDRESSES) : 0),
      0,
    );
    // What this card cannot give is wanted of the next one: an ordinary pod takes an address of any card.
    waiting = Math.max(0, waiting - served.free - served.pending - asked);
    return actions;
  });
}

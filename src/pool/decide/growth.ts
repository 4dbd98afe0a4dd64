import type { GrowthUnit, PoolAction, PoolEni, PoolLimits, PoolView } from '../model/types.ts';
import { assignedOn, type Figures, unitSize, wantedFree, warmIpMode } from './figures.ts';
import { type CardFigures, type DecideInput, hasNoSlot, targetsOf } from './input.ts';
import { isClearing } from './leftovers.ts';

/**
 * Addresses a card may still be given: pods cannot use more than max-pods allows. For pods that wait, addresses nobody
 * can be given do not count: a full node whose pods are replaced does not have to wait for the old ones' to rest.
 */
function roomOf({ limits }: DecideInput, figures: Figures, waiting: number): number {
  const resting = Math.min(waiting, figures.cooldown + figures.quarantine);
  return limits.maxPods - figures.total - figures.pending + resting;
}

/** Addresses missing to the targets on a card, counting what EC2 was already asked for. */
function shortageOf(input: DecideInput, card: number, { figures, waiting }: Need): number {
  const targets = targetsOf(input.targets, card);
  const { total, free, pending } = figures;
  const floor = warmIpMode(targets) ? targets.minimumIp - total - pending : 0;
  const wanted = wantedFree(targets, input.limits.slotsPerEni, waiting) - free - pending;
  return Math.max(0, Math.min(Math.max(wanted, floor), roomOf(input, figures, waiting)));
}

interface Need {
  readonly figures: Figures;
  readonly waiting: number;
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
function unitFor({ targets }: DecideInput, fragmented: boolean): GrowthUnit | undefined {
  if (targets.mode === 'secondary') return 'address';
  if (!fragmented) return 'prefix';
  return targets.fallbackToAddresses ? 'address' : undefined;
}

const growable = (eni: PoolEni, card: number): boolean => eni.card === card && eni.service === 'pods' && !eni.leaving;

/** The fullest first: what is given next is given from there, and emptier ones can go. */
function byFill(enis: readonly PoolEni[]): readonly PoolEni[] {
  return enis
    .map((eni) => ({ eni, assigned: assignedOn(eni) }))
    .sort((a, b) => b.assigned - a.assigned || a.eni.device - b.eni.device)
    .map(({ eni }) => eni);
}

/**
 * The whole way to the targets of a card at once: fill the ENIs that are there, then as many new ones as it takes. In
 * whole-ENI mode every request is for all that an ENI can hold. Subnets that were full lately are left out.
 */
function planCard(input: DecideInput, card: number, need: Need): readonly PoolAction[] {
  const { view, limits } = input;
  const targets = targetsOf(input.targets, card);
  let short = shortageOf(input, card, need);
  let room = roomOf(input, need.figures, need.waiting);
  if (short <= 0) return [];
  const wholeEnis = targets.mode === 'secondary' && !warmIpMode(targets);
  const actions: PoolAction[] = [];
  const take = (slots: number, unit: GrowthUnit): number => {
    const size = unitSize(unit);
    const count = Math.min(slots, Math.ceil(room / size), wholeEnis ? slots : Math.ceil(short / size));
    short -= count * size;
    room -= count * size;
    return count;
  };
  const enis = byFill([...view.enis.values()].filter((eni) => growable(eni, card)));
  for (const eni of enis) {
    const slots = freeSlots(view, limits, eni);
    const unit = unitFor(input, input.fragmented.has(eni.subnetId));
    if (short <= 0 || slots <= 0 || unit === undefined || input.full.has(eni.subnetId)) continue;
    actions.push({ kind: 'assign', eniId: eni.id, unit, count: take(slots, unit) });
  }
  // An ENI on its way has room for more than was asked with it: once it is there, one call fills it.
  for (const growth of view.pending)
    if (growth.kind === 'eni' && growth.card === card)
      short -= (limits.slotsPerEni - growth.count) * unitSize(growth.unit);
  const unit = unitFor(input, input.newEniFragmented);
  // A new ENI is dear: slots that are about to be free are waited for.
  if (unit === undefined || input.newEniFull || enis.some((eni) => isClearing(input, eni))) return actions;
  if (hasNoSlot(input, card)) return actions;
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
  return device === undefined || hasNoSlot(input, card) ? [] : [{ kind: 'create-eni', card, device, unit, count: 1 }];
}

const addressesIn = (action: PoolAction): number => ('count' in action ? action.count * unitSize(action.unit) : 0);

/** What to ask EC2 for so that every card reaches its targets, and pods that wait are served. */
export function planGrowth(input: DecideInput, cards: readonly CardFigures[]): readonly PoolAction[] {
  let { waiting } = input;
  return cards.flatMap(({ card, figures }) => {
    if (input.targets.mode === 'ipv6') return planIpv6(input, card);
    const bound = input.waitingOn?.get(card) ?? 0;
    const actions = planCard(input, card, { figures, waiting: waiting + bound });
    const asked = actions.reduce((sum, action) => sum + addressesIn(action), 0);
    // What this card cannot give is wanted of the next one: an ordinary pod takes an address of any card.
    waiting = Math.max(0, waiting - Math.max(0, figures.free + figures.pending + asked - bound));
    return actions;
  });
}

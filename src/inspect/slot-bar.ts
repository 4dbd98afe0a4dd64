import type { StatusAddress } from '../cniproto/index.ts';
import type { Screen } from './screen.ts';

/** What a cell of a bar stands for, in the order of the bar. */
export const SLOT_STATES = ['assigned', 'cooldown', 'quarantine', 'releasing', 'free', 'empty'] as const;
export type SlotState = (typeof SLOT_STATES)[number];

const ASCII: Readonly<Record<SlotState, string>> = {
  assigned: '#',
  cooldown: '~',
  quarantine: '!',
  releasing: '<',
  free: '-',
  empty: '.',
};
const BLOCKS: Readonly<Record<SlotState, string>> = { ...ASCII, assigned: '█', cooldown: '▒', free: '░', empty: '·' };

const charactersOf = ({ unicode }: Pick<Screen, 'unicode'>): Readonly<Record<SlotState, string>> =>
  unicode ? BLOCKS : ASCII;

/** How many of an ENI's slots are in each state; `capacity` is what the instance type lets it hold, in addresses. */
export function slotsOf(
  addresses: readonly Pick<StatusAddress, 'state'>[],
  capacity: number,
): Readonly<Record<SlotState, number>> {
  const counts = { assigned: 0, cooldown: 0, quarantine: 0, releasing: 0, free: 0, empty: 0 };
  for (const { state } of addresses) counts[state] += 1;
  return { ...counts, empty: Math.max(0, capacity - addresses.length) };
}

/**
 * Cells for each state, `cells` in all or fewer when there are fewer slots. In a bar that is too short each cell stands for
 * several, by largest remainder, and no state that there is goes unseen.
 */
function cellsOf(slots: Readonly<Record<SlotState, number>>, cells: number): readonly (readonly [SlotState, number])[] {
  const there = SLOT_STATES.filter((state) => slots[state] > 0);
  const total = there.reduce((sum, state) => sum + slots[state], 0);
  if (total <= cells) return there.map((state) => [state, slots[state]]);
  const spare = cells - there.length;
  const shares = there.map((state) => {
    const exact = (slots[state] / total) * spare;
    return { state, whole: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  const left = spare - shares.reduce((sum, { whole }) => sum + whole, 0);
  const luckier = new Set([...shares].sort((a, b) => b.rest - a.rest).slice(0, left));
  return shares.map((share) => [share.state, 1 + share.whole + (luckier.has(share) ? 1 : 0)]);
}

/** The slots of an ENI as one word of at most `cells` characters. */
export function slotBar(
  slots: Readonly<Record<SlotState, number>>,
  cells: number,
  screen: Pick<Screen, 'unicode'>,
): string {
  const characters = charactersOf(screen);
  return cellsOf(slots, Math.max(cells, SLOT_STATES.length))
    .map(([state, count]) => characters[state].repeat(count))
    .join('');
}

/** What the characters of these bars mean, for the states that are among them. */
export function slotLegend(
  bars: readonly Readonly<Record<SlotState, number>>[],
  screen: Pick<Screen, 'unicode'>,
): string {
  const characters = charactersOf(screen);
  return SLOT_STATES.filter((state) => bars.some((slots) => slots[state] > 0))
    .map((state) => `${characters[state]} ${state}`)
    .join(', ');
}

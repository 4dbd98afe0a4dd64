/** The next number of a row of chances, at least 0 and below 1. */
export type Chance = () => number;

/** A row of chances that repeats for equal seeds (Mulberry32), so that a disturbed run can be repeated. */
export function createChance(seed: number): Chance {
  let state = Math.trunc(seed) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { type MacAddress, parseMac } from '../../addr/index.ts';

/** Makes identifiers that look like EC2's and repeat from run to run. */
export interface IdSource {
  /** `PREFIX-` and 17 hexadecimal digits, never twice the same. */
  next(prefix: string): string;
  /** A locally administered unicast MAC, as EC2 gives them; may repeat after many, so the caller checks. */
  mac(): MacAddress;
  /** A number of 64 bits. */
  number64(): bigint;
}

const MASK = (1n << 64n) - 1n;

/** The mixing steps of SplitMix64: one number in, one out, no two alike. */
function scramble(value: bigint): bigint {
  let z = value & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** An id source for a seed. Equal seeds give equal ids, so that a run can be repeated and its log compared. */
export function createIdSource(seed: number): IdSource {
  let state = scramble(BigInt(Math.trunc(seed)));
  const number64 = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    return scramble(state);
  };
  const draw = (): string => number64().toString(16).padStart(16, '0');
  return {
    number64,
    next: (prefix) => `${prefix}-0${draw()}`,
    mac: () =>
      parseMac(
        `02:${draw()
          .slice(0, 10)
          .replace(/..(?!$)/g, '$&:')}`,
      ),
  };
}

/** The pool of prefixes, cards and both families: what the daemon changes over to. */

export { type Decision, decide } from './decide/decide.ts';
export {
  assignedOn,
  type Figures,
  figuresOf,
  kindsOf,
  warmIpBalance,
  warmIpMode,
  warmIpPrefixBalance,
} from './decide/figures.ts';
export type { DecideInput } from './decide/input.ts';
export { ENI_MIN_AGE_MS } from './decide/shrink.ts';
export { sameOwner } from './model/allocations.ts';
export type { EniFacts } from './model/attached-eni.ts';
export { type Choice, Pool, type Request } from './model/pool.ts';
export { addressIn, keysAround, kindOfCidr, PREFIX_ADDRESSES } from './model/range.ts';
export type * from './model/types.ts';

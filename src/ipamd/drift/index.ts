/** Puts back what somebody takes away of our state in the kernel. */
export { Drift } from './drift.ts';
export { REPAIR_KINDS, type RepairKind } from './matters.ts';

/** The warm pool: ENIs, addresses and who holds them, what to ask EC2 for next, and how it survives a restart. Pure. */
export {
  type CheckedPool,
  checkPool,
  VIOLATION_CODES,
  type Violation,
  type ViolationCode,
} from './checks/check-pool.ts';
export { type TargetBalance, targetBalance } from './decide/balance.ts';
export { type Decision, decide } from './decide/decide.ts';
export {
  assignedOn,
  type Figures,
  figuresOf,
  kindsOf,
  poolFigures,
  warmIpBalance,
  warmIpMode,
  warmIpPrefixBalance,
} from './decide/figures.ts';
export { cardsOf, type DecideInput } from './decide/input.ts';
export { explainRefusal, type Refusal } from './decide/refusal.ts';
export { ENI_MIN_AGE_MS } from './decide/shrink.ts';
export { viewWith } from './decide/view-with.ts';
export { podRoomRequest, poolLimits, poolTargets } from './from-settings.ts';
export { exportAllocations, importAllocations, joinCards, splitCards } from './handover.ts';
export {
  type Doubt,
  type EniAttachmentFacts,
  type Intent,
  type JournalRecord,
  type KnownEni,
  type Memory,
  NOTHING_REMEMBERED,
} from './journal/memory.ts';
export { renderJournalHeader, renderRecords } from './journal/parse-journal.ts';
export { renderSideFile, type SideFile } from './journal/parse-side-file.ts';
export { MEMORY_FILES, type MemoryDamage, type MemoryFile, type Recollection, recall } from './journal/recall.ts';
export { sameOwner } from './model/allocations.ts';
export type { EniFacts } from './model/attached-eni.ts';
export { Pool } from './model/pool.ts';
export { addressIn, keysAround, kindOfCidr, PREFIX_ADDRESSES } from './model/range.ts';
export type { Choice, Request } from './model/request.ts';
export type * from './model/types.ts';
export { parseCheckpoint, renderCheckpoint, type Survey, surveyCheckpoint } from './parse-checkpoint.ts';
export { parseLease, renderLease } from './parse-lease.ts';
export { type EniConfig, type EniConfigChoice, eniConfigName } from './placement/eni-config.ts';
export { type AttachedFacts, type Claim, isManaged, roleOf } from './placement/managed.ts';
export {
  isExcluded,
  SUBNET_RESTS_MS,
  type SubnetAsker,
  type SubnetFacts,
  subnetsForNewEni,
  takesNewEnis,
} from './placement/subnets.ts';
export {
  compareInventory,
  differenceKeys,
  type Inventory,
  type InventoryDifference,
} from './truth/compare-inventory.ts';
export { compareKernel, type EniLinkFact, type KernelDifference, type KernelFacts } from './truth/compare-kernel.ts';
export { type Finding, resolveTruth, type Truth, type TruthInput } from './truth/resolve-truth.ts';

/** The warm pool as values: addresses and their use, what to ask EC2 for next, and how it survives a restart. Pure. */
export {
  type Allocation,
  assignAddress,
  findAllocation,
  listAllocations,
  releaseAddress,
  sameOwner,
  withUse,
} from './assign.ts';
export {
  EMPTY_POOL,
  withAddresses,
  withEni,
  withLeaving,
  withoutAddresses,
  withoutEni,
  withoutForeignDevice,
  withoutPending,
  withPending,
} from './change.ts';
export { countPool, countUse, endCooldowns } from './counts.ts';
export { type DecisionInput, decide } from './decide.ts';
export { shortage } from './growth.ts';
export { exportAllocations, importAllocations } from './handover.ts';

import * as next from './next.ts';

export { parseCheckpoint, renderCheckpoint, type Survey, surveyCheckpoint } from './parse-checkpoint.ts';
export { explainRefusal, type Refusal } from './refusal.ts';
export { type RestoreInput, restorePool } from './restore.ts';
export { ENI_MIN_AGE_MS } from './shrink.ts';
export type {
  AddressUse,
  Decision,
  Orphan,
  Owner,
  PendingGrowth,
  PoolAction,
  PoolAddress,
  PoolCounts,
  PoolEni,
  PoolLimits,
  PoolState,
  PoolTargets,
} from './types.ts';
export { next };

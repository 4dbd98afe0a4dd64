import { type ErrorCode, HostError } from '../errors/index.ts';
import { explainRefusal, type Pool, poolFigures } from '../pool/index.ts';
import type { Node } from './parts.ts';

/** Refusals that pass by themselves within the time an ADD waits; any other cause is told to the runtime at once. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['POOL_GROWING', 'COOLDOWN_WAIT', 'EC2_THROTTLED', 'EC2_UNREACHABLE']);

/** EC2 counts an ENI that we do not. */
export const NO_SLOT: ReadonlySet<ErrorCode> = new Set(['ENI_ATTACH_LIMIT', 'ENI_SLOT_TAKEN']);

/** Whether a pod should wait on; `looking` while EC2 is being asked which ENIs there are. */
export function passes(refusal: HostError, looking: boolean): boolean {
  const { code, cause } = refusal;
  if (code === 'CARD_EMPTY') return cause instanceof HostError && passes(cause, looking);
  return PASSING.has(code) || (looking && NO_SLOT.has(code));
}

type Parts = Pick<Node, 'clock' | 'limits' | 'targets' | 'identity'>;

/**
 * Why no address can be handed out now; `undefined` when one can. `failure` is what growth failed with last, `because`
 * why the pool may not grow.
 */
export function refusalOf(
  parts: Parts,
  pool: Pool,
  why: { readonly failure: HostError | undefined; readonly because: string | undefined },
): HostError | undefined {
  const { failure, because } = why;
  const { limits, targets, identity, clock } = parts;
  const nowMs = clock.monotonic();
  pool.endCooldowns(nowMs);
  if (poolFigures(pool, limits, targets.mode).free > 0) return undefined;
  const refusal = explainRefusal(pool, limits, targets.mode, nowMs);
  const { instanceType } = identity;
  switch (refusal.kind) {
    case 'growing':
      return growingRefusal(parts, pool, failure);
    case 'cooldown':
      return new HostError('COOLDOWN_WAIT', { cooldown: refusal.count, waitMs: refusal.waitMs }, failure);
    case 'full': {
      const limit = limits.cards.reduce((sum, { maxEnis }) => sum + maxEnis, 0);
      return new HostError('ENI_LIMIT', { ...refusal, instanceType, limit }, failure);
    }
    case 'short':
      if (because !== undefined) return new HostError('POOL_FIXED', { reason: because });
      return failure ?? growingRefusal(parts, pool, failure);
    default:
      return refusal satisfies never;
  }
}

/** The same of one network card: `CARD_EMPTY`, with the reason as its cause. */
export function cardRefusal(
  parts: Parts,
  pool: Pool,
  why: { readonly failure: HostError | undefined; readonly because: string | undefined; readonly card: number },
): HostError | undefined {
  const { card } = why;
  const cards = parts.limits.cards.filter((each) => each.card === card);
  const refusal = refusalOf({ ...parts, limits: { ...parts.limits, cards } }, pool, why);
  if (refusal === undefined) return undefined;
  return new HostError('CARD_EMPTY', { card, code: refusal.code, reason: refusal.message }, refusal);
}

/** The refusal of a pod that has waited for growth under way. */
export function growingRefusal({ limits, targets }: Parts, pool: Pool, failure: HostError | undefined): HostError {
  return new HostError('POOL_GROWING', { wanted: poolFigures(pool, limits, targets.mode).pending }, failure);
}

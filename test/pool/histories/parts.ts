import type {
  Intent,
  Owner,
  PendingGrowth,
  Pool,
  PoolAction,
  PoolLimits,
  PoolTargets,
} from '../../../src/pool/index.ts';

export const COOLDOWN_MS = 30_000;
/** How long growth rests after EC2 refused it. */
export const REST_MS = 30_000;

/** How EC2 answers: what was asked is done or not, and the caller hears of it or not. */
export type Outcome = 'ok' | 'refused' | 'lost' | 'unheard';

/** One request to EC2 that has no answer yet. */
export interface UnderWay {
  readonly action: PoolAction;
  readonly growth: PendingGrowth | undefined;
  readonly intent: Intent | undefined;
}

/** A daemon that lives. */
export interface Daemon {
  readonly pool: Pool;
  readonly underWay: UnderWay[];
  readonly waiting: Map<string, Owner>;
  /** Begun and not ended, whatever the journal could be told of it. */
  readonly intents: Map<string, Intent>;
  /** EC2 has told what there is; before that nothing is asked of it. */
  sure: boolean;
}

/** What a node may hold and should; `room`: addresses its subnet has. */
export interface Settings {
  readonly limits: PoolLimits;
  readonly targets: PoolTargets;
  readonly room: number;
}

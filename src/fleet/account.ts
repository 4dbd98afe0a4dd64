import { type Ec2Action, RATES, TokenBucket } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import type { WorldSpec } from './scenario.ts';
import type { Tally } from './tally.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What everybody of a simulation works with. */
export interface Sky {
  readonly time: VirtualTime;
  /** Numbers in [0, 1). */
  readonly chance: () => number;
  readonly world: WorldSpec;
  readonly tally: Tally;
}

/** A time that is never quite the same: between half and one and a half of the usual. */
export const about = ({ chance }: Pick<Sky, 'chance'>, ms: number): number => ms * (0.5 + chance());

/** EC2's side of an account in a region: one token bucket for each action, which all nodes share. */
export class Account {
  readonly #sky: Sky;
  readonly #buckets = new Map<Ec2Action, TokenBucket>();

  constructor(sky: Sky) {
    this.#sky = sky;
  }

  /** One request on its way to EC2 and back. Throws `EC2_THROTTLED`, or what `work` refuses. */
  async ask<T>(action: Ec2Action, work: () => T): Promise<T> {
    const { time, world, tally } = this.#sky;
    await time.sleep(about(this.#sky, world.callMs));
    if (!this.#grants(action)) {
      tally.called(action, 'throttled');
      throw new HostError('EC2_THROTTLED', {
        action,
        reason: 'Request limit exceeded.',
        ec2Code: 'RequestLimitExceeded',
      });
    }
    try {
      const answer = work();
      tally.called(action, 'granted');
      tally.changedAtMs = time.monotonic();
      return answer;
    } catch (error) {
      tally.called(action, 'refused');
      throw error;
    }
  }

  /** EC2 takes a token or refuses at once; it lets nobody wait. */
  #grants(action: Ec2Action): boolean {
    const { rate } = this.#sky.world;
    if (rate === Number.POSITIVE_INFINITY) return true;
    const { size, perSecond } = RATES[action];
    const bucket = this.#buckets.get(action) ?? new TokenBucket({ size: size * rate, perSecond: perSecond * rate });
    this.#buckets.set(action, bucket);
    return bucket.take(this.#sky.time.monotonic(), 0).taken;
  }
}

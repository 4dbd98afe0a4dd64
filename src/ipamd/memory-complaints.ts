import { HostError } from '../errors/index.ts';
import type { MemoryDamage } from '../pool/index.ts';
import type { Clock } from '../sys/index.ts';
import { type Complaint, named } from './conditions.ts';
import type { Store } from './store.ts';

/** How long a start goes on telling what it found: nothing is to be done, but somebody should have seen it. */
const TOLD_MS = 3_600_000;

/** What can be wrong about the state files: what this start found broken or missing, and that they cannot be written. */
export function complaintsOfMemory(
  store: Pick<Store, 'failure'>,
  found: {
    readonly clock: Pick<Clock, 'monotonic'>;
    readonly damage: readonly MemoryDamage[];
    /** Running pods that no file knew. */
    readonly fromKernel: number;
  },
): readonly Complaint[] {
  const { clock, damage, fromKernel } = found;
  const foundMs = clock.monotonic();
  const files = damage.map(({ file, reason }) => `${file} (${reason})`);
  const error =
    damage.length + fromKernel === 0
      ? undefined
      : new HostError('STATE_DAMAGED', { files: files.length === 0 ? 'none' : named(files), pods: fromKernel });
  return [() => (clock.monotonic() - foundMs < TOLD_MS ? error : undefined), () => store.failure];
}

import { type ErrorCode, toHostError } from '../errors/index.ts';
import type { Clock } from '../sys/index.ts';
import { backoffMs } from './backoff.ts';
import type { Ec2 } from './types.ts';

// EC2 takes seconds to detach and refuses the deletion until then (upstream's ladder: 12 tries, 5 minutes).
const TRIES = 12;

/** Refusals that no waiting cures. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['IAM_DENIED', 'EC2_CREDENTIALS']);

/**
 * Detaches and deletes an ENI, however far it is on that way already; one that is gone is done. Needs no describe: the
 * deletion is tried again until EC2 has detached. Throws what EC2 said last when the ENI will not go.
 */
export async function removeEni(
  edges: { readonly ec2: Pick<Ec2, 'detachEni' | 'deleteEni'>; readonly clock: Pick<Clock, 'sleep'> },
  eni: { readonly eniId: string; readonly attachmentId: string | undefined },
): Promise<void> {
  const { ec2, clock } = edges;
  const { eniId, attachmentId } = eni;
  let attached = attachmentId !== undefined;
  for (let attempt = 1; ; attempt++)
    try {
      // EC2 refuses to detach what it is still attaching, so the detachment has its place in the ladder too.
      if (attached && attachmentId !== undefined) await unlessGone(ec2.detachEni({ attachmentId }));
      attached = false;
      return await unlessGone(ec2.deleteEni({ eniId }));
    } catch (error) {
      if (attempt >= TRIES || FINAL.has(toHostError(error).code)) throw error;
      // Not less than half the delay: a detachment under way is not made faster by asking.
      await clock.sleep(backoffMs({ attempt, random: 0.5 + Math.random() / 2 }));
    }
}

/** What is not found is what we wanted: somebody, or an earlier try, was faster. */
async function unlessGone(request: Promise<void>): Promise<void> {
  await request.catch((error: unknown) => {
    if (toHostError(error).code !== 'EC2_NOT_FOUND') throw error;
  });
}

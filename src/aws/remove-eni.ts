import { toHostError } from '../errors/index.ts';
import type { Clock } from '../sys/index.ts';
import { insist } from './insist.ts';
import type { Ec2 } from './types.ts';

// EC2 takes seconds to detach and refuses the deletion until then (upstream's ladder: 12 tries, 5 minutes).
const TRIES = 12;

/**
 * Detaches and deletes an ENI, however far it is on that way already; one that is gone is done. Needs no describe: the
 * deletion is tried again until EC2 has detached. Throws what EC2 said last when the ENI will not go, and the signal's
 * reason when it is told to stop between two tries.
 */
export async function removeEni(
  edges: {
    readonly ec2: Pick<Ec2, 'detachEni' | 'deleteEni'>;
    readonly clock: Pick<Clock, 'sleep'>;
    readonly signal?: AbortSignal;
    /** Before what EC2 says is final; enough for any detachment when it is not given. */
    readonly tries?: number;
    readonly random?: () => number;
  },
  eni: { readonly eniId: string; readonly attachmentId: string | undefined },
): Promise<void> {
  const { ec2, clock, signal, tries = TRIES, random } = edges;
  const { eniId, attachmentId } = eni;
  let attached = attachmentId !== undefined;
  await insist({ clock, tries, signal, random }, async () => {
    // EC2 refuses to detach what it is still attaching, so the detachment has its place in the ladder too.
    if (attached && attachmentId !== undefined) await unlessGone(ec2.detachEni({ attachmentId }));
    attached = false;
    await unlessGone(ec2.deleteEni({ eniId }));
  });
}

/** What is not found is what we wanted: somebody, or an earlier try, was faster. */
async function unlessGone(request: Promise<void>): Promise<void> {
  await request.catch((error: unknown) => {
    if (toHostError(error).code !== 'EC2_NOT_FOUND') throw error;
  });
}

import type { EniDescription } from '../../aws/index.ts';
import { ENI_TAG } from '../../vpc/index.ts';

/** A younger ENI may be on its way to its node. */
const LEAST_AGE_MS = 300_000;
/** How descriptions of ENIs of this CNI begin, upstream's and ours. */
const DESCRIPTION = 'aws-K8S-';

/** What is to be done with an unattached ENI. */
export type Verdict =
  | { readonly kind: 'leave'; readonly why: string }
  /** Its age cannot be told: its clock starts now. */
  | { readonly kind: 'stamp' }
  | { readonly kind: 'remove' };

/** Judges an ENI that carries the tag of a node and is attached to none (ipamd reference §2.11). */
export function judge(eni: Pick<EniDescription, 'description' | 'tags' | 'attachment'>, nowMs: number): Verdict {
  if (eni.attachment !== undefined) return { kind: 'leave', why: 'it is attached' };
  if (eni.tags[ENI_TAG.instance] === undefined) return { kind: 'leave', why: 'it is not tagged as a node’s' };
  if (eni.tags[ENI_TAG.noManage] === 'true') return { kind: 'leave', why: 'it is not to be managed' };
  if (!eni.description.startsWith(DESCRIPTION)) return { kind: 'leave', why: 'this CNI did not make it' };
  const createdMs = Date.parse(eni.tags[ENI_TAG.createdAt] ?? '');
  // Upstream deletes what it has just stamped when the time cannot be read; it may be a second old.
  if (Number.isNaN(createdMs)) return { kind: 'stamp' };
  if (createdMs > nowMs - LEAST_AGE_MS) return { kind: 'leave', why: 'it is younger than 5 minutes' };
  return { kind: 'remove' };
}

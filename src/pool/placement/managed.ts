import { ENI_TAG } from '../../vpc/index.ts';
import type { ForeignDevice } from '../model/types.ts';

/** What tells whose an attached ENI is. */
export interface AttachedFacts {
  readonly primary: boolean;
  /** EC2's type: `interface`, `efa`, `efa-only`, `trunk`, `branch`, … */
  readonly interfaceType: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Whose ENIs count as ours. */
export interface Claim {
  readonly instanceId: string;
  /** MANAGE_UNTAGGED_ENI. */
  readonly manageUntagged: boolean;
}

/** Reports whether the tags leave an ENI to us (ipamd reference §2.9). The primary one always is ours. */
export function isManaged(eni: Pick<AttachedFacts, 'primary' | 'tags'>, claim: Claim): boolean {
  if (eni.primary) return true;
  const noManage = eni.tags[ENI_TAG.noManage];
  if (noManage !== undefined) return noManage !== 'true';
  return eni.tags[ENI_TAG.instance] === claim.instanceId || claim.manageUntagged;
}

/** What an attached ENI is to us: one that carries pods, with EFA or without, or one to leave alone, and why. */
export function roleOf(
  eni: AttachedFacts,
  claim: Claim,
): { readonly pods: true; readonly efa: boolean } | { readonly pods: false; readonly why: ForeignDevice['why'] } {
  if (!isManaged(eni, claim)) return { pods: false, why: 'unmanaged' };
  switch (eni.interfaceType) {
    case 'interface':
      return { pods: true, efa: false };
    case 'efa':
      return { pods: true, efa: true };
    case 'trunk':
      return { pods: false, why: 'trunk' };
    case 'efa-only':
      return { pods: false, why: 'efa-only' };
    default:
      // Somebody else's invention: a primary ENI is one of ours whatever it is called.
      return eni.primary ? { pods: true, efa: false } : { pods: false, why: 'unmanaged' };
  }
}

import type { Settings } from '../../config/index.ts';
import { PATHS } from '../../hostspec/index.ts';
import type { DecideInput } from '../../pool/index.ts';
import type { Files } from '../../sys/index.ts';

/** What may be asked of EC2 now, and why not everything. */
export interface Permits {
  readonly permits: DecideInput['permits'];
  /** The cause told to a pod that finds no address; `undefined` while the pool may grow. */
  readonly because: string | undefined;
}

type Provisioning = Pick<Settings, 'DISABLE_NETWORK_RESOURCE_PROVISIONING' | 'ENABLE_IMDS_ONLY_MODE'>;

/** Reports whether this node may change anything in EC2. */
export function provisions(settings: Provisioning): boolean {
  return !settings.DISABLE_NETWORK_RESOURCE_PROVISIONING && !settings.ENABLE_IMDS_ONLY_MODE;
}

/**
 * What the settings and the operator's switch allow: a node that takes no pods neither grows nor frees ENIs, but gives
 * back what it has too much of, as upstream does with its taint.
 */
export function permitsOf(
  settings: Provisioning & Pick<Settings, 'AWS_MANAGE_ENIS_NON_SCHEDULABLE'>,
  files: Pick<Files, 'fact'>,
): Permits {
  if (settings.ENABLE_IMDS_ONLY_MODE) return nothing('ENABLE_IMDS_ONLY_MODE=true');
  if (settings.DISABLE_NETWORK_RESOURCE_PROVISIONING) return nothing('DISABLE_NETWORK_RESOURCE_PROVISIONING=true');
  if (!settings.AWS_MANAGE_ENIS_NON_SCHEDULABLE && files.fact(PATHS.unschedulable).kind !== 'absent')
    return {
      permits: { grow: false, shrink: true, freeEnis: false },
      because: `${PATHS.unschedulable} says that it takes no new pods`,
    };
  return { permits: { grow: true, shrink: true, freeEnis: true }, because: undefined };
}

const nothing = (because: string): Permits => ({ permits: { grow: false, shrink: false, freeEnis: false }, because });

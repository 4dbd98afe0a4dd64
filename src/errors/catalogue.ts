import { BRANCH_ERRORS } from './branch.ts';
import { CNI_ERRORS } from './cni.ts';
import { CONFIG_ERRORS } from './config.ts';
import { EC2_ERRORS } from './ec2.ts';
import type { Entry } from './entry.ts';
import { HOST_ERRORS } from './host.ts';
import { INSPECT_ERRORS } from './inspect.ts';
import { INSTALLER_ERRORS } from './installer.ts';
import { LIFE_CYCLE_ERRORS } from './life-cycle.ts';
import { POOL_ERRORS } from './pool.ts';
import { SIM_ERRORS } from './sim.ts';
import { TAKEOVER_ERRORS } from './takeover.ts';

/** Every failure this product can report. `docs/errors.md` is kept equal to it by a test. */
export const CATALOGUE = {
  ...CONFIG_ERRORS,
  ...HOST_ERRORS,
  ...LIFE_CYCLE_ERRORS,
  ...INSPECT_ERRORS,
  ...INSTALLER_ERRORS,
  ...EC2_ERRORS,
  ...POOL_ERRORS,
  ...CNI_ERRORS,
  ...BRANCH_ERRORS,
  ...TAKEOVER_ERRORS,
  ...SIM_ERRORS,
} as const satisfies Record<string, Entry>;

/** The stable name of a failure, e.g. `SUBNET_NO_IPS`. */
export type ErrorCode = keyof typeof CATALOGUE;

/** Reports whether `text` is the code of a catalogued failure. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CATALOGUE, text);
}

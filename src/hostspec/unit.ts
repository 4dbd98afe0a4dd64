import template from '../../templates/vpc-cni-ipamd.service' with { type: 'text' };
import { PATHS, UNIT_NAME } from './paths.ts';
import { renderIni } from './render-ini.ts';

/** The text of the daemon's unit. */
export function renderUnit(): string {
  return renderIni({
    template,
    why: [`Changes belong into a drop-in: systemctl edit ${UNIT_NAME}`],
    holes: {
      EXECUTABLE: PATHS.executable,
      ENV_FILE: PATHS.envFile,
      ENV_DIRECTORY: PATHS.envDirectory,
      CONFLIST_DIRECTORY: PATHS.conflistDirectory,
    },
  });
}

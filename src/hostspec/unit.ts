import { parse, stringify } from 'ini';
import template from '../../templates/vpc-cni-ipamd.service' with { type: 'text' };
import { fillValue } from './fill.ts';
import { MARK } from './owned.ts';
import { PATHS, UNIT_NAME } from './paths.ts';

/** The text of the daemon's unit. */
export function renderUnit(): string {
  // Without `bracketedArray: false` a repeated key would be written as `EnvironmentFile[]=`, which systemd ignores.
  const unit = fillValue(parse(template, { bracketedArray: false }), {
    EXECUTABLE: PATHS.executable,
    ENV_FILE: PATHS.envFile,
    ENV_DIRECTORY: PATHS.envDirectory,
    CONFLIST_DIRECTORY: PATHS.conflistDirectory,
  });
  const head = [`# ${MARK}`, `# Changes belong into a drop-in: systemctl edit ${UNIT_NAME}`, ''].join('\n');
  return `${head}${stringify(unit, { bracketedArray: false })}`;
}

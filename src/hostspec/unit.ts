import template from '../../templates/vpc-cni-ipamd.service' with { type: 'text' };
import { PATHS, UNIT_NAME } from './paths.ts';
import { renderIni } from './render-ini.ts';
import { AWS_NODE } from './takeover.ts';

/** The AWS credentials file in systemd's store of credentials (/etc/credstore), for a host without an instance role. */
const CREDENTIAL_NAME = 'vpc-cni.aws-credentials';

/** The text of the daemon's unit. */
export function renderUnit(): string {
  return renderIni({
    template,
    why: [`Changes belong into a drop-in: systemctl edit ${UNIT_NAME}`],
    holes: {
      EXECUTABLE: PATHS.executable,
      PROCESS_ENVIRONMENT: PATHS.processEnvironment,
      CREDENTIAL: 'aws-credentials',
      CREDENTIAL_SOURCE: CREDENTIAL_NAME,
      CONFLIST_DIRECTORY: PATHS.conflistDirectory,
      NETWORK_DIRECTORY: PATHS.networkDirectory,
      AWS_NODE_DIRECTORY: AWS_NODE.directory,
      NETWORK_MANAGER_DIRECTORY: PATHS.networkManagerDirectory,
    },
  });
}

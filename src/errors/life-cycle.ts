import type { Entry } from './entry.ts';

/** Failures of changing from one version to another. */
export const LIFE_CYCLE_ERRORS = {
  UPGRADE_ROLLED_BACK: {
    retry: 'backoff',
    says: (d) =>
      `ipamd of version ${d['to']} ${d['what']}: ${d['reason']}; ${d['state']}, and version ${d['from']} serves again`,
    remedy:
      'nothing has to be done for this node, its pods kept their network; remove the cause named in the message, or take another version, and install again',
  },
  UPGRADE_STUCK: {
    retry: 'backoff',
    says: (d) =>
      `ipamd of version ${d['to']} ${d['what']}: ${d['reason']}; then version ${d['from']} ${d['fromWhat']}: ${d['fromReason']}; ${d['state']}`,
    remedy:
      'pods that run keep their network, new ones wait; what both versions say is the cause: remove it, run "vpc-cni install" with the executable of the version you want, and look at "vpc-cni status"',
  },
  NO_PREVIOUS_VERSION: {
    retry: 'never',
    says: (d) => `there is no version to go back to: ${d['reason']}`,
    remedy: 'run "install" with the executable of the version you want',
  },
} as const satisfies Record<string, Entry>;

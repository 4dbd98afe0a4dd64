import type { Entry } from './entry.ts';

/** Failures of putting the product on a host, beyond those of its files and kernel. */
export const INSTALLER_ERRORS = {
  RECORD_UNREADABLE: {
    retry: 'never',
    says: (d) => `${d['path']} is damaged: what this host must get back at uninstall cannot be read from it`,
    remedy:
      'put the file back from a backup; if there is none, move it away: uninstall then removes our files, and leaves sysctls and replaced files as they are',
  },
} as const satisfies Record<string, Entry>;

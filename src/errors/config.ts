import type { Entry } from './entry.ts';

/** Wrong use of the command line and wrong settings (exit code 2). */
export const CONFIG_ERRORS = {
  USAGE: {
    retry: 'never',
    says: (d) => `wrong usage: ${d['reason']}`,
    remedy: 'run the command with --help to see its options and examples',
  },
  CONFIG_INVALID: {
    retry: 'never',
    says: (d) => `invalid configuration: ${d['findings']}`,
    remedy: 'correct the settings named in the message; docs/configuration.md lists every key with its allowed values',
  },
} as const satisfies Record<string, Entry>;

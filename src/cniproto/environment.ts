import { HostError } from '../errors/index.ts';
import { type CniCommand, isCniCommand } from './versions.ts';

/** The CNI variables of one call, checked. A variable the command does not need may be empty. */
export interface CniEnvironment {
  readonly command: CniCommand;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly args: string;
  readonly path: string;
}

type Field = Exclude<keyof CniEnvironment, 'command'>;

interface Variable {
  readonly field: Field;
  readonly neededBy: readonly CniCommand[];
  /** What is wrong with a value that is not empty. */
  readonly complaint: (value: string) => string | undefined;
}

const fine = (): undefined => undefined;

/** Names of containers and networks (CNI specification, "Parameters"). */
export const CNI_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

// IFNAMSIZ is 16 with the final NUL; the rest is dev_valid_name() of the kernel.
const ifNameComplaint = (value: string): string | undefined => {
  if (value.length > 15) return 'is longer than 15 characters';
  return value === '.' || value === '..' || /[/:\s]/.test(value) ? 'is no valid interface name' : undefined;
};

/** Every variable of the protocol: who needs it and what it may hold. */
export const CNI_VARIABLES: Readonly<Record<string, Variable>> = {
  CNI_CONTAINERID: {
    field: 'containerId',
    neededBy: ['ADD', 'DEL', 'CHECK'],
    complaint: (value) => (CNI_NAME.test(value) ? undefined : 'has characters other than letters, digits, _ . -'),
  },
  CNI_NETNS: {
    field: 'netns',
    neededBy: ['ADD', 'CHECK'],
    // The daemon opens it, from another working directory than the plugin's.
    complaint: (value) => (value.startsWith('/') ? undefined : 'is not an absolute path'),
  },
  CNI_IFNAME: { field: 'ifName', neededBy: ['ADD', 'DEL', 'CHECK'], complaint: ifNameComplaint },
  CNI_ARGS: { field: 'args', neededBy: [], complaint: fine },
  // Where plugins that delegate look for others: we do not.
  CNI_PATH: { field: 'path', neededBy: [], complaint: fine },
};

/** The CNI variables as they came, none of them checked but the command. Throws `CNI_ENV`. */
export function readCniEnvironment(env: Readonly<Record<string, string | undefined>>): CniEnvironment {
  const command = env['CNI_COMMAND'];
  if (!isCniCommand(command)) throw new HostError('CNI_ENV', { reason: `CNI_COMMAND "${command ?? ''}" is unknown` });
  return {
    command,
    containerId: env['CNI_CONTAINERID'] ?? '',
    netns: env['CNI_NETNS'] ?? '',
    ifName: env['CNI_IFNAME'] ?? '',
    args: env['CNI_ARGS'] ?? '',
    path: env['CNI_PATH'] ?? '',
  };
}

/** Reads and checks the CNI variables. Throws one `CNI_ENV` naming everything that is missing or wrong. */
export function parseCniEnvironment(env: Readonly<Record<string, string | undefined>>): CniEnvironment {
  const environment = readCniEnvironment(env);
  const { command } = environment;
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [name, { field, neededBy, complaint }] of Object.entries(CNI_VARIABLES)) {
    const value = environment[field];
    const fault = value === '' ? undefined : complaint(value);
    if (value === '' && neededBy.includes(command)) missing.push(name);
    if (fault !== undefined) wrong.push(`${name} "${value}" ${fault}`);
  }
  const reasons = missing.length === 0 ? wrong : [`${command} needs ${missing.join(', ')}`, ...wrong];
  if (reasons.length > 0) throw new HostError('CNI_ENV', { reason: reasons.join('; ') });
  return environment;
}

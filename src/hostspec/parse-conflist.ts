import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { HostError } from '../errors/index.ts';
import { CONFLIST_SCHEMA } from './conflist-schema.ts';
import { CONFLIST_PATH } from './paths.ts';

/** One plugin of the chain. */
export interface ConflistPlugin {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The network configuration as a value. */
export interface Conflist {
  readonly cniVersion: string;
  readonly cniVersions: readonly string[];
  readonly name: string;
  readonly plugins: readonly ConflistPlugin[];
}

// Compiling the schema costs 15 ms, so it happens once and only in a process that meets a conflist.
let compiled: ValidateFunction<Conflist> | undefined;

/** ajv leaves the path empty for an unknown key and keeps its name aside; a reader needs both. */
function sayFinding({ instancePath, params, message }: ErrorObject): string {
  const extra: unknown = params['additionalProperty'];
  return `${instancePath || '/'} ${message ?? 'is wrong'}${typeof extra === 'string' ? ` (${extra})` : ''}`;
}

/** A value that passed the schema. Throws `CONFLIST_INVALID` with every finding. */
export function parseConflist(value: unknown): Conflist {
  compiled ??= new Ajv({ allErrors: true, discriminator: true }).compile<Conflist>(CONFLIST_SCHEMA);
  const validate = compiled;
  if (validate(value)) return value;
  const findings = (validate.errors ?? []).map(sayFinding).join('; ');
  throw new HostError('CONFLIST_INVALID', { path: CONFLIST_PATH, findings });
}

/** A conflist from its text. Throws `CONFLIST_INVALID`. */
export function parseConflistText(text: string): Conflist {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HostError('CONFLIST_INVALID', { path: CONFLIST_PATH, findings: 'it is not JSON' }, error);
  }
  return parseConflist(value);
}

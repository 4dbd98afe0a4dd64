import { Ajv, type ValidateFunction } from 'ajv';
import { HostError } from '../errors/index.ts';
import type { ForwardPolicy } from './observed.ts';
import { PATHS } from './paths.ts';

/** How a file was when its checksum was taken: while none of these changes, neither has the content. */
export interface Stamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/**
 * One installed file. `stamp` is missing when what stands there is not what we wrote; `source` is the stamp of what it
 * was copied from, so that an unchanged source is not read again.
 */
export interface ManifestFile {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sha256: string;
  readonly stamp?: Stamp;
  readonly source?: Stamp & { readonly path: string };
}

/** What one version installed. Of the directories only those that are wholly ours. */
export interface Manifest {
  readonly format: 'vpc-cni-manifest/1';
  readonly version: string;
  readonly directories: readonly {
    readonly path: string;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
  }[];
  readonly files: readonly ManifestFile[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/** What a run is about to put at a path. A run that was killed leaves its entries, and the next one cleans up by them. */
export interface PendingEntry {
  readonly path: string;
  readonly run: { readonly pid: number; readonly startTime: string };
  readonly mode?: number;
  readonly sha256?: string;
  readonly target?: string;
}

/** What the host must get back at uninstall. The first value noted for a thing stays: later ones are already ours. */
export interface HostRecord {
  readonly format: 'vpc-cni-host/1';
  readonly directories: readonly string[];
  readonly saved: readonly { readonly path: string; readonly to: string }[];
  readonly sysctls: readonly { readonly key: readonly string[]; readonly value: string }[];
  /** Every file and link outside our folder that we ever wrote; uninstall removes those that are still ours. */
  readonly files: readonly string[];
  readonly policies: readonly ForwardPolicy[];
  readonly pending: readonly PendingEntry[];
  /** When the node was handed back to aws-node: its pods, its conflist and its kernel settings are not ours since. */
  readonly handedBack?: string;
}

/** The record of a host on which nothing was done yet. */
export const EMPTY_RECORD: HostRecord = {
  format: 'vpc-cni-host/1',
  directories: [],
  saved: [],
  sysctls: [],
  files: [],
  policies: [],
  pending: [],
};

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const stamp = { size: number, mtimeMs: number, inode: number } as const;
// Keys of a newer version are no fault: an older one that rolls back must read, and keep, what the newer one noted.
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object => ({
  type: 'object',
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  properties,
});
const list = (items: object): object => ({ type: 'array', items });

const right = { mode: number, uid: number, gid: number } as const;

const MANIFEST_SCHEMA = object({
  format: { const: 'vpc-cni-manifest/1' },
  version: text,
  directories: list(object({ path: text, ...right })),
  files: list(
    object({ path: text, ...right, sha256: text, stamp: object(stamp), source: object({ ...stamp, path: text }) }, [
      'stamp',
      'source',
    ]),
  ),
  links: list(object({ path: text, target: text })),
});

const RECORD_SCHEMA = object(
  {
    format: { const: 'vpc-cni-host/1' },
    directories: list(text),
    saved: list(object({ path: text, to: text })),
    sysctls: list(object({ key: list(text), value: text })),
    files: list(text),
    policies: list(
      object({
        family: { enum: ['ipv4', 'ipv6'] },
        backend: { enum: ['nft', 'legacy'] },
        policy: { enum: ['ACCEPT', 'DROP'] },
      }),
    ),
    pending: list(
      object({ path: text, run: object({ pid: number, startTime: text }), mode: number, sha256: text, target: text }, [
        'mode',
        'sha256',
        'target',
      ]),
    ),
    handedBack: text,
  },
  ['files', 'policies', 'pending', 'handedBack'],
);

// Compiling a schema costs 10 ms, ten times what all files of a host take to be looked at: once, and without first
// holding our own schema against the one of schemas.
const ajv = new Ajv({ validateSchema: false, meta: false });
const validators = new Map<object, ValidateFunction>();

function parseAs<T>(schema: object, source: string): T | undefined {
  const validate = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, validate);
  try {
    const value: unknown = JSON.parse(source);
    return validate(value) ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** A manifest from its text; `undefined` when it is none: then everything is compared by content again. */
export function parseManifest(source: string): Manifest | undefined {
  return parseAs<Manifest>(MANIFEST_SCHEMA, source);
}

/**
 * The record from its text; of a host without one the empty record. A text that is no record is refused: what the host
 * must get back would be forgotten.
 */
export function parseHostRecord(source: string | undefined): HostRecord {
  if (source === undefined) return EMPTY_RECORD;
  const record = parseAs<Partial<HostRecord>>(RECORD_SCHEMA, source);
  if (record === undefined) throw new HostError('RECORD_UNREADABLE', { path: PATHS.record });
  return { ...EMPTY_RECORD, ...record };
}

/** One of the two documents as text. */
export function renderDocument(document: Manifest | HostRecord): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

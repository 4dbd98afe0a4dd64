import { Ajv, type JSONSchemaType } from 'ajv';

/** How a file was when its checksum was taken: while none of these changes, neither has the content. */
export interface Stamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** One installed file. `source` is the stamp of what it was copied from, so that an unchanged source is not read again. */
export interface ManifestFile {
  readonly path: string;
  readonly mode: number;
  readonly sha256: string;
  readonly stamp: Stamp;
  readonly source?: Stamp & { readonly path: string };
}

/** What one version installed. */
export interface Manifest {
  readonly format: 'vpc-cni-manifest/1';
  readonly version: string;
  readonly files: readonly ManifestFile[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/** What the host must get back at uninstall. The first value noted for a thing stays: later ones are already ours. */
export interface HostRecord {
  readonly format: 'vpc-cni-host/1';
  readonly directories: readonly string[];
  readonly saved: readonly { readonly path: string; readonly to: string }[];
  readonly sysctls: readonly { readonly key: readonly string[]; readonly value: string }[];
}

/** The record of a host on which nothing was done yet. */
export const EMPTY_RECORD: HostRecord = { format: 'vpc-cni-host/1', directories: [], saved: [], sysctls: [] };

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const stamp = { size: number, mtimeMs: number, inode: number } as const;
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  properties,
});
const list = (items: object): object => ({ type: 'array', items });

const MANIFEST_SCHEMA = object({
  format: { const: 'vpc-cni-manifest/1' },
  version: text,
  files: list(
    object({ path: text, mode: number, sha256: text, stamp: object(stamp), source: object({ ...stamp, path: text }) }, [
      'source',
    ]),
  ),
  links: list(object({ path: text, target: text })),
});

const RECORD_SCHEMA = object({
  format: { const: 'vpc-cni-host/1' },
  directories: list(text),
  saved: list(object({ path: text, to: text })),
  sysctls: list(object({ key: list(text), value: text })),
});

function parseAs<T>(schema: object, source: string): T | undefined {
  try {
    const value: unknown = JSON.parse(source);
    return new Ajv().validate<T>(schema as JSONSchemaType<T>, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A manifest from its text; `undefined` when it is none: then everything is compared by content again. */
export function parseManifest(source: string): Manifest | undefined {
  return parseAs<Manifest>(MANIFEST_SCHEMA, source);
}

/** The record from its text; `undefined` when it is none. */
export function parseHostRecord(source: string): HostRecord | undefined {
  return parseAs<HostRecord>(RECORD_SCHEMA, source);
}

/** One of the two documents as text. */
export function renderDocument(document: Manifest | HostRecord): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

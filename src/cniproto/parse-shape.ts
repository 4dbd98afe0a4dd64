import { HostError } from '../errors/index.ts';

// ajv would do this too, but every module of this room is loaded by the plugin, and ajv costs it 20 ms a call (measured
// 2026-11): more than the whole ADD may take.

/** Reports whether `value` is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws `CNI_CONFIG` saying what `path` should have been. */
export function wrongShape(path: string, wanted: string): never {
  throw new HostError('CNI_CONFIG', { reason: `${path} is not ${wanted}` });
}

/** The object at `path`. Throws `CNI_CONFIG`. */
export function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : wrongShape(path, 'an object');
}

/** The items at `path`; none when it is absent or null, as Go's encoder writes an empty list. Throws `CNI_CONFIG`. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : wrongShape(path, 'a list');
}

/** The text at `path`. Throws `CNI_CONFIG`. */
export function textAt(value: unknown, path: string): string {
  return typeof value === 'string' ? value : wrongShape(path, 'a text');
}

/** The text at `path`, `undefined` when it is absent or empty. Throws `CNI_CONFIG`. */
export function optionalTextAt(value: unknown, path: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : textAt(value, path);
}

/** `{[key]: value}`, or nothing when the value is absent: for optional properties of values we build. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

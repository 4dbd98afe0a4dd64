import { PATHS } from './paths.ts';
import type { Rival } from './preflight.ts';

// Plugins that call the next configuration by themselves; and our own, in the chain of another CNI (Cilium's chaining mode).
const DELEGATING: ReadonlySet<unknown> = new Set(['multus', 'multus-shim', 'multus-cni', 'aws-cni']);

/**
 * What a network configuration of somebody else is; `undefined` when no runtime would take it: then it cannot come
 * before ours.
 */
export function parseRival(path: string, text: string): Rival | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string')
    return undefined;
  const listed = 'plugins' in value && Array.isArray(value.plugins) ? (value.plugins as readonly unknown[]) : [value];
  const types = listed.map((plugin) =>
    typeof plugin === 'object' && plugin !== null && 'type' in plugin ? plugin.type : undefined,
  );
  if (typeof types[0] !== 'string') return undefined;
  return { path, network: value.name, role: DELEGATING.has(types[0]) ? 'delegates' : 'takes-over' };
}

/** What runtimes read as network configurations (libcni, ConfFiles). */
const CONFIGURATION = /\.(?:conflist|conf|json)$/;

/** Paths, among names in the directory of network configurations, of those that runtimes meet before ours. */
export function earlierConflists(names: readonly string[]): readonly string[] {
  const ours = PATHS.conflist.slice(PATHS.conflistDirectory.length + 1);
  return names
    .filter((name) => name < ours && CONFIGURATION.test(name))
    .map((name) => `${PATHS.conflistDirectory}/${name}`);
}

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

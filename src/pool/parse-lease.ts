import type { Owner } from './model/types.ts';

/** Whose an egress address is, as its file says; `undefined` when it cannot be read. */
export function parseLease(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { network, containerId, ifName, podNamespace, podName } = value as Readonly<Record<string, unknown>>;
  if (typeof network !== 'string' || typeof containerId !== 'string' || typeof ifName !== 'string') return undefined;
  const name = (part: unknown): string | undefined => (typeof part === 'string' ? part : undefined);
  return { network, containerId, ifName, podNamespace: name(podNamespace), podName: name(podName) };
}

/** The file's text. */
export function renderLease(owner: Owner): string {
  return `${JSON.stringify(owner)}\n`;
}

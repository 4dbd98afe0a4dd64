import { readSysctl } from '../sys/index.ts';

/** A sysctl that is not as it should be. */
export interface SysctlChange {
  readonly key: string;
  readonly before: string;
  readonly value: string;
}

/** One file under /proc/sys takes the kernel some 5 µs; a pod has three. */
const READ_AT_ONCE = 100;

/**
 * Those of the wanted sysctls that have another value, or whose value tells what it must become; one that the kernel does not
 * have is left out. Reads a part at a time, with others having their turn in between.
 */
export async function differingSysctls(
  wanted: readonly { readonly key: string; readonly value: string | ((before: string) => string) }[],
  turn: () => Promise<void>,
): Promise<readonly SysctlChange[]> {
  const changes: SysctlChange[] = [];
  for (const [position, { key, value }] of wanted.entries()) {
    if (position > 0 && position % READ_AT_ONCE === 0) await turn();
    const before = readSysctl(key);
    if (before === undefined) continue;
    const now = typeof value === 'string' ? value : value(before);
    if (now !== before) changes.push({ key, before, value: now });
  }
  return changes;
}

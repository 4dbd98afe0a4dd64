import { sysctlPath } from '../hostspec/index.ts';
import type { Host } from './host.ts';

/** Sets a sysctl. A list is emptied by a line without a word: a write of nothing would not reach the kernel at all. */
export function setSysctl(host: Host, key: readonly string[], value: string): void {
  host.files.writeInPlace({ path: sysctlPath(key), text: value === '' ? '\n' : value });
}

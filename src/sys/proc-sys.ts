import { readFileSync, writeFileSync } from 'node:fs';
import { HostError } from '../errors/index.ts';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A sysctl of the namespace the thread is in, trimmed; key with slashes (`net/ipv4/ip_forward`); `undefined` when absent. */
export function readSysctl(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new HostError('FILE_FAILED', { action: 'read', path: `/proc/sys/${key}`, reason: reasonOf(error) }, error);
  }
}

/** Sets a sysctl of the namespace the thread is in; reports whether the kernel has it (IPv6 may be compiled out). */
export function writeSysctl(key: string, value: string): boolean {
  try {
    writeFileSync(`/proc/sys/${key}`, value);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new HostError('FILE_FAILED', { action: 'write', path: `/proc/sys/${key}`, reason: reasonOf(error) }, error);
  }
}

import { readFileSync, statSync } from 'node:fs';

const LOCKS = '/proc/locks';

/** `00:1a:1`: a file as the kernel's list of locks names it. The two numbers of a device are spread over st_dev. */
function lockName(dev: bigint, ino: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const hex = (number: bigint): string => number.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${ino}`;
}

/** The pid of who holds the flock of a file, as text; empty when the kernel does not tell. */
export function flockHolder(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    const name = lockName(dev, ino);
    const line = readFileSync(LOCKS, 'utf8')
      .split('\n')
      .map((text) => text.trim().split(/\s+/))
      .find(([, type, , , , file]) => type === 'FLOCK' && file === name);
    const pid = Number(line?.[4]);
    // 0 and -1 stand for a process of another pid namespace.
    return pid > 0 ? String(pid) : '';
  } catch {
    return '';
  }
}

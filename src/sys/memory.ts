import { readFileSync, readlinkSync } from 'node:fs';
import { libc } from './libc.ts';

/** madvise(2): unmap these pages; a file's come back from the page cache at the next touch. */
const MADV_DONTNEED = 4;

interface Range {
  readonly start: number;
  readonly length: number;
}

/**
 * The mappings of our executable that hold code and constants, and in which no page was written to: a written one would lose
 * what was written.
 */
export function codeRanges(smaps: string, executable: string): readonly Range[] {
  return smaps
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((mapping) => /^Anonymous: +0 kB$/m.test(mapping))
    .flatMap((mapping) => {
      const [head = ''] = mapping.split('\n', 1);
      const [, from, to, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +(.+)$/.exec(head) ?? [];
      if (from === undefined || to === undefined || path !== executable) return [];
      const start = Number.parseInt(from, 16);
      return [{ start, length: Number.parseInt(to, 16) - start }];
    });
}

/**
 * Gives back what only starting up and a burst of work needed: garbage, compiled code, and pages of the executable, most
 * of which ran once. Takes some 30 ms; the next call pays a few more to bring back what it needs.
 */
export function giveBackMemory(): void {
  Bun.gc(true);
  Bun.shrink();
  const executable = readlinkSync('/proc/self/exe');
  for (const { start, length } of codeRanges(readFileSync('/proc/self/smaps', 'utf8'), executable))
    libc.madvise(start, length, MADV_DONTNEED);
}

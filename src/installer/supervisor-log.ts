import { PATHS } from '../hostspec/index.ts';
import type { Clock, Files } from '../sys/index.ts';

/** Some thirty thousand pods. It lies in memory, as does as much before it. */
const MOST_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 30_000;

/**
 * Keeps the log of a daemon whose lines no journal takes from filling the memory it lies in, until the signal: one that
 * has become long takes the place of the one before, and begins anew.
 */
export async function keepLogShort(input: {
  readonly files: Pick<Files, 'fact' | 'copy' | 'empty' | 'hostPath'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly stop: AbortSignal;
}): Promise<void> {
  const { files, clock, stop } = input;
  while (!stop.aborted) {
    try {
      shorten(files);
    } catch {
      // Without room for a copy it stays as it is: the next look may find some.
    }
    await clock.sleep(LOOK_EVERY_MS, stop).catch(() => undefined);
  }
}

function shorten(files: Parameters<typeof keepLogShort>[0]['files']): void {
  const log = files.fact(PATHS.supervisorLog);
  if (log.kind !== 'file' || log.size <= MOST_BYTES) return;
  // The daemon holds it open and writes at its end, wherever that is: it cannot be renamed.
  files.copy({ path: PATHS.supervisorLogBefore, from: files.hostPath(PATHS.supervisorLog), mode: 0o600 });
  files.empty(PATHS.supervisorLog);
}

import { fstatSync } from 'node:fs';

const STDERR = 2;

/**
 * Reports whether stderr goes to the journal. `stream` is JOURNAL_STREAM, the device and inode of the journal's stream:
 * systemd sets it, and a child whose stderr was redirected inherits it all the same (systemd.exec(5)).
 */
export function stderrIsJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STDERR);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

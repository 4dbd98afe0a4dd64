import { basename, dirname } from 'node:path/posix';
import { besidePath, PATHS } from '../hostspec/index.ts';
import { isAlive, type ProcessId, type ReadFiles } from '../sys/index.ts';
import { readRecord } from './observe.ts';

// The fresh names that files get before one rename shows them.
const temporaryOf = (name: string): RegExp =>
  new RegExp(`^\\.${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.[0-9a-f]{12}\\.tmp$`);

/** What was left of a change of this path: `kept` is the old one, kept to be put back. */
function leftoversOf(files: ReadFiles, path: string, also: 'kept' | 'half-made'): readonly string[] {
  const directory = dirname(path);
  const [kept, temporary] = [basename(besidePath(path)), temporaryOf(basename(path))];
  return files
    .list(directory)
    .filter((name) => temporary.test(name) || (also === 'kept' && name === kept))
    .map((name) => `${directory}/${name}`);
}

/**
 * What runs that were killed left beside the files they were about to change: half-written new ones, and old ones kept
 * to be put back. Those of a run that lives stay: it waits for the daemon it has started, and may still take all back.
 */
export function observeLeftovers(files: ReadFiles): readonly string[] {
  const { pending } = readRecord(files);
  // Whatever this process has noted is of an earlier run of its own: this one has not begun.
  const isOver = (run: ProcessId): boolean => run.pid === process.pid || !isAlive(run);
  const over = pending.filter(({ run }) => isOver(run)).map(({ path }) => path);
  // Nobody writes the record but under our lock; a run that was killed at its first change has noted nothing yet.
  const record = leftoversOf(files, PATHS.record, over.length === pending.length ? 'kept' : 'half-made');
  return [...record, ...[...new Set(over)].flatMap((path) => leftoversOf(files, path, 'kept'))];
}

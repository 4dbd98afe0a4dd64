import { basename, dirname } from 'node:path/posix';
import { besidePath, PATHS } from '../hostspec/index.ts';
import { isAlive, type ProcessId, type ReadFiles } from '../sys/index.ts';
import { readRecord } from './observe.ts';

// The fresh names that files get before one rename shows them.
const temporaryOf = (name: string): RegExp =>
  new RegExp(`^\\.${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.[0-9a-f]{12}\\.tmp$`);

/**
 * What runs that were killed left beside the files they were about to change: half-written new ones, and old ones kept
 * to be put back. Empty while the run that is at it lives.
 */
export function observeLeftovers(files: ReadFiles): readonly string[] {
  const { pending } = readRecord(files);
  // Whatever this process has noted is of an earlier run of its own: this one has not begun.
  const isOver = (run: ProcessId): boolean => run.pid === process.pid || !isAlive(run);
  const paths = pending.filter(({ run }) => isOver(run)).map(({ path }) => path);
  const all = paths.length === 0 ? [] : [...new Set([...paths, PATHS.record])];
  return all.flatMap((path) => {
    const directory = dirname(path);
    const [kept, temporary] = [basename(besidePath(path)), temporaryOf(basename(path))];
    return files
      .list(directory)
      .filter((name) => name === kept || temporary.test(name))
      .map((name) => `${directory}/${name}`);
  });
}

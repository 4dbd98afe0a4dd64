import { lstatSync, readlinkSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { HostError } from '../errors/index.ts';

const MAX_LINKS = 40;

function linkTarget(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

/**
 * The path of this machine that `path` means below `root`, with every symlink resolved as if chrooted there: an
 * absolute target or `..` never leads out. The last name is followed only when `last` is `follow`.
 */
export function rootedPath(root: string, path: string, last: 'follow' | 'keep'): string {
  if (root === '/') return normalize(path);
  const open = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (open.length > 0) {
    const name = open.pop() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const target = open.length === 0 && last === 'keep' ? undefined : linkTarget(join(root, ...done, name));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) {
      throw new HostError('FILE_FAILED', {
        action: 'follow',
        path: join(root, path),
        reason: 'too many symbolic links',
      });
    }
    if (target.startsWith('/')) done.length = 0;
    open.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}

import { dirname, join } from 'node:path';
import type { FileFact, ReadFiles } from './files.ts';

// The kernel gives up as late (path_resolution(7)).
const MOST_LINKS = 40;

/** What stands at a path, links of the last name followed; a link that leads nowhere leads to nothing. */
export function followedFact(files: Pick<ReadFiles, 'fact'>, path: string): FileFact {
  let at = path;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const fact = files.fact(at);
    if (fact.kind !== 'link') return fact;
    at = fact.target.startsWith('/') ? fact.target : join(dirname(at), fact.target);
  }
  return { kind: 'absent' };
}

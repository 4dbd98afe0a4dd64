import { basename } from 'node:path';
import { toHostError } from '../../errors/index.ts';
import {
  earlierConflists,
  eniFilePaths,
  isOurLink,
  PATHS,
  parseConflistText,
  parseRival,
} from '../../hostspec/index.ts';
import { followedFact, type ReadFiles } from '../../sys/index.ts';
import type { ConflistFacts } from './conflists.ts';
import { DROPIN_FAMILIES, type DropInFacts, type DropInFamily } from './drop-ins.ts';
import type { ImageFacts } from './image.ts';
import { NEEDED_PLUGINS, type PluginFact } from './plugins.ts';
import { RIVAL_LINKS } from './rivals.ts';

function laterFiles(files: ReadFiles, family: DropInFamily): DropInFacts['later'] {
  const ours = basename(family.ours);
  // A file of the same name in an earlier directory takes the place of one in a later.
  const byName = new Map<string, string>();
  for (const directory of family.directories)
    for (const name of files.list(directory))
      if (name.endsWith(family.suffix) && name > ours && !byName.has(name)) byName.set(name, `${directory}/${name}`);
  return [...byName]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, path]) => ({ path, text: files.read(path) ?? '' }));
}

/** Our drop-ins that are there, with the files that are read after them. */
export function observeDropIns(files: ReadFiles): readonly DropInFacts[] {
  return DROPIN_FAMILIES.flatMap((family) => {
    const text = files.read(family.ours);
    return text === undefined ? [] : [{ family, text, later: laterFiles(files, family) }];
  });
}

/** Links that start what removes rules of pods. */
export function observeRivals(files: ReadFiles): readonly string[] {
  return RIVAL_LINKS.filter((path) => files.fact(path).kind === 'link');
}

/** The network configurations there are, and whether ours is one. */
export function observeConflists(files: ReadFiles): ConflistFacts {
  const earlier = earlierConflists(files.list(PATHS.conflistDirectory))
    .filter((path) => followedFact(files, path).kind === 'file')
    .map((path) => parseRival(path, files.read(path) ?? ''))
    .filter((rival) => rival !== undefined);
  const text = files.read(PATHS.conflist);
  if (text === undefined) return { earlier };
  try {
    parseConflistText(text);
    return { earlier };
  } catch (error) {
    return { earlier, invalid: toHostError(error).message };
  }
}

const ANYBODY_EXECUTES = 0o111;

/** The plugins every pod needs, as a runtime would find them. */
export function observePlugins(files: ReadFiles): readonly PluginFact[] {
  return NEEDED_PLUGINS.map((name) => {
    const path = `${PATHS.cniBin}/${name}`;
    const link = files.fact(path);
    const fact = followedFact(files, path);
    const executable = fact.kind === 'file' && (fact.mode & ANYBODY_EXECUTES) !== 0;
    return {
      name,
      found: fact.kind === 'absent' ? 'absent' : executable ? 'program' : 'not-executable',
      ours: link.kind === 'link' && isOurLink(link.target),
    };
  });
}

/** What an image would carry to its nodes. */
export function observeImage(files: ReadFiles, running: boolean | undefined): ImageFacts {
  return {
    conflist: files.fact(PATHS.conflist).kind !== 'absent',
    run: files.fact(PATHS.run).kind !== 'absent',
    eniFiles: eniFilePaths(files.list),
    cniResults: files.list(PATHS.cniResults).length,
    machineId: files.read(PATHS.machineId)?.trim(),
    running,
  };
}

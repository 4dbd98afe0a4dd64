import { PATHS } from '../hostspec/index.ts';
import {
  MEMORY_FILES,
  type MemoryFile,
  type Orphan,
  type Recollection,
  recall,
  renderCheckpoint,
  renderSideFile,
} from '../pool/index.ts';
import type { Files, ReadFiles } from '../sys/index.ts';

const MODE = 0o600;

/** What our daemon has written down, to its last call, however it ended; `undefined` when it never wrote anything. */
export function readOwnMemory(files: ReadFiles): Recollection | undefined {
  const texts = new Map<MemoryFile, string>();
  for (const name of MEMORY_FILES) {
    const text = files.read(`${PATHS.run}/${name}`);
    if (text !== undefined) texts.set(name, text);
  }
  return texts.size === 0 ? undefined : recall(texts);
}

/**
 * Makes these the allocations that our daemon finds at its next start. What an earlier one noted after its last
 * checkpoint would else be carried out on top of them; the rest of its memory stays.
 */
export function writeOwnAllocations(files: Files, allocations: readonly Orphan[]): void {
  const before = readOwnMemory(files);
  files.replace({ path: PATHS.checkpoint, text: renderCheckpoint(allocations), mode: MODE });
  if (before === undefined) return;
  const { memory, generation } = before;
  // These pods run: nothing of them is of an earlier boot. In a container the daemon may see another boot id than we do.
  const side = renderSideFile({ ...memory, bootId: undefined, generation: generation + 1 });
  files.replace({ path: `${PATHS.run}/pool.json`, text: side, mode: MODE });
}

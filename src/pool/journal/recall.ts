import { HostError } from '../../errors/index.ts';
import type { Orphan } from '../model/types.ts';
import { parseCheckpoint } from '../parse-checkpoint.ts';
import { type Memory, NOTHING_REMEMBERED, replay } from './memory.ts';
import { parseJournal, type ReadJournal } from './parse-journal.ts';
import { parseSideFile, type SideFile } from './parse-side-file.ts';

/**
 * The files that hold the memory, in the order in which they must be read: the daemon writes them the other way round, so
 * who reads beside it may see something twice, which does no harm, but misses nothing.
 */
export const MEMORY_FILES = [
  'journal',
  'journal.prev',
  'pool.json',
  'pool.json.prev',
  'ipam.json',
  'ipam.json.prev',
] as const;
export type MemoryFile = (typeof MEMORY_FILES)[number];

/** What the files of a daemon say together. */
export interface Recollection {
  readonly memory: Memory;
  /** Which checkpoint it starts from. */
  readonly checkpoint: 'last' | 'before' | 'none';
  /** The boot in which it was written; `undefined` when no file tells: then it is this one. */
  readonly bootId: string | undefined;
  readonly generation: number;
  /** Files that say nothing, and why: torn, empty, or of a version to come. */
  readonly broken: ReadonlyMap<MemoryFile, HostError>;
  /** What somebody should know of: the broken ones, lines of journals that cannot be read, and files that should be there. */
  readonly damage: readonly MemoryDamage[];
}

/** What is wrong about a file. */
export interface MemoryDamage {
  readonly file: MemoryFile;
  readonly reason: string;
}

/** What is remembered, from whatever of the files is there and can be read. Never throws. */
export function recall(texts: ReadonlyMap<MemoryFile, string>): Recollection {
  const broken = new Map<MemoryFile, HostError>();
  let lastJournal = 0;
  const side = read('pool.json', parseSideFile) ?? read('pool.json.prev', parseSideFile);
  const last = read('ipam.json', parseCheckpoint);
  const allocations = last ?? read('ipam.json.prev', parseCheckpoint);
  const journals = journalsFrom(since(side, last));
  const newest = journals.at(-1)?.header;
  const memory: Memory = { ...NOTHING_REMEMBERED, ...restOf(side), allocations: allocations ?? [] };
  const damage = [...broken].map(([file, { message: reason }]): MemoryDamage => ({ file, reason }));
  return {
    memory: replay(
      memory,
      journals.flatMap(({ records }) => records),
    ),
    checkpoint: last !== undefined ? 'last' : allocations !== undefined ? 'before' : 'none',
    bootId: side === undefined ? newest?.bootId : side.bootId,
    generation: Math.max(side?.generation ?? 0, newest?.generation ?? 0),
    broken,
    damage: inOrder([...damage, ...unreadable(journals), ...missing()]),
  };

  /** Each stands beside the others but for the moments between the writing of one and of the next. */
  function missing(): readonly MemoryDamage[] {
    const gone = (file: MemoryFile): readonly MemoryDamage[] =>
      broken.has(file) || texts.has(file) ? [] : [{ file, reason: 'missing' }];
    // What adopt wrote has no journal yet.
    const begun = side?.bootId !== undefined && lastJournal < side.generation - 1;
    return [
      ...(texts.has('ipam.json') || texts.has('journal') ? gone('pool.json') : []),
      ...(texts.has('pool.json') || texts.has('journal') ? gone('ipam.json') : []),
      ...(begun && !broken.has('journal') ? [{ file: 'journal', reason: 'missing, empty or too old' } as const] : []),
    ];
  }

  function read<T>(name: MemoryFile, parse: (text: string) => T): T | undefined {
    const text = texts.get(name);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      broken.set(name, error);
      return undefined;
    }
  }

  function journalsFrom(generation: number): readonly ReadJournal[] {
    return (['journal.prev', 'journal'] as const).flatMap((name) => {
      const text = texts.get(name) ?? '';
      const journal = parseJournal(text);
      if (name === 'journal') lastJournal = journal.header?.generation ?? 0;
      // An empty one was made, and not begun, when the disk was full.
      if (journal.header === undefined && text !== '')
        broken.set(
          name,
          new HostError('CHECKPOINT_BAD', { reason: 'its first line is not that of a journal we know' }),
        );
      return journal.header !== undefined && journal.header.generation >= generation ? [journal] : [];
    });
  }
}

const unreadable = (journals: readonly ReadJournal[]): readonly MemoryDamage[] =>
  journals.flatMap(({ damaged }, index) => {
    const file = index === journals.length - 1 ? 'journal' : 'journal.prev';
    return damaged === 0 ? [] : [{ file, reason: `${damaged} of its lines cannot be read` }];
  });

const inOrder = (damage: readonly MemoryDamage[]): readonly MemoryDamage[] =>
  MEMORY_FILES.flatMap((name) => damage.filter(({ file }) => file === name));

/** The first journal that counts: the checkpoint before the last one needs the journal before the last one too. */
const since = (side: SideFile | undefined, last: readonly Orphan[] | undefined): number =>
  (side?.generation ?? 0) - (last === undefined ? 1 : 0);

function restOf(side: SideFile | undefined): Omit<Memory, 'allocations'> | undefined {
  if (side === undefined) return undefined;
  const { cooldowns, quarantines, intents, enis } = side;
  return { cooldowns, quarantines, intents, enis };
}

import { HostError, toHostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import type { Logger } from '../log/index.ts';
import {
  type Doubt,
  type EniAttachmentFacts,
  type Intent,
  type JournalRecord,
  type Memory,
  NOTHING_REMEMBERED,
  type PodAddress,
  type Pool,
  parseCheckpoint,
  parseJournal,
  parseSideFile,
  renderCheckpoint,
  renderJournalHeader,
  renderRecords,
  renderSideFile,
  replay,
  type SideFile,
} from '../pool/index.ts';
import { type AppendFile, type Files, openAppendFile, type Timers } from '../sys/index.ts';

/** What was written down before this start. */
export interface Stored extends Memory {
  /** Written in this boot; pods do not outlive one. */
  readonly sameBoot: boolean;
}

type AttachmentOf = (eniId: string) => EniAttachmentFacts | undefined;

const MODE = 0o600;
const SIDE_FILE = 'pool.json';
const JOURNAL = 'journal';

/** A journal longer than this is folded into the checkpoint at once; reading it back costs milliseconds. */
const JOURNAL_BYTES = 256 * 1024;

/** The checkpoint follows the journal this much later, so that a burst of pods writes it once. */
const FOLD_AFTER_MS = 200;
const FOLD_AGAIN_MS = 2_000;

type Parts = { readonly files: Files; readonly clock: Timers; readonly logger: Logger };

/**
 * The daemon's memory of this boot: the checkpoint in upstream's format, a side file for what that format has no place
 * for, and a journal of what happened since. A change is one line in the journal before it counts; the checkpoint follows.
 */
export class Store {
  readonly #parts: Parts;
  readonly #directory: string;
  readonly #checkpoint: string;
  readonly #bootId: string;
  #generation = 0;
  #journal: AppendFile | undefined;
  #intents: readonly Intent[] = [];
  /** The pool to fold into the checkpoint; known once the daemon has one. */
  #pool: Pool | undefined;
  #attachmentOf: AttachmentOf = () => undefined;
  #cancelFold: (() => void) | undefined;

  constructor(parts: Parts, directory: string, checkpoint = `${directory}/ipam.json`) {
    this.#parts = parts;
    this.#directory = directory;
    this.#checkpoint = checkpoint;
    this.#bootId = parts.files.read(PATHS.kernelBootId)?.trim() ?? '';
    parts.files.ensureDirectory(directory, 0o700);
  }

  /** Whether `adopt` took this node over from another CNI plugin in this boot. */
  get takenOver(): boolean {
    return this.#parts.files.fact(PATHS.takenOver).kind === 'file';
  }

  /** Reads what the last run left. What is broken is set aside under another name and reported, never fatal. */
  load(): Stored {
    const side = this.#sideFile();
    const whole = this.#read(this.#checkpoint, parseCheckpoint);
    const before = whole ?? this.#read(`${this.#checkpoint}.prev`, parseCheckpoint);
    const memory: Memory = { ...NOTHING_REMEMBERED, ...side, allocations: before ?? [] };
    // The checkpoint before the last one needs the journal before the last one too.
    const journal = this.#journalFrom((side?.generation ?? 0) - (whole === undefined ? 1 : 0));
    const stored = replay(memory, journal?.records ?? []);
    this.#generation = Math.max(side?.generation ?? 0, journal?.header?.generation ?? 0);
    this.#intents = stored.intents;
    const bootId = side?.bootId ?? journal?.header?.bootId ?? this.#bootId;
    return { ...stored, sameBoot: bootId === this.#bootId };
  }

  /** From now on this pool is what the checkpoint shows; `attachmentOf` tells how its ENIs are found. Throws `FILE_FAILED`. */
  follow(pool: Pool, attachmentOf: AttachmentOf): void {
    this.#pool = pool;
    this.#attachmentOf = attachmentOf;
    this.fold();
  }

  /** Writes changes down, all of them or none: throws `FILE_FAILED`, and then nothing has happened. */
  append(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    this.#open().append(renderRecords(records));
    if ((this.#journal?.size ?? 0) > JOURNAL_BYTES) this.#foldSoon(0);
    else this.foldLater();
  }

  /** Notes an EC2 change that is about to be asked for. */
  begin(intent: Intent): void {
    this.append([{ kind: 'intended', intent }]);
    this.#intents = [...this.#intents, intent];
  }

  /** Forgets an EC2 change that is complete or undone. One that a full disk keeps costs the next start one EC2 call. */
  end(intent: Intent): void {
    this.#intents = this.#intents.filter(({ key }) => key !== intent.key);
    try {
      this.append([{ kind: 'ended', key: intent.key }]);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }

  /** Lets the checkpoint follow soon. */
  foldLater(): void {
    if (this.#cancelFold === undefined) this.#foldSoon(FOLD_AFTER_MS);
  }

  /** Writes the checkpoint of the pool as it is, and begins a new journal. Throws `FILE_FAILED`. */
  fold(): void {
    this.#cancelFold?.();
    this.#cancelFold = undefined;
    const pool = this.#pool;
    if (pool === undefined) return;
    // The order matters: a crash after each step leaves a journal that ends in the same memory when it is replayed.
    this.#keep(this.#checkpoint);
    this.#replace(this.#checkpoint, renderCheckpoint(inOrder(pool)));
    const generation = this.#generation + 1;
    const side = this.#path(SIDE_FILE);
    this.#keep(side);
    this.#replace(side, renderSideFile(this.#sideOf(pool, generation)));
    this.#generation = generation;
    this.#journal?.close();
    this.#journal = undefined;
    const journal = this.#path(JOURNAL);
    this.#keep(journal);
    this.#replace(journal, renderJournalHeader({ bootId: this.#bootId, generation }));
  }

  /** Ends the writing: the checkpoint holds everything. */
  close(): void {
    if (this.#cancelFold !== undefined) this.#tryFold();
    this.#cancelFold?.();
    this.#journal?.close();
    this.#journal = undefined;
  }

  #foldSoon(afterMs: number): void {
    this.#cancelFold?.();
    this.#cancelFold = this.#parts.clock.after(afterMs, () => this.#tryFold());
  }

  #tryFold(): void {
    this.#cancelFold = undefined;
    try {
      this.fold();
    } catch (error) {
      // Nothing is lost: the journal has it. A full disk is tried again until there is room.
      this.#parts.logger.error('the checkpoint cannot be written, trying again', { error: toHostError(error) });
      this.#foldSoon(FOLD_AGAIN_MS);
    }
  }

  #open(): AppendFile {
    this.#journal ??= openAppendFile(this.#parts.files.hostPath(this.#path(JOURNAL)), { mode: MODE, sync: false });
    if (this.#journal.size === 0)
      this.#journal.append(renderJournalHeader({ bootId: this.#bootId, generation: this.#generation }));
    return this.#journal;
  }

  #sideFile(): SideFile | undefined {
    const path = this.#path(SIDE_FILE);
    return this.#read(path, parseSideFile) ?? this.#read(`${path}.prev`, parseSideFile);
  }

  /** What the journals say since the checkpoint of this generation. */
  #journalFrom(generation: number): ReturnType<typeof parseJournal> | undefined {
    const parts = [`${this.#path(JOURNAL)}.prev`, this.#path(JOURNAL)].flatMap((path) => {
      const text = this.#parts.files.read(path);
      if (text === undefined) return [];
      const journal = parseJournal(text);
      if (journal.damaged > 0)
        this.#parts.logger.warn('part of the journal cannot be read', { file: path, lines: journal.damaged });
      return journal.header !== undefined && journal.header.generation >= generation ? [journal] : [];
    });
    const last = parts.at(-1);
    return last === undefined ? undefined : { ...last, records: parts.flatMap(({ records }) => records) };
  }

  #read<T>(path: string, parse: (text: string) => T): T | undefined {
    const text = this.#parts.files.read(path);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      const aside = `${path}.broken`;
      this.#parts.files.move(path, aside);
      this.#parts.logger.error('a state file is broken and set aside; what it held is put together from the others', {
        error,
        aside,
      });
      return undefined;
    }
  }

  /** The generation before stays, for the day when the last one cannot be read. */
  #keep(path: string): void {
    if (this.#parts.files.fact(path).kind === 'file') this.#parts.files.keep(path, `${path}.prev`);
  }

  #sideOf(pool: Pool, generation: number): SideFile {
    const cooldowns = new Map<PodAddress, number>();
    const quarantines = new Map<PodAddress, Doubt>();
    const enis = [...pool.enis.values()].map((eni) => {
      for (const cidr of eni.cidrs.values())
        for (const [address, use] of cidr.uses)
          if (use.kind === 'cooldown') cooldowns.set(address, use.untilMs);
          else if (use.kind === 'quarantine') quarantines.set(address, { reason: use.reason, sinceMs: use.sinceMs });
      const { id, card, device, table, primary, subnetId, attachedAtMs, efa, service } = eni;
      const attached = this.#attachmentOf(id);
      return {
        facts: { id, card, device, table, primary, subnetId, attachedAtMs, efa, service },
        cidrs: [...eni.cidrs.keys()],
        ...(attached === undefined ? {} : { attached }),
      };
    });
    return { bootId: this.#bootId, generation, intents: this.#intents, cooldowns, quarantines, enis };
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  #replace(path: string, text: string): void {
    this.#parts.files.replace({ path, text, mode: MODE });
  }
}

/** Allocations by ENI and address, orphans last: upstream takes the first of two that claim one address. */
function inOrder(pool: Pool): ReturnType<Pool['allocations']> {
  const held = [...pool.enis.values()].flatMap((eni) =>
    [...eni.cidrs.values()].flatMap((cidr) =>
      [...cidr.uses].flatMap(([address, use]) =>
        use.kind === 'assigned' ? [{ address, owner: use.owner, since: use.since, eni }] : [],
      ),
    ),
  );
  return [...held, ...pool.orphans];
}

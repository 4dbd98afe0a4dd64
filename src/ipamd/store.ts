import { HostError, toHostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import type { Logger } from '../log/index.ts';
import {
  type Doubt,
  type EniAttachmentFacts,
  type Intent,
  type JournalRecord,
  MEMORY_FILES,
  type Memory,
  type MemoryDamage,
  type MemoryFile,
  type PodAddress,
  type Pool,
  recall,
  renderCheckpoint,
  renderJournalHeader,
  renderRecords,
  renderSideFile,
  type SideFile,
} from '../pool/index.ts';
import { type AppendFile, type Files, openAppendFile, type Timers } from '../sys/index.ts';

/** What was written down before this start. */
export interface Stored extends Memory {
  /** Written in this boot; pods do not outlive one. */
  readonly sameBoot: boolean;
  readonly damage: readonly MemoryDamage[];
}

type AttachmentOf = (eniId: string) => EniAttachmentFacts | undefined;

const MODE = 0o600;

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
  /** The generation that the journal on disk goes on from. */
  #journalOf: number | undefined;
  #isClosed = false;
  #intents: readonly Intent[] = [];
  /** What the files hold of the pool; `undefined` while that is not certain. */
  #folded: string | undefined;
  /** The pool to fold into the checkpoint; known once the daemon has one. */
  #pool: Pool | undefined;
  #attachmentOf: AttachmentOf = () => undefined;
  #cancelFold: (() => void) | undefined;
  #appendFailure: HostError | undefined;
  #foldFailure: HostError | undefined;

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
    const { texts, unread } = this.#texts();
    const { memory, bootId, generation, broken, damage } = recall(texts);
    for (const [name, error] of broken) this.#setAside(name, error);
    const found = [...damage.filter(({ file }) => !unread.some((each) => each.file === file)), ...unread];
    for (const { file, reason } of found) this.#parts.logger.warn('a state file is damaged', { file, reason });
    this.#generation = generation;
    this.#intents = memory.intents;
    return { ...memory, damage: found, sameBoot: (bootId ?? this.#bootId) === this.#bootId };
  }

  /** Why the last change could not be written down; nothing may be handed out then. It is tried again by itself. */
  get refusal(): HostError | undefined {
    return this.#appendFailure;
  }

  /** What keeps the files from being written, whichever. */
  get failure(): HostError | undefined {
    return this.#appendFailure ?? this.#foldFailure;
  }

  /**
   * From now on this pool is what the checkpoint shows; `attachmentOf` tells how its ENIs are found. A disk that is full
   * keeps no pod that runs from being served: until there is room, nothing new is handed out.
   */
  follow(pool: Pool, attachmentOf: AttachmentOf): void {
    this.#pool = pool;
    this.#attachmentOf = attachmentOf;
    this.#tryFold();
  }

  /** Writes changes down, all of them or none: throws `FILE_FAILED`, and then nothing has happened. */
  append(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    if (this.#isClosed) throw new HostError('ENGINE_STARTING', { phase: 'the daemon is being stopped' });
    try {
      this.#open().append(renderRecords(records));
      this.#appendFailure = undefined;
    } catch (error) {
      this.#appendFailure = toHostError(error);
      this.#foldSoon(FOLD_AGAIN_MS);
      throw error;
    }
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
    if (this.#cancelFold === undefined && !this.#isClosed) this.#foldSoon(FOLD_AFTER_MS);
  }

  /**
   * Writes the checkpoint of the pool as it is, and begins a new journal; nothing when the files say all that already.
   * Throws `FILE_FAILED`.
   */
  fold(): void {
    this.#cancelFold?.();
    this.#cancelFold = undefined;
    const pool = this.#pool;
    if (pool === undefined || this.#isClosed) return;
    const checkpoint = renderCheckpoint(inOrder(pool));
    const side = this.#sideOf(pool, this.#generation);
    const folded = checkpoint + renderSideFile(side);
    // A failure is over when something could be written.
    if (folded === this.#folded && this.#journal === undefined && this.failure === undefined) return;
    this.#folded = undefined;
    // The order matters: a crash after each step leaves a journal that ends in the same memory when it is replayed.
    this.#write('ipam.json', checkpoint);
    const generation = this.#generation + 1;
    const next = renderSideFile({ ...side, generation });
    this.#write('pool.json', next);
    this.#generation = generation;
    this.#beginJournal();
    this.#folded = checkpoint + next;
    this.#appendFailure = undefined;
    this.#foldFailure = undefined;
  }

  /** Ends the writing: the checkpoint holds everything, and the files are the next daemon's. */
  close(): void {
    if (this.#cancelFold !== undefined) this.#tryFold();
    this.#cancelFold?.();
    this.#isClosed = true;
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
      this.#foldFailure = toHostError(error);
      this.#parts.logger.error('the checkpoint cannot be written, trying again', { error: this.#foldFailure });
      this.#foldSoon(FOLD_AGAIN_MS);
    }
  }

  #open(): AppendFile {
    // After a checkpoint for which no journal could be begun, records would go to one that nobody reads any more.
    if (this.#journalOf !== this.#generation) this.#beginJournal();
    this.#journal ??= openAppendFile(this.#parts.files.hostPath(this.#path('journal')), { mode: MODE, sync: false });
    return this.#journal;
  }

  #beginJournal(): void {
    this.#journal?.close();
    this.#journal = undefined;
    this.#write('journal', renderJournalHeader({ bootId: this.#bootId, generation: this.#generation }));
    this.#journalOf = this.#generation;
  }

  #texts(): { readonly texts: ReadonlyMap<MemoryFile, string>; readonly unread: readonly MemoryDamage[] } {
    const texts = new Map<MemoryFile, string>();
    const unread: MemoryDamage[] = [];
    for (const name of MEMORY_FILES)
      try {
        const text = this.#parts.files.read(this.#path(name));
        if (text !== undefined) texts.set(name, text);
      } catch (error) {
        const failure = toHostError(error);
        unread.push({ file: name, reason: failure.message });
        this.#setAside(name, failure);
      }
    return { texts, unread };
  }

  #setAside(name: MemoryFile, error: HostError): void {
    const { files, logger } = this.#parts;
    const aside = `${this.#path(name)}.broken`;
    try {
      files.move(this.#path(name), aside);
    } catch (failure) {
      logger.error('a broken state file cannot be set aside', { error: toHostError(failure) });
    }
    logger.error('a state file is broken and set aside; what it held is put together from the others', {
      error,
      aside,
    });
  }

  #sideOf(pool: Pool, generation: number): SideFile {
    const quarantines = new Map<PodAddress, Doubt>();
    const enis = [...pool.enis.values()].map((eni) => {
      for (const cidr of eni.cidrs.values())
        for (const [address, use] of cidr.uses)
          if (use.kind === 'quarantine') quarantines.set(address, { reason: use.reason, sinceMs: use.sinceMs });
      const { id, card, device, table, primary, subnetId, attachedAtMs, efa, service } = eni;
      const attached = this.#attachmentOf(id);
      return {
        facts: { id, card, device, table, primary, subnetId, attachedAtMs, efa, service },
        cidrs: [...eni.cidrs.keys()],
        ...(attached === undefined ? {} : { attached }),
      };
    });
    return { bootId: this.#bootId, generation, intents: this.#intents, cooldowns: pool.cooldowns, quarantines, enis };
  }

  #path(name: MemoryFile): string {
    return name === 'ipam.json' ? this.#checkpoint : `${this.#directory}/${name}`;
  }

  /** Replaces a file. The generation before stays, for the day when the last one cannot be read. */
  #write(name: 'ipam.json' | 'pool.json' | 'journal', text: string): void {
    const { files } = this.#parts;
    const path = this.#path(name);
    const before = this.#path(`${name}.prev`);
    if (files.fact(path).kind === 'file') files.keep(path, before);
    // What lies there from before one that was set aside is too old for the journals that are left.
    else files.replace({ path: before, text, mode: MODE });
    files.replace({ path, text, mode: MODE });
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

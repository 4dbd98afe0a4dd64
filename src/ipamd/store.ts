import { type Ipv4Address, isIpv4 } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import type { Logger } from '../log/index.ts';
import { listAllocations, type Orphan, type PoolState, parseCheckpoint, renderCheckpoint } from '../pool/index.ts';
import type { Files } from '../sys/index.ts';

/** An EC2 change written down before it is asked for, so that a crash in the middle leaves nothing behind. */
export interface Intent {
  readonly kind: 'create-eni' | 'delete-eni';
  /** The client token of a creation; the ENI's id of a deletion. */
  readonly key: string;
}

/** What was written down before a restart. `allocations` is `undefined` when the checkpoint is missing or broken. */
export interface Stored {
  readonly allocations: readonly Orphan[] | undefined;
  readonly cooldowns: ReadonlyMap<Ipv4Address, number>;
  readonly intents: readonly Intent[];
}

const MODE = 0o600;
const CHECKPOINT = 'ipam.json';
const COOLDOWNS = 'cooldown.json';
const INTENTS = 'intents.json';

const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

/**
 * The daemon's memory of this boot, in a directory on tmpfs: the checkpoint in upstream's format, and beside it what
 * that format has no place for. Each file is replaced as a whole, so a crash leaves the old or the new one.
 */
export class Store {
  readonly #files: Files;
  readonly #directory: string;
  #intents: readonly Intent[] = [];
  /** What the file of cooldowns holds, once this run has written it. */
  #cooldowns: string | undefined;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
    files.ensureDirectory(directory, 0o700);
  }

  /** Whether `adopt` took this node over from another CNI plugin in this boot. */
  get takenOver(): boolean {
    return this.#files.fact(PATHS.takenOver).kind === 'file';
  }

  /** Writes allocations and cooldowns; called before an address is used and after it is freed. */
  save(state: PoolState): void {
    this.#write(CHECKPOINT, renderCheckpoint(listAllocations(state)));
    const cooldowns = state.enis.flatMap((eni) =>
      eni.addresses.flatMap(({ address, use }) => (use.kind === 'cooldown' ? [[address, use.untilMs] as const] : [])),
    );
    const text = `${JSON.stringify(Object.fromEntries(cooldowns))}\n`;
    // An ADD changes no cooldown, and must not pay for a second file.
    if (text === this.#cooldowns) return;
    this.#write(COOLDOWNS, text);
    this.#cooldowns = text;
  }

  /** Reads what the last run left. A broken checkpoint is kept aside under another name and reported, never fatal. */
  load(logger: Logger): Stored {
    this.#intents = this.#json(INTENTS, logger).flatMap(([key, kind]): readonly Intent[] =>
      kind === 'create-eni' || kind === 'delete-eni' ? [{ kind, key }] : [],
    );
    const cooldowns = this.#json(COOLDOWNS, logger).flatMap(([address, untilMs]): (readonly [Ipv4Address, number])[] =>
      isIpv4(address) && typeof untilMs === 'number' ? [[address, untilMs]] : [],
    );
    return { allocations: this.#checkpoint(logger), cooldowns: new Map(cooldowns), intents: this.#intents };
  }

  /** Notes an EC2 change that is about to be asked for. */
  begin(intent: Intent): void {
    this.#setIntents([...this.#intents, intent]);
  }

  /** Forgets an EC2 change that is complete or undone. One that a full disk keeps costs the next start one EC2 call. */
  end(intent: Intent): void {
    try {
      this.#setIntents(this.#intents.filter(({ kind, key }) => kind !== intent.kind || key !== intent.key));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }

  #setIntents(intents: readonly Intent[]): void {
    this.#intents = intents;
    this.#write(INTENTS, `${JSON.stringify(Object.fromEntries(intents.map(({ key, kind }) => [key, kind])))}\n`);
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  #write(name: string, text: string): void {
    this.#files.replace({ path: this.#path(name), text, mode: MODE });
  }

  #checkpoint(logger: Logger): readonly Orphan[] | undefined {
    const text = this.#files.read(this.#path(CHECKPOINT));
    if (text === undefined) return undefined;
    try {
      return parseCheckpoint(text);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      const aside = this.#path(`${CHECKPOINT}.broken`);
      this.#files.replace({ path: aside, text, mode: MODE });
      logger.error('checkpoint is broken: rebuilding from the kernel, the file is kept aside', { error, aside });
      return undefined;
    }
  }

  #json(name: string, logger: Logger): readonly (readonly [string, unknown])[] {
    const text = this.#files.read(this.#path(name));
    if (text === undefined) return [];
    try {
      return entriesOf(JSON.parse(text));
    } catch (error) {
      logger.warn('ignoring a broken side file: only its hints are lost', { error, file: this.#path(name) });
      return [];
    }
  }
}

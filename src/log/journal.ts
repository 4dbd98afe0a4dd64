import { DatagramSocket, type Sent } from '../sys/index.ts';
import { encodeEntry, journalFields } from './journal-entry.ts';
import type { LogEntry } from './types.ts';

/** Where the journal takes entries; in a service with a log namespace of its own, systemd puts that one's here. */
export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** A journal that is busy is waited for no longer: pods must not wait for a log. */
const SEND_TIMEOUT_MS = 50;
const SHORT_CHARACTERS = 1_000;

/**
 * Sends entries to the journal, one datagram each. An entry the journal does not take in time is dropped, and the next one
 * that it takes is preceded by the number of those that were.
 */
export class Journal {
  readonly #socket: DatagramSocket;
  #lost = 0;

  constructor(path: string = JOURNAL_SOCKET) {
    this.#socket = new DatagramSocket(path, { sendTimeoutMs: SEND_TIMEOUT_MS });
  }

  /** Sends one entry; never throws. */
  write(entry: LogEntry): void {
    if (this.#lost > 0) {
      const { program } = entry;
      const note: LogEntry = { level: 'warn', program, message: 'lines were lost', fields: { lost: this.#lost } };
      if (this.#send(note) === 'sent') this.#lost = 0;
    }
    if (this.#lost > 0 || this.#send(entry) !== 'sent') this.#lost += 1;
  }

  #send(entry: LogEntry): Sent {
    // Once it has kept us waiting in vain it is only asked, until it takes something again.
    const waiting = this.#lost > 0 ? 'at-once' : 'wait';
    const fields = journalFields(entry);
    const sent = this.#socket.send(encodeEntry(fields), waiting);
    if (sent !== 'too-long') return sent;
    const short = fields.map(([name, value]) => [name, value.slice(0, SHORT_CHARACTERS)] as const);
    return this.#socket.send(encodeEntry(short), waiting);
  }
}

import type { IpAddress } from '../addr/index.ts';
import { toHostError } from '../errors/index.ts';
import { deadLinks, forgetConnections, removeDeadLinks } from '../kernel/index.ts';
import type { Netns } from '../sys/index.ts';
import { later } from './later.ts';
import type { Node } from './parts.ts';

/** After a DEL the runtime removes the namespace and the pair dies with it for free; only what lives longer is removed. */
const REAP_AFTER_MS = 1_000;

interface Parts extends Pick<Node, 'clock' | 'exec' | 'logger' | 'signal' | 'socket'> {
  /** Of the host, unless it is that of the calling thread. */
  readonly netns?: Netns;
}

/**
 * Does what pods that are gone leave to be done, for all of a second at once and beside the calls: removes their dead links,
 * and their connections from conntrack.
 */
export class Reaper {
  readonly #parts: Parts;
  /** Addresses whose connections are to be forgotten. */
  readonly #left = new Set<IpAddress>();
  /** Those whose connections are being forgotten, and when that ends. */
  readonly #leaving = new Map<IpAddress, Promise<void>>();
  #forgotten: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #complained = false;

  /** `addresses`: those that rest since before this daemon, of which the one before may have been killed too early. */
  constructor(parts: Parts, addresses: Iterable<IpAddress> = []) {
    this.#parts = parts;
    for (const address of addresses) this.later(address);
  }

  /** A pod is unwired: links of it may be left, and connections of the addresses it had. */
  later(...addresses: readonly IpAddress[]): void {
    for (const address of addresses) this.#left.add(address);
    // Told to stop, we leave links to the daemon that comes after us, which finds them at its first DEL.
    this.#cancel ??= later(this.#parts, REAP_AFTER_MS, () => {
      this.#cancel = undefined;
      void this.#reap();
    });
  }

  /** Ends once nothing is left of earlier pods that had these addresses: at once, unless that is a moment ago. */
  async clear(...addresses: readonly IpAddress[]): Promise<void> {
    for (const address of addresses) await (this.#left.has(address) ? this.#forget() : this.#leaving.get(address));
  }

  /** Forgets the connections that are left, for there may be no later. */
  async stop(): Promise<void> {
    await this.#forget();
  }

  async #reap(): Promise<void> {
    const { socket, exec, logger } = this.#parts;
    try {
      if (deadLinks(socket).length > 0) await removeDeadLinks(exec);
    } catch (error) {
      logger.warn('dead veths stay until the next DEL', { error: toHostError(error) });
    }
    // Behind the links: by its own, what still runs in a sandbox could go on to make connections.
    await this.#forget();
  }

  #forget(): Promise<void> {
    const addresses = [...this.#left];
    if (addresses.length === 0) return this.#forgotten;
    this.#left.clear();
    const ended = this.#forgotten.then(async () => {
      await this.#forgetNow(addresses);
      for (const address of addresses) if (this.#leaving.get(address) === ended) this.#leaving.delete(address);
    });
    for (const address of addresses) this.#leaving.set(address, ended);
    this.#forgotten = ended;
    return ended;
  }

  async #forgetNow(addresses: readonly IpAddress[]): Promise<void> {
    try {
      await forgetConnections(addresses, this.#parts.netns);
      this.#complained = false;
    } catch (error) {
      // The kernel may not have what it takes, and would say so at every DEL.
      if (!this.#complained)
        this.#parts.logger.warn('connections of pods that are gone stay until they time out', {
          error: toHostError(error),
        });
      this.#complained = true;
    }
  }
}

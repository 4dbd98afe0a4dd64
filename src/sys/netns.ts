import { closeSync, constants, openSync } from 'node:fs';
import { HostError } from '../errors/index.ts';
import { lastErrnoName, libc } from './libc.ts';

const CLONE_NEWNET = 0x40000000;

/** An open network namespace; the descriptor keeps it alive until `close`. */
export interface Netns extends Disposable {
  readonly path: string;
  readonly fd: number;
}

/** Opens the namespace file. Throws `NETNS_MISSING`; whether it really is a network namespace shows when entered. */
export function openNetns(path: string): Netns {
  try {
    // Non-blocking: a FIFO under this name would otherwise hold the only thread until somebody writes to it.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { path, fd, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    throw new HostError(
      'NETNS_MISSING',
      { path, reason: error instanceof Error ? error.message : String(error) },
      error,
    );
  }
}

/** A value that is not a promise: what happens in a foreign namespace ends before we leave it. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/**
 * Runs synchronous work with the calling thread inside the namespace and always comes back. Sockets opened and
 * `/proc/sys/net` files written by `work` belong to it. Throws `NETNS_MISSING` when it is no network namespace.
 */
export function inNetns<T>(netns: Netns, work: () => Synchronous<T>): Synchronous<T> {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    if (libc.setns(netns.fd, CLONE_NEWNET) !== 0)
      throw new HostError('NETNS_MISSING', { path: netns.path, reason: `cannot be entered: ${lastErrnoName()}` });
    try {
      return work();
    } finally {
      // A daemon left in a pod's namespace would rewire that pod as if it were the host: better no daemon at all.
      if (libc.setns(home, CLONE_NEWNET) !== 0) process.abort();
    }
  } finally {
    closeSync(home);
  }
}

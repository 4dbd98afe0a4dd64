import { HostError } from '../errors/index.ts';
import { addressOf, lastErrnoName, libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
const PATH_MAX_BYTES = 107;

/** How a datagram fared: `full` when the receiver is busy, `too-long` when no receiver would take it, else an errno. */
export type Sent = 'sent' | 'full' | 'too-long' | { readonly errno: string };

/**
 * A socket that sends datagrams to one unix socket; a leading `@` names an abstract one (systemd's NOTIFY_SOCKET may be
 * either). Neither Bun nor Node can do this. Throws `FILE_FAILED` naming the socket.
 */
export class DatagramSocket implements Disposable {
  readonly #fd: number;
  readonly #address: Uint8Array;

  constructor(path: string, options: { readonly sendTimeoutMs?: number } = {}) {
    const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
    if (name.length === 0 || name.length > PATH_MAX_BYTES)
      throw new HostError('FILE_FAILED', { action: 'name the socket', path, reason: 'its path has a wrong length' });
    this.#address = new Uint8Array(2 + name.length);
    new DataView(this.#address.buffer).setUint16(0, AF_UNIX, true);
    this.#address.set(name, 2);
    this.#fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#fd < 0)
      throw new HostError('FILE_FAILED', { action: 'open a socket for', path, reason: lastErrnoName() });
    if (options.sendTimeoutMs !== undefined) this.#setTimeout(options.sendTimeoutMs);
  }

  /** Sends one datagram; waits for a busy receiver, at most for the time-out, or not at all. */
  send(payload: Uint8Array, waiting: 'wait' | 'at-once' = 'wait'): Sent {
    const flags = MSG_NOSIGNAL | (waiting === 'wait' ? 0 : MSG_DONTWAIT);
    const address = this.#address;
    const sent = libc.sendto(this.#fd, addressOf(payload), payload.length, flags, addressOf(address), address.length);
    if (Number(sent) >= 0) return 'sent';
    const errno = lastErrnoName();
    if (errno === 'EAGAIN' || errno === 'EWOULDBLOCK' || errno === 'ENOBUFS') return 'full';
    return errno === 'EMSGSIZE' ? 'too-long' : { errno };
  }

  #setTimeout(ms: number): void {
    // struct timeval of a 64-bit machine: seconds, microseconds.
    const value = new BigInt64Array([BigInt(Math.trunc(ms / 1000)), BigInt((ms % 1000) * 1000)]);
    const bytes = new Uint8Array(value.buffer);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_SNDTIMEO, addressOf(bytes), bytes.length);
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd);
  }
}

/** Sends one datagram to a unix socket. Throws `FILE_FAILED` naming the socket. */
export function sendUnixDatagram(path: string, text: string): void {
  using socket = new DatagramSocket(path);
  const sent = socket.send(Buffer.from(text));
  if (sent === 'sent') return;
  const reason = typeof sent === 'object' ? sent.errno : sent;
  throw new HostError('FILE_FAILED', { action: 'send to', path, reason });
}

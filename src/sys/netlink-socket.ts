import { read, write } from 'node:fs';
import { promisify } from 'node:util';
import { HostError } from '../errors/index.ts';
import { ERRNO } from './errno.ts';
import { errnoCode } from './file-error.ts';
import { addressOf, lastErrno, lastErrnoName, libc } from './libc.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
/** `NETLINK_ROUTE` and `NETLINK_NETFILTER`: links, addresses, routes and rules; packet rules. */
export const NETLINK_FAMILY = { ROUTE: 0, NETFILTER: 12 } as const;
const SOL_NETLINK = 270;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const NETLINK_NO_ENOBUFS = 5;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const RECEIVE_TIMEOUT_S = 5;

function setOption(fd: number, level: number, option: number, value: Uint8Array): void {
  libc.setsockopt(fd, level, option, addressOf(value), value.length);
}

function open(family: number, flags: number, groups: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, family);
  if (fd < 0) throw new HostError('NETLINK', { action: 'open a netlink socket', errno: lastErrnoName() });
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  if (libc.bind(fd, addressOf(address), address.length) !== 0) {
    const errno = lastErrnoName();
    libc.close(fd);
    throw new HostError('NETLINK', { action: 'bind a netlink socket', errno });
  }
  return fd;
}

const ONE = new Uint8Array(new Int32Array([1]).buffer);
const LONGEST_WAIT = new Uint8Array(new BigInt64Array([BigInt(RECEIVE_TIMEOUT_S), 0n]).buffer);

/**
 * Opens a route netlink socket in the namespace the thread is in; it is subscribed to nothing.
 * Replies carry extended acks; a reply that stays out fails after 5 s instead of hanging the daemon.
 */
export function openNetlinkSocket(): number {
  const fd = open(NETLINK_FAMILY.ROUTE, 0, 0);
  setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, ONE);
  setOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ONE);
  setOption(fd, SOL_SOCKET, SO_RCVTIMEO, LONGEST_WAIT);
  return fd;
}

/**
 * Opens a socket for requests to netfilter in the namespace the thread is in; a reply that stays out fails after 5 s.
 * What it is asked for may take the kernel tens of milliseconds, so it is used by `sendAside` and `receiveAside`.
 */
export function openNetfilterSocket(): number {
  const fd = open(NETLINK_FAMILY.NETFILTER, 0, 0);
  setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, ONE);
  setOption(fd, SOL_SOCKET, SO_RCVTIMEO, LONGEST_WAIT);
  return fd;
}

/**
 * Subscribes to multicast groups (a bit each) of the namespace the thread is in. When more happens than the kernel can
 * keep for us it drops the rest in silence: what is there to be read tells all the same that something has changed.
 */
export function openNetlinkEvents(family: number, groups: number): number {
  const fd = open(family, SOCK_NONBLOCK, groups);
  setOption(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, ONE);
  return fd;
}

/** The number under which the kernel knows a netlink socket: what the socket changes is told to others with it. */
export function netlinkPort(fd: number): number {
  const address = new Uint8Array(12);
  const length = new Uint8Array(new Int32Array([address.length]).buffer);
  if (libc.getsockname(fd, addressOf(address), addressOf(length)) !== 0)
    throw new HostError('NETLINK', { action: 'tell the number of a socket', errno: lastErrnoName() });
  return new DataView(address.buffer).getUint32(4, true);
}

/** What arrives at a non-blocking socket, as it comes; a piece holds whole datagrams. Works on a copy of the descriptor. */
export function datagramsOf(fd: number): ReadableStream<Uint8Array> {
  return Bun.file(fd).stream();
}

/** Sends all bytes as one message. Throws `NETLINK`. */
export function sendBytes(fd: number, bytes: Uint8Array): void {
  const sent = Number(libc.sendto(fd, addressOf(bytes), bytes.length, 0, null, 0));
  if (sent !== bytes.length) throw new HostError('NETLINK', { action: 'send a request', errno: lastErrnoName() });
}

/** Waits for one datagram, receives it into `buffer` and returns its length in bytes. Throws `NETLINK`. */
export function receiveInto(fd: number, buffer: Uint8Array): number {
  for (;;) {
    const length = Number(libc.recv(fd, addressOf(buffer), buffer.length, 0));
    if (length >= 0) return length;
    if (lastErrno() === ERRNO.EINTR) continue;
    throw new HostError('NETLINK', { action: 'receive a reply', errno: lastErrnoName() });
  }
}

const [readAside, writeAside] = [promisify(read), promisify(write)];

async function aside(action: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    throw new HostError('NETLINK', { action, errno: errnoCode(error) ?? String(error) }, error);
  }
}

/** Sends all bytes as one message from another thread: the kernel does the work of a request in the thread that sends it. */
export async function sendAside(fd: number, bytes: Uint8Array): Promise<void> {
  const action = 'send a request';
  const sent = await aside(action, async () => (await writeAside(fd, bytes, 0, bytes.length, null)).bytesWritten);
  if (sent !== bytes.length) throw new HostError('NETLINK', { action, errno: `${sent} of ${bytes.length} bytes` });
}

/** Receives one datagram in another thread, where the kernel collects it, and returns its length. Throws `NETLINK`. */
export function receiveAside(fd: number, buffer: Uint8Array): Promise<number> {
  return aside('receive a reply', async () => (await readAside(fd, buffer, 0, buffer.length, null)).bytesRead);
}

/** Closes the socket. */
export function closeSocket(fd: number): void {
  libc.close(fd);
}

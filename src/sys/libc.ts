import { dlopen, type Pointer, ptr, read } from 'bun:ffi';
import { HostError } from '../errors/index.ts';
import { errnoName } from './errno.ts';

/** Throws `NOT_LINUX` elsewhere: namespaces and netlink are nowhere else. */
export function requireLinux(platform: string): void {
  if (platform !== 'linux') throw new HostError('NOT_LINUX', { platform });
}

requireLinux(process.platform);

// The only dlopen of the product: what Bun and node:* cannot do (netlink, setns, unix datagrams) goes through here.
const library = dlopen('libc.so.6', {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  getsockname: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
  recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
  close: { args: ['i32'], returns: 'i32' },
  setns: { args: ['i32', 'i32'], returns: 'i32' },
  // An address of the process itself, not of a buffer: as a number.
  madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  __errno_location: { args: [], returns: 'ptr' },
}).symbols;

/** The C library, raw: every function returns what libc returns. Use the typed edges beside this file instead. */
export const libc: typeof library = library;

/** The errno of the libc call made just before on this thread. */
export function lastErrno(): number {
  const location = library.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

/** The address of a buffer for a libc call; valid while the buffer is referenced. */
export function addressOf(bytes: Uint8Array): Pointer {
  return ptr(bytes);
}

/** `EPERM`, `ENOENT`, …: the name of the errno of the call made just before. */
export function lastErrnoName(): string {
  return errnoName(lastErrno());
}

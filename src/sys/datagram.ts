import { HostError } from '../errors/index.ts';
import { addressOf, lastErrnoName, libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const PATH_MAX_BYTES = 107;

/**
 * Sends one datagram to a unix socket; a leading `@` names an abstract one (systemd's NOTIFY_SOCKET may be either).
 * Neither Bun nor Node can do this. Throws `FILE_FAILED` naming the socket.
 */
export function sendUnixDatagram(path: string, text: string): void {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  const fail = (action: string, reason: string): never => {
    throw new HostError('FILE_FAILED', { action, path, reason });
  };
  if (name.length === 0 || name.length > PATH_MAX_BYTES) fail('name the socket', 'its path has a wrong length');
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  const payload = Buffer.from(text);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail('open a socket for', lastErrnoName());
  const sent = libc.sendto(fd, addressOf(payload), payload.length, MSG_NOSIGNAL, addressOf(address), address.length);
  const reason = Number(sent) < 0 ? lastErrnoName() : undefined;
  libc.close(fd);
  if (reason !== undefined) fail('send to', reason);
}

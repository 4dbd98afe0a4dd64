import { readFileSync } from 'node:fs';

/** Both ends of a connection to a loopback port. */
export interface LoopbackConnection {
  /** The caller's end. */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly port: number;
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;

/**
 * The user whose process holds the calling end of a connection on this machine; `undefined` when no process does:
 * the kernel shows an end that was given up as root's (inode 0), so it must not be believed.
 */
export function peerUid(connection: LoopbackConnection): number | undefined {
  for (const path of TABLES) {
    const uid = ownerIn(readTable(path), connection);
    if (uid !== undefined) return uid;
  }
  return undefined;
}

/** The owner of the connection's calling end in the text of `/proc/net/tcp` or `tcp6`. */
export function ownerIn(table: string, connection: LoopbackConnection): number | undefined {
  const { peerAddress, peerPort, port } = connection;
  const address = peerAddress.replace(/^::ffff:/i, '');
  for (const line of table.split('\n').slice(1)) {
    // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode (proc_net_tcp in the kernel).
    const [, local, remote, , , , , uid, , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === '0') continue;
    if (portOf(local) === peerPort && portOf(remote) === port && addressOf(local) === address) return Number(uid);
  }
  return undefined;
}

/** The kernel prints an address as 32-bit words in its own byte order, little-endian on every machine we run on. */
function addressOf(end: string): string {
  const words = end.split(':')[0] ?? '';
  const last = words.slice(-8);
  return [6, 4, 2, 0].map((at) => Number.parseInt(last.slice(at, at + 2), 16)).join('.');
}

const portOf = (end: string): number => Number.parseInt(end.split(':')[1] ?? '', 16);

function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A kernel without IPv6 has no second table.
    return '';
  }
}

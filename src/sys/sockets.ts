import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect } from 'node:net';

/** A process as far as it may be looked at; what is not told is ''. */
export interface ProcessFact {
  readonly pid: number;
  /** The kernel's name of it, at most 15 characters. */
  readonly name: string;
  readonly executable: string;
}

/** A socket on which somebody waits for connections. */
export type Listener =
  | { readonly kind: 'tcp'; readonly port: number; readonly on: 'loopback' | 'other'; readonly inode: string }
  | { readonly kind: 'unix'; readonly path: string; readonly inode: string };

/** Looks at something that may end while we look. */
function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

const textOf = (path: string): string => attempt(() => readFileSync(path, 'utf8'), '');
const namespaceOf = (pid: number | string): number => attempt(() => statSync(`/proc/${pid}/ns/net`).ino, 0);
const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function processFact(pid: number): ProcessFact {
  return {
    pid,
    name: textOf(`/proc/${pid}/comm`).trim(),
    executable: attempt(() => readlinkSync(`/proc/${pid}/exe`), '').replace(/ \(deleted\)$/, ''),
  };
}

/** The processes that share our network namespace: those of other machines and of pods are not this host's. */
export function listProcesses(): readonly ProcessFact[] {
  const own = namespaceOf('self');
  return pids()
    .filter((pid) => namespaceOf(pid) === own)
    .map(processFact);
}

/** The words a process was started with; none when it has gone. */
export function processWords(pid: number): readonly string[] {
  return textOf(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '');
}

const TCP_LISTEN = '0A';
/** 127.0.0.1 as the kernel prints it: a number of this machine's byte order, and all of ours are little-endian. */
const LOOPBACK = '0100007F';
const UNIX_ACCEPTS = 0x10000;

/** The listening TCP and named unix sockets of our network namespace (proc(5): net/tcp, net/tcp6, net/unix). */
export function listListeners(): readonly Listener[] {
  const rows = (file: string): readonly (readonly string[])[] =>
    textOf(`/proc/self/net/${file}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  const tcp = [...rows('tcp'), ...rows('tcp6')].flatMap((row): readonly Listener[] => {
    const [address, port] = row[1]?.split(':') ?? [];
    if (row[3] !== TCP_LISTEN || port === undefined) return [];
    const on = address === LOOPBACK ? 'loopback' : 'other';
    return [{ kind: 'tcp', port: Number.parseInt(port, 16), on, inode: row[9] ?? '' }];
  });
  const unix = rows('unix').flatMap((row): readonly Listener[] => {
    const path = row[7];
    if (path === undefined || (Number.parseInt(row[3] ?? '', 16) & UNIX_ACCEPTS) === 0) return [];
    return [{ kind: 'unix', path, inode: row[6] ?? '' }];
  });
  return [...tcp, ...unix];
}

/** The processes that hold each of these sockets, by the sockets' inodes. */
export function socketHolders(inodes: readonly string[]): ReadonlyMap<string, readonly ProcessFact[]> {
  const holders = new Map<string, ProcessFact[]>(inodes.map((inode) => [inode, []]));
  for (const pid of pids())
    for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`), [])) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''))?.[1];
      const list = inode === undefined ? undefined : holders.get(inode);
      if (list !== undefined && !list.some((other) => other.pid === pid)) list.push(processFact(pid));
    }
  return holders;
}

/** Reports whether somebody takes connections on a unix socket of this machine. */
export function acceptsConnections(path: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (accepted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(accepted);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

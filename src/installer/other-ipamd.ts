import { AWS_NODE, type OtherIpamd, PATHS } from '../hostspec/index.ts';
import {
  acceptsConnections,
  type Listener,
  listListeners,
  listProcesses,
  type ProcessFact,
  socketHolders,
} from '../sys/index.ts';
import type { Host } from './host.ts';

const CONNECT_MS = 1_000;

const isOurs = ({ executable, pid }: ProcessFact): boolean =>
  executable.startsWith(`${PATHS.home}/`) || pid === process.pid;

const PORTS: ReadonlySet<number> = new Set(AWS_NODE.ports);
const LOOPBACK_PORTS: ReadonlySet<number> = new Set(AWS_NODE.loopbackPorts);
const isItsPort = ({ port, on }: Extract<Listener, { readonly kind: 'tcp' }>): boolean =>
  PORTS.has(port) || (on === 'loopback' && LOOPBACK_PORTS.has(port));

const describe = (listener: Listener): string =>
  listener.kind === 'tcp' ? `listens on port ${listener.port}` : `serves ${AWS_NODE.socket}`;

/**
 * Looks for another ipamd on this host: who takes connections on aws-node's socket, who listens on its ports, whose name
 * is that of its programs. One that is only known by what it holds counts as well.
 */
export async function findOtherIpamd(host: Host): Promise<readonly OtherIpamd[]> {
  const accepts = await acceptsConnections(host.files.hostPath(AWS_NODE.socket), CONNECT_MS);
  const listeners = listListeners().filter((listener) =>
    listener.kind === 'tcp' ? isItsPort(listener) : accepts && listener.path.endsWith('/aws-node/ipamd.sock'),
  );
  const holders = socketHolders(listeners.map(({ inode }) => inode));
  const held = listeners.flatMap((listener): readonly OtherIpamd[] => {
    const who = holders.get(listener.inode) ?? [];
    if (who.some(isOurs)) return [];
    const [first] = who;
    const holds = describe(listener);
    return [first === undefined ? { holds } : { holds, pid: first.pid, program: first.executable || first.name }];
  });
  // Served by somebody whom no list of ours shows, such as a process of another network namespace.
  const socket =
    accepts && !listeners.some(({ kind }) => kind === 'unix') ? [{ holds: `serves ${AWS_NODE.socket}` }] : [];
  const names: ReadonlySet<string> = new Set(AWS_NODE.programs);
  const running = listProcesses()
    .filter((fact) => names.has(fact.name) && !held.some(({ pid }) => pid === fact.pid))
    .map(({ pid, name }) => ({ holds: 'runs', pid, program: name }));
  const seen = new Set<string>();
  return [...held, ...socket, ...running].filter((other) => {
    const key = JSON.stringify(other);
    return !seen.has(key) && seen.add(key);
  });
}

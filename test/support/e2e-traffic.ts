import { join } from 'node:path';
import { enterArgv } from '../../src/sim/index.ts';
import type { E2eNode } from './e2e.ts';

const SCRIPT = join(import.meta.dir, 'traffic.ts');

/** A place that packets come from and go to: a node, or one of its pods. */
export interface Place {
  readonly node: E2eNode;
  readonly netns?: string;
}

const argvIn = ({ node, netns }: Place, ...words: readonly string[]): readonly [string, ...string[]] => [
  ...enterArgv(node.paths),
  ...(netns === undefined ? [] : ['nsenter', `--net=${netns}`, '--']),
  ...[process.execPath, SCRIPT, ...words],
];

/** Lets a place answer on a port, TCP and UDP, until it goes out of scope. */
export async function serveIn(place: Place, port: number): Promise<Disposable> {
  const child = Bun.spawn([...argvIn(place, 'serve', `${port}`)], { stdout: 'pipe', stderr: 'inherit' });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new Error(`nothing answers on port ${port}`);
  return { [Symbol.dispose]: () => child.kill() };
}

async function printed(place: Place, ...words: readonly string[]): Promise<string> {
  const child = Bun.spawn([...argvIn(place, ...words)], { stdout: 'pipe', stderr: 'inherit' });
  return (await new Response(child.stdout).text()).trim();
}

/** The address a server on `host` sees when it is asked from a place; '' when it does not answer. */
export function seenFrom(place: Place, protocol: 'tcp' | 'udp', host: string, port: number): Promise<string> {
  return printed(place, 'ask', protocol, host, `${port}`);
}

/** Sends so many bytes over one connection; how many arrived in its last second. */
export async function lastSecond(place: Place, host: string, port: number, bytes: number): Promise<number> {
  return Number(await printed(place, 'pour', host, `${port}`, `${bytes}`));
}

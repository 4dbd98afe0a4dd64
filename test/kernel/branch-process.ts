import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestNetns } from '../support/netns.ts';
import type { TestNode } from './pod-node.ts';

/** Beside this file in a guest, where all of it is one file. */
const BUNDLED = join(import.meta.dir, 'branch-daemon.js');
const PROGRAM = existsSync(BUNDLED) ? BUNDLED : join(import.meta.dir, '../support/guest/branch-daemon.ts');

/** A daemon in the namespace of a node, asked line by line. */
export class Daemon implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  constructor(node: TestNode, ...words: readonly string[]) {
    this.#child = spawn(node.space.name, words);
    this.#lines = linesOf(this.#child.stdout);
  }

  async ask(request: unknown): Promise<unknown> {
    this.#child.stdin.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
    await this.#child.stdin.flush();
    const { value } = await this.#lines.next();
    return JSON.parse(value ?? '"the daemon has ended"');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }
}

const spawn = (space: string, words: readonly string[]) =>
  Bun.spawn(['ip', 'netns', 'exec', space, process.execPath, PROGRAM, ...words], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of stream) {
    rest += decoder.decode(part, { stream: true });
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    yield* whole;
  }
}

/** A request of the plugin for pod `default/NAME`. */
export const call = (command: string, pod: TestNetns | undefined, config: object = {}, name = 'nginx') => ({
  plugin: 'aws-cni',
  command,
  containerId: command === 'GC' ? '' : `c-${name}`,
  netns: pod?.netns.path ?? '',
  ifName: command === 'GC' ? '' : 'eth0',
  args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`,
  path: '/opt/cni/bin',
  config: { cniVersion: '1.1.0', name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni', mtu: '9001', ...config },
});

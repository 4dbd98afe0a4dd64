import { expect } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../src/sys/index.ts';
import { lines, TestNetns } from '../support/netns.ts';
import { BranchNode, branchEni, vlanTest } from './branch-node.ts';
import { INTERNET, ping, stateOf } from './pod-node.ts';

/** Beside this file in a guest, where all of it is one file. */
const BUNDLED = join(import.meta.dir, 'branch-daemon.js');
const PROGRAM = existsSync(BUNDLED) ? BUNDLED : join(import.meta.dir, '../support/guest/branch-daemon.ts');

/** A daemon in the namespace of a node, asked line by line. */
class Daemon implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  constructor(node: BranchNode, ...words: readonly string[]) {
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

const call = (command: string, pod: TestNetns | undefined, config: object = {}, name = 'nginx') => ({
  plugin: 'aws-cni',
  command,
  containerId: command === 'GC' ? '' : `c-${name}`,
  netns: pod?.netns.path ?? '',
  ifName: command === 'GC' ? '' : 'eth0',
  args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`,
  path: '/opt/cni/bin',
  config: { cniVersion: '1.1.0', name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni', mtu: '9001', ...config },
});

const { mac, address, vlanId } = branchEni(7);
const NOTE = { eniId: 'eni-7', ifAddress: mac, privateIp: address, vlanId, subnetCidr: '10.0.3.0/24' };
const state = ({ space }: BranchNode): string => lines(stateOf(space).replaceAll(/^\d+ /gm, '')).toSorted().join('\n');

vlanTest('a pod with a branch ENI: ADD, CHECK, another daemon, repair, DEL', () =>
  withTemporaryDirectory(async (directory) => {
    using node = new BranchNode();
    using pod = new TestNetns('s');
    writeFileSync(`${directory}/pods.json`, JSON.stringify({ 'default/nginx': [NOTE], 'default/late': null }));
    const start = (...words: readonly string[]): Daemon => new Daemon(node, directory, ...words);
    await using first = start('strict', 'trunk');
    expect(await first.ask('pods')).toEqual([]);
    const before = state(node);
    expect(await first.ask(call('ADD', pod, {}, 'late'))).toMatchObject({ code: 'POD_ENI_MISSING' });
    const result = await first.ask(call('ADD', pod));
    expect(result).toMatchObject({
      interfaces: [{ name: 'vlanc440f455693' }, { name: 'eth0', sandbox: pod.netns.path }],
      ips: [{ address: '10.0.3.7/32', gateway: '10.0.3.1', interface: 1 }],
    });
    expect(await ping(pod, INTERNET)).toBe('reached');
    const wired = state(node);
    expect(await first.ask(call('ADD', pod))).toEqual(result);
    expect(await first.ask(call('CHECK', pod, { prevResult: result }))).toEqual({});
    expect(await first.ask('repair')).toEqual([]);
    expect(state(node)).toBe(wired);
    await first[Symbol.asyncDispose]();

    // Nothing has been written down, and the mode is another one now: the pod keeps what it was promised.
    await using second = start('standard', 'trunk');
    expect(await second.ask('pods')).toEqual(['10.0.3.7']);
    expect(state(node)).toBe(wired);
    node.space.ip('link del vlan.eth.7');
    node.space.ip('rule del priority 10');
    expect(await second.ask(call('CHECK', pod, { prevResult: result }))).toMatchObject({ code: 'CHECK_FAILED' });
    expect(await second.ask('repair')).not.toEqual([]);
    expect(state(node)).toBe(wired);
    expect(await second.ask(call('CHECK', pod, { prevResult: result }))).toEqual({});
    expect(await ping(pod, INTERNET)).toBe('reached');

    expect(await second.ask(call('DEL', pod))).toEqual({});
    expect(await second.ask(call('DEL', pod))).toEqual({});
    // With the last such pod the host's own table is the first again.
    await second.ask('repair');
    node.space.ip('link del group 7690');
    const unlike = (text: string): readonly string[] => lines(text).filter((line) => !line.includes('lookup local'));
    expect(unlike(state(node))).toEqual(unlike(before));
    expect(lines(node.space.ip('rule'))[0]).toBe('0: from all lookup local');
  }),
);

vlanTest('without a trunk such a pod waits and costs nothing; GC takes one away that nobody names', () =>
  withTemporaryDirectory(async (directory) => {
    using node = new BranchNode();
    using pod = new TestNetns('s');
    writeFileSync(`${directory}/pods.json`, JSON.stringify({ 'default/nginx': [NOTE] }));
    await using waiting = new Daemon(node, directory, 'standard', 'none');
    await waiting.ask('pods');
    const before = state(node);
    expect(await waiting.ask(call('ADD', pod))).toMatchObject({ code: 'TRUNK_MISSING' });
    expect(state(node)).toBe(before);
    await waiting[Symbol.asyncDispose]();
    await using daemon = new Daemon(node, directory, 'standard', 'trunk');
    expect(await daemon.ask(call('ADD', pod))).toMatchObject({ interfaces: [{ name: 'enic440f455693' }, {}] });
    const named = { containerID: 'c-nginx', ifname: 'eth0' };
    expect(await daemon.ask(call('GC', undefined, { 'cni.dev/valid-attachments': [named] }))).toEqual({});
    expect(await daemon.ask('pods')).toEqual(['10.0.3.7']);
    expect(await daemon.ask(call('GC', undefined, { 'cni.dev/valid-attachments': [] }))).toEqual({});
    expect(await daemon.ask('pods')).toEqual([]);
    expect(node.space.ip('rule')).not.toContain('10.0.3.7');
  }),
);

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../scripts/build.ts';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { instanceIdOf } from '../../src/sim/imds/index.ts';
import {
  createClient,
  enterArgv,
  type NodePaths,
  nodePaths,
  type SimCall,
  type SimClient,
  type SimStatus,
  vpcNames,
} from '../../src/sim/index.ts';
import { type ExecResult, systemExec } from '../../src/sys/index.ts';

const ROOT = join(import.meta.dir, '../..');
const BUILT = join(ROOT, `dist/vpc-cni-linux-${process.arch}`);

/** The built executable; built first when it is missing. `VPC_CNI_EXECUTABLE` names another one to be tested. */
export function executable(): string {
  return process.env['VPC_CNI_EXECUTABLE'] ?? (existsSync(BUILT) ? BUILT : build());
}

// Longer than anything the product waits for, so that its own failure is what a test shows.
const COMMAND_TIMEOUT_MS = 180_000;
const LOOK_AGAIN_MS = 20;
const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);

/** Runs a program and returns what it left, whatever its exit code. */
export function runAny(
  argv: readonly [string, ...string[]],
  more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ExecResult> {
  return systemExec.run({ argv, timeoutMs: COMMAND_TIMEOUT_MS, accept: ANY_EXIT_CODE, ...more });
}

/** Waits until `look` returns something. Fails at the deadline with what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  options: { readonly withinMs?: number; readonly everyMs?: number; readonly last?: () => unknown } = {},
): Promise<T> {
  const deadline = performance.now() + (options.withinMs ?? 30_000);
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new Error(`not so in time: ${what}${options.last ? `; last seen: ${JSON.stringify(options.last())}` : ''}`);
    await Bun.sleep(options.everyMs ?? LOOK_AGAIN_MS);
  }
}

/** A failure as `--json` prints it. */
export interface JsonFailure {
  readonly ok: false;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** What `install --json` and `uninstall --json` print. */
export interface JsonReport {
  readonly ok: true;
  readonly changed: boolean;
  readonly changes: readonly { readonly kind: string; readonly target: string }[];
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
  readonly notes: readonly string[];
  readonly ms: number;
}

/** One node of a simulated VPC, seen from the test. */
export class E2eNode {
  readonly name: string;
  readonly paths: NodePaths;

  constructor(paths: NodePaths) {
    this.name = paths.node;
    this.paths = paths;
  }

  /** Runs a program on the node; whatever its exit code. */
  run(
    argv: readonly [string, ...string[]],
    more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<ExecResult> {
    return runAny([...enterArgv(this.paths), ...argv], more);
  }

  /** What a program prints on the node. Throws when it fails. */
  async text(...argv: readonly [string, ...string[]]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode !== 0) throw new Error(`${this.name}: ${argv.join(' ')} failed with ${exitCode}: ${stderr || stdout}`);
    return stdout;
  }

  /** Runs our command on the node. */
  cli(...words: readonly string[]): Promise<ExecResult> {
    return this.run([executable(), ...words]);
  }

  /** `install --json`, which must succeed. */
  async install(...words: readonly string[]): Promise<JsonReport> {
    return this.#report('install', ...words);
  }

  /** `uninstall --json`, which must succeed. */
  async uninstall(...words: readonly string[]): Promise<JsonReport> {
    return this.#report('uninstall', ...words);
  }

  async #report(...words: readonly string[]): Promise<JsonReport> {
    const { exitCode, stdout, stderr } = await this.cli(...words, '--json');
    if (exitCode !== 0) throw new Error(`${this.name}: ${words.join(' ')} exited with ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** Settings for the daemon's next start, one `KEY=value` each. */
  async configure(...lines: readonly string[]): Promise<void> {
    await this.run(['tee', '/etc/vpc-cni/conf.d/50-test.env'], { input: `${lines.join('\n')}\n` });
  }

  /** What the daemon says of itself; `undefined` while it does not answer. */
  async status(): Promise<StatusDocument | undefined> {
    try {
      const unix = `${this.paths.run}/vpc-cni/cni.sock`;
      const answer = await fetch('http://localhost/v1/status', { unix, signal: AbortSignal.timeout(2_000) });
      const document: StatusDocument = JSON.parse(await answer.text());
      return document;
    } catch {
      return undefined;
    }
  }

  /** Waits for a state of the daemon. */
  async untilStatus(
    what: string,
    is: (status: StatusDocument) => boolean,
    options: { readonly withinMs?: number } = {},
  ): Promise<StatusDocument> {
    let last: StatusDocument | undefined;
    return until(
      `${this.name}: ${what}`,
      async () => {
        last = await this.status();
        return last !== undefined && is(last) ? last : undefined;
      },
      { ...options, last: () => last },
    );
  }

  /** The daemon's process id, after making sure that it is the daemon and lives on this node. */
  async daemonPid(): Promise<number> {
    return until(`${this.name}: a daemon to be found`, async () => {
      const pid = (await this.status())?.pid;
      return pid !== undefined && this.#isOurs(pid, 'ipamd') ? pid : undefined;
    });
  }

  /** Ends the daemon and what keeps it, and returns when both are gone; SIGKILL is a crash of both. */
  async stopDaemon(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const state: { supervisor: { pid: number }; child: { pid: number } | null } = JSON.parse(
      await this.text('cat', '/run/vpc-cni/supervisor.json'),
    );
    const pids = [state.supervisor.pid, ...(state.child === null ? [] : [state.child.pid])];
    for (const pid of pids)
      if (this.#isOurs(pid, 'supervise') || (signal === 'SIGKILL' && this.#isOurs(pid, 'ipamd')))
        process.kill(pid, signal);
    await until(`${this.name}: the daemon to be gone`, () =>
      pids.some((pid) => this.#isOurs(pid, 'supervise') || this.#isOurs(pid, 'ipamd')) ? undefined : true,
    );
  }

  #isOurs(pid: number, word: string): boolean {
    try {
      const home = statSync(`/proc/${pid}/ns/net`).ino === statSync(this.paths.netns).ino;
      return home && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  }

  /** Programs in a pod's namespace. */
  inNetns(netns: string, ...argv: readonly [string, ...string[]]): Promise<ExecResult> {
    return this.run(['nsenter', `--net=${netns}`, '--', ...argv]);
  }
}

/** A simulated VPC driven by the built executable. */
export class E2eVpc {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** `vpc-cni sim WORDS`, whatever its exit code. */
  sim(...words: readonly string[]): Promise<ExecResult> {
    const end = words.indexOf('--');
    const own = end < 0 ? words : words.slice(0, end);
    const rest = end < 0 ? [] : words.slice(end);
    const [group = '', ...others] = own;
    // An option must stand before the words a command passes on.
    const nested = ['node', 'pod'].includes(group) ? [group, others.shift() ?? ''] : [group];
    return runAny([executable(), 'sim', ...nested, `--name=${this.#name}`, ...others, ...rest]);
  }

  /** The JSON document of a `sim` command that must succeed. */
  async json<T>(...words: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.sim(...words, '--json');
    if (exitCode !== 0) throw new Error(`sim ${words.join(' ')} exited with ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** `sim up`. */
  async up(...words: readonly string[]): Promise<void> {
    await this.json('up', ...words);
  }

  /** `sim down`; nothing is left, also when a test has failed half-way. */
  async down(): Promise<void> {
    await this.json('down');
  }

  node(name: string): E2eNode {
    return new E2eNode(nodePaths(vpcNames(this.#name), name));
  }

  /** Gives orders to the simulator without a command for each. */
  client(): SimClient {
    return createClient(vpcNames(this.#name));
  }

  /** A new node. */
  async addNode(name: string, ...words: readonly string[]): Promise<E2eNode> {
    await this.json('node', 'add', name, ...words);
    return this.node(name);
  }

  status(): Promise<SimStatus> {
    return this.json<SimStatus>('status');
  }

  /** The actions EC2 was asked for by a node since the last call of `forgetCalls`, IMDS left out. */
  async ec2Calls(node: string): Promise<readonly SimCall[]> {
    const { nodes } = await this.status();
    const id = nodes.find(({ name }) => name === node)?.instanceId ?? '';
    // The access key a role's credentials have in the simulator names the instance.
    return (await this.json<readonly SimCall[]>('calls')).filter((call) => instanceIdOf(call.caller) === id);
  }

  async forgetCalls(): Promise<void> {
    await this.json('calls', '--clear');
  }

  /** Disturbs EC2 or IMDS until cleared. */
  async dial(...words: readonly string[]): Promise<void> {
    await this.json('dial', ...words);
  }

  async clearDials(): Promise<void> {
    await this.json('dial', '--clear');
  }
}

/** A VPC of this test run alone: `mark` keeps two files apart, the process id two runs. */
export function freshVpc(mark: string): E2eVpc {
  return new E2eVpc(`${mark}${process.pid.toString(36)}`);
}

import { execa } from 'execa';
import type { HostStatus } from '../../src/inspect/index.ts';
import type { SimStatus } from '../../src/sim/index.ts';
import { DemoFailure } from './failure.ts';
import { parseComplaint, parseSim, parseStatus } from './parse.ts';
import type { NodeName } from './plan.ts';

/** How a command is run. */
export interface RunOptions {
  readonly input?: string;
  /** Exit codes that are an answer; `[0]` unless told. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
}

/** What a command left behind. */
export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built executable, driven as a user would from a shell, but without one. */
export interface Cli {
  readonly executable: string;
  readonly vpc: string;
  /** `vpc-cni sim WORDS` on our VPC; words after the subcommand's own, `['pod', 'add']`, come in `rest`. */
  sim(words: readonly string[], rest?: readonly string[], options?: RunOptions): Promise<Output>;
  /** A program on a node. */
  onNode(node: NodeName, argv: readonly string[], options?: RunOptions): Promise<Output>;
  /** A program in a pod. */
  inPod(node: NodeName, pod: string, argv: readonly string[], options?: RunOptions): Promise<Output>;
}

const TIMEOUT_MS = 60_000;
// Nothing the demo asks for over HTTP may go through somebody's proxy.
const ENVIRONMENT = { LC_ALL: 'C', NO_COLOR: '1', http_proxy: '', HTTP_PROXY: '', NO_PROXY: '*', no_proxy: '*' };

/** Runs a program; throws what it complained about, or the reason of `signal` once that is aborted. */
export async function run(
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
  options: RunOptions = {},
): Promise<Output> {
  signal.throwIfAborted();
  const [program, ...args] = argv;
  // In a process group of its own: Ctrl-C reaches us alone, and what a program has started can be ended with it.
  const child = execa(program, args, {
    detached: true,
    reject: false,
    env: ENVIRONMENT,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended meanwhile, which is what we want: ignoring.
    }
  };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, options.timeoutMs ?? TIMEOUT_MS);
  signal.addEventListener('abort', kill);
  try {
    const result = await child;
    signal.throwIfAborted();
    const { stdout, stderr, exitCode = 1 } = result;
    if (!late && (options.accept ?? [0]).includes(exitCode)) return { exitCode, stdout, stderr };
    const outcome = late ? 'did not end in time' : `failed with exit code ${exitCode}`;
    throw new DemoFailure(`${argv.join(' ')}\n${outcome}\n${parseComplaint(stdout, stderr)}`.trimEnd());
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

/** The executable at a path, bound to one VPC. */
export function createCli(executable: string, vpc: string, signal: AbortSignal): Cli {
  const name = ['--name', vpc];
  return {
    executable,
    vpc,
    sim: (words, rest = [], options) => run([executable, 'sim', ...words, ...name, ...rest], signal, options),
    onNode: (node, argv, options) => run([executable, 'sim', 'exec', ...name, node, '--', ...argv], signal, options),
    inPod: (node, pod, argv, options) =>
      run([executable, 'sim', 'pod', 'exec', ...name, node, pod, '--', ...argv], signal, options),
  };
}

/** The VPC as the simulator sees it. */
export async function simStatus(cli: Cli): Promise<SimStatus> {
  return parseSim((await cli.sim(['status'], ['--json'])).stdout);
}

/** A node as its own `vpc-cni status` sees it; an ipamd that is down is an answer too. */
export async function nodeStatus(cli: Cli, node: NodeName): Promise<HostStatus> {
  const { stdout, stderr } = await cli.onNode(node, [cli.executable, 'status', '--json'], { accept: [0, 1] });
  // Without an answer it was not the daemon that is down, but the node.
  if (stdout === '') throw new DemoFailure(stderr.trim());
  return parseStatus(stdout);
}

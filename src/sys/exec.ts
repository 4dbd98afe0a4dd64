import { execa } from 'execa';
import { HostError } from '../errors/index.ts';

/** One program run: argv without a shell, `LC_ALL=C`, always with a time limit. */
export interface ExecRequest {
  readonly argv: readonly [string, ...string[]];
  readonly input?: string;
  /** Milliseconds until the program is killed; 10 s unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are an answer, not a failure; `[0]` unless told. */
  readonly accept?: readonly number[];
  /** Ends the program once it has printed so much, and takes that for its answer; as much as it likes unless told. */
  readonly mostBytes?: number;
}

/** What the program left behind. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It printed more than was asked for. */
  readonly truncated?: true;
}

/** Runs other programs. */
export interface Exec {
  /** Throws `PROGRAM_MISSING`, or `EXEC_FAILED` holding argv, outcome and the beginning of stderr. */
  run(request: ExecRequest): Promise<ExecResult>;
}

const DEFAULT_TIMEOUT_MS = 10_000;

const SUMMARY_CHARACTERS = 300;

/** What a program complained about, on one line: the first lines say it, the rest repeats it. */
function summary(stderr: string): string {
  const line = stderr.trim().replaceAll(/\s*\n\s*/g, ' | ');
  return line.length <= SUMMARY_CHARACTERS ? line : `${line.slice(0, SUMMARY_CHARACTERS)}…`;
}

/** Runs programs of this machine through execa. */
export const systemExec: Exec = {
  async run(request) {
    const [program, ...args] = request.argv;
    const result = await execa(program, args, {
      reject: false,
      stripFinalNewline: false,
      timeout: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      env: { LC_ALL: 'C', ...request.env },
      ...(request.input === undefined ? { stdin: 'ignore' as const } : { input: request.input }),
      ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
      ...(request.mostBytes === undefined ? {} : { maxBuffer: request.mostBytes }),
    });
    if (result.code === 'ENOENT' && result.exitCode === undefined) throw new HostError('PROGRAM_MISSING', { program });
    if (result.isMaxBuffer && request.mostBytes !== undefined)
      return { exitCode: 0, stdout: result.stdout, stderr: result.stderr, truncated: true };
    const { exitCode } = result;
    if (exitCode === undefined || !(request.accept ?? [0]).includes(exitCode)) {
      const outcome = result.timedOut
        ? 'did not end in time'
        : result.isCanceled
          ? 'was cancelled'
          : exitCode === undefined
            ? `ended by ${result.signal ?? 'an unknown cause'}`
            : `failed with exit code ${exitCode}`;
      throw new HostError('EXEC_FAILED', { argv: request.argv.join(' '), outcome, stderr: summary(result.stderr) });
    }
    return { exitCode, stdout: result.stdout, stderr: result.stderr };
  },
};

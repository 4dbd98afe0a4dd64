import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { execa } from 'execa';
import { HostError } from '../errors/index.ts';

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs a program on our own terminal and returns its exit code; 128 plus the number when a signal ended it. Signals to us
 * are the program's to answer, except those of the terminal, which it has had already.
 */
export async function runAttached(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  // From before the program starts: it may be asked to end in its first moment. A handler runs once we wait, so it is there.
  const passOn = (signal: NodeJS.Signals): void => {
    const isTyped = isatty(0) && (signal === 'SIGINT' || signal === 'SIGQUIT');
    if (!isTyped) child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, passOn);
  const child = execa(program, args, { stdio: 'inherit', reject: false, cleanup: false });
  const result = await child.finally(() => {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  });
  if (result.exitCode !== undefined) return result.exitCode;
  if (result.signal !== undefined) return 128 + constants.signals[result.signal];
  throw new HostError('PROGRAM_MISSING', { program });
}

/** Starts a program that outlives us, in a session of its own, its output added to a log file; returns its pid. */
export function startDetached(options: {
  readonly argv: readonly [string, ...string[]];
  readonly log: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): Promise<number> {
  const [program, ...args] = options.argv;
  const log = openSync(options.log, 'a', 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
    });
    child.once('error', (error) => reject(new HostError('PROGRAM_MISSING', { program }, error)));
    child.once('spawn', () => {
      child.unref();
      if (child.pid !== undefined) resolve(child.pid);
    });
    closeSync(log);
  });
}

/** Throws `PROGRAM_MISSING` for the first program that is not on the path. */
export function needPrograms(programs: readonly string[]): void {
  const program = programs.find((name) => Bun.which(name) === null);
  if (program !== undefined) throw new HostError('PROGRAM_MISSING', { program });
}

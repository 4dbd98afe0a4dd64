import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { execa } from 'execa';
import { HostError } from '../errors/index.ts';

/** Runs a program on our own terminal and returns its exit code; 128 plus the number when a signal ended it. */
export async function runAttached(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  const result = await execa(program, args, { stdio: 'inherit', reject: false });
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

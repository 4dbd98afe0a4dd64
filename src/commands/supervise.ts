import { openHost, superviseDaemon } from '../installer/index.ts';
import type { CommandContext } from './command.ts';

/** `vpc-cni supervise`: what install starts where no systemd runs; not for people. */
export async function run(context: CommandContext): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(signal));
  const { files, clock } = openHost('/', context.env);
  return await superviseDaemon({ executable: context.executable, env: context.env, files, clock, stop: stop.signal });
}

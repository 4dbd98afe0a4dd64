import type { CniCommand } from '../cniproto/index.ts';
import { HostError } from '../errors/index.ts';
import { exchange } from './exchange.ts';
import type { Answer } from './parse-answer.ts';

/** A restart of the daemon takes well under a second; a pod should not notice one. STATUS is asked again anyway. */
export const PATIENCE_MS: Readonly<Record<CniCommand, number>> = {
  ADD: 5000,
  DEL: 5000,
  CHECK: 5000,
  GC: 5000,
  STATUS: 1000,
};

/** Between two attempts: a local connect costs less than 0.1 ms, so short waits are free. */
const PAUSE_MS = 20;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * Sends the body, and again while the daemon is away, also when it dies in the middle: its ADD and DEL are idempotent.
 * Throws `DAEMON_DOWN` once the patience, counted from the first failure, has run out, or what `alone` throws when it is
 * called, at the first failure.
 */
export async function send(
  socket: string,
  body: string,
  { patienceMs, alone }: { readonly patienceMs: number; readonly alone: () => void },
): Promise<Answer> {
  let giveUpAt: number | undefined;
  for (;;) {
    try {
      return await exchange(socket, body);
    } catch (error) {
      if (giveUpAt === undefined) alone();
      giveUpAt ??= performance.now() + patienceMs;
      if (performance.now() >= giveUpAt) throw new HostError('DAEMON_DOWN', { socket, reason: reasonOf(error) }, error);
      await Bun.sleep(PAUSE_MS);
    }
  }
}

import { PATHS } from '../hostspec/index.ts';
import { type Child, type Clock, type Files, identifyProcess, signalProcess, startChild } from '../sys/index.ts';
import type { Environment } from './host.ts';
import type { SupervisorState } from './parse-supervisor.ts';
import { keepLogShort } from './supervisor-log.ts';

// A daemon that lived this long is taken for healthy: its next end is answered at once again.
const HEALTHY_MS = 3_000;
const FIRST_PAUSE_MS = 100;
// Below the time for which the plugin retries its connect, so that a restart stays invisible to pods.
const LONGEST_PAUSE_MS = 2_000;
const WRITE_AGAIN_MS = 2_000;
/** The exit code of a daemon whose configuration is wrong: starting it again would say the same. */
const BAD_CONFIGURATION = 2;

/** The pause before the next start, by how many short lives came just before: none, then doubling. */
export function restartPause(shortLives: number): number {
  return shortLives <= 1 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (shortLives - 2), LONGEST_PAUSE_MS);
}

/**
 * Keeps the daemon running where no systemd does: starts it, starts it again when it ends, and hands a SIGTERM on.
 * Returns the exit code of the last daemon.
 */
export async function superviseDaemon(input: {
  readonly executable: string;
  readonly env: Environment;
  readonly files: Files;
  readonly clock: Clock;
  /** Aborted when we shall end. */
  readonly stop: AbortSignal;
}): Promise<number> {
  const { executable, env, files, clock, stop } = input;
  const supervisor = identifyProcess(process.pid) ?? { pid: process.pid, startTime: '' };
  let state: SupervisorState = { supervisor, child: null, ends: 0, lastEnd: null };
  let isLate = false;
  const write = (): void => {
    try {
      files.replace({ path: PATHS.supervisor, text: `${JSON.stringify(state)}\n`, mode: 0o600 });
      isLate = false;
    } catch {
      // A full disk is no reason to leave the node without a daemon: it is written once there is room.
      isLate = true;
      clock.sleep(WRITE_AGAIN_MS, stop).then(
        () => isLate && files.fact(PATHS.run).kind === 'directory' && write(),
        () => undefined,
      );
    }
  };
  const note = (change: Partial<SupervisorState>): void => {
    state = { ...state, ...change };
    write();
  };
  let child: Child | undefined;
  const stopChild = (): void => {
    if (child !== undefined) signalProcess(child.id, 'SIGTERM');
  };
  stop.addEventListener('abort', stopChild);
  void keepLogShort({ files, clock, stop });
  let shortLives = 0;
  for (;;) {
    const started = clock.monotonic();
    // Readiness is asked over the daemon's socket here; the socket of a systemd above us is not its business.
    child = startChild({ argv: [executable, 'ipamd'], env: { ...env, NOTIFY_SOCKET: undefined } });
    note({ child: child.id });
    if (stop.aborted) stopChild();
    const { code, signal } = await child.ended;
    const lastEnd = { code: code ?? null, signal: signal ?? null, at: new Date(clock.now()).toISOString() };
    // The file is gone once an uninstall took the directory away; then there is nobody left to tell.
    if (files.fact(PATHS.run).kind === 'directory') note({ child: null, ends: state.ends + 1, lastEnd });
    if (stop.aborted || code === BAD_CONFIGURATION) return code ?? 1;
    shortLives = clock.monotonic() - started < HEALTHY_MS ? shortLives + 1 : 1;
    await clock.sleep(restartPause(shortLives), stop).catch(() => undefined);
    if (stop.aborted) return code ?? 1;
  }
}

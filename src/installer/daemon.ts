import { STATUS_PATH } from '../cniproto/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { type DaemonState, type Keeper, PATHS, parseConflistText, UNIT_NAME } from '../hostspec/index.ts';
import { isAlive, signalProcess, startDetached } from '../sys/index.ts';
import { isSystemdRunning, lastJournalLines, reloadUnits, startUnit, stopUnit, unitState } from '../systemd/index.ts';
import type { Host } from './host.ts';
import {
  parseLogLine,
  parseReadiness,
  parseSupervisorState,
  type Readiness,
  type SupervisorState,
} from './parse-supervisor.ts';

// Growth of the first ENI takes EC2 a few seconds, throttling a minute; what is not ready then needs a person.
const READY_DEADLINE_MS = 120_000;
const CONFLIST_DEADLINE_MS = 10_000;
// The daemon drains within 10 s; the margin is for a slow machine.
const STOP_DEADLINE_MS = 15_000;
const POLL_MS = 20;
const REASON_POLL_MS = 250;
const ANSWER_MS = 2_000;

/** Is told, often, what a wait is for. */
type OnReason = (reason: string) => void;

/** Who keeps the daemon on this host. */
export function keeperOf(host: Host): Keeper {
  return isSystemdRunning(host.files) ? 'systemd' : 'supervisor';
}

function readSupervisor(host: Host): SupervisorState | undefined {
  return parseSupervisorState(host.files.read(PATHS.supervisor) ?? '');
}

/** What the daemon says of itself; `undefined` while it does not answer. */
async function askReadiness(host: Host): Promise<Readiness | undefined> {
  try {
    const unix = host.files.hostPath(PATHS.socket);
    const answer = await fetch(`http://localhost${STATUS_PATH}`, { unix, signal: AbortSignal.timeout(ANSWER_MS) });
    return parseReadiness(await answer.json());
  } catch {
    return undefined;
  }
}

/** How far the daemon is. One that answers counts, whoever started it. */
export async function observeDaemon(host: Host, keeper: Keeper): Promise<DaemonState> {
  const readiness = await askReadiness(host);
  if (readiness !== undefined) return readiness.ready ? 'ready' : 'starting';
  if (keeper === 'systemd') {
    const { active } = await unitState(host.exec, UNIT_NAME);
    return ['active', 'activating', 'reloading'].includes(active) ? 'starting' : 'absent';
  }
  const state = readSupervisor(host);
  return state !== undefined && isAlive(state.supervisor) ? 'starting' : 'absent';
}

async function unitFailure(host: Host, error: unknown): Promise<HostError> {
  const lines = await lastJournalLines(host.exec, UNIT_NAME, 3).catch(() => []);
  const last = lines.at(-1);
  const reason = last === undefined ? toHostError(error).message : parseLogLine(last);
  return new HostError(
    'IPAMD_NOT_READY',
    { what: 'did not start', reason: `${reason} (journalctl -u ${UNIT_NAME})` },
    error,
  );
}

/** Has systemd start the daemon and waits until it is ready, telling meanwhile what it waits for itself. */
async function startUnitOf(host: Host, verb: 'start' | 'restart', onReason: OnReason): Promise<void> {
  const ended = new AbortController();
  const starting = startUnit(host.exec, { verb, unit: UNIT_NAME, timeoutMs: READY_DEADLINE_MS });
  const telling = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const readiness = await askReadiness(host);
      if (readiness?.reason !== undefined) onReason(readiness.reason);
      await host.clock.sleep(REASON_POLL_MS, ended.signal).catch(() => undefined);
    }
  })();
  try {
    await starting;
  } catch (error) {
    throw await unitFailure(host, error);
  } finally {
    ended.abort();
    await telling;
  }
}

/** Starts the daemon; with systemd this also waits until it is ready. */
export async function startDaemon(host: Host, keeper: Keeper, onReason: OnReason): Promise<void> {
  if (keeper === 'systemd') return await startUnitOf(host, 'start', onReason);
  host.files.ensureDirectory(PATHS.run, 0o700);
  host.files.remove(PATHS.supervisor);
  await startDetached({
    argv: [host.files.hostPath(PATHS.executable), 'supervise'],
    log: host.files.hostPath(PATHS.supervisorLog),
    env: host.env,
  });
}

/** Starts the daemon anew after what it runs has changed. */
export async function restartDaemon(host: Host, keeper: Keeper, onReason: OnReason): Promise<void> {
  if (keeper === 'systemd') return await startUnitOf(host, 'restart', onReason);
  await stopDaemon(host, keeper);
  await startDaemon(host, keeper, onReason);
}

/** Stops the daemon and waits until it is gone; only processes that were written down, never others by name. */
export async function stopDaemon(host: Host, keeper: Keeper): Promise<void> {
  if (keeper === 'systemd') return await stopUnit(host.exec, UNIT_NAME);
  const deadline = host.clock.monotonic() + STOP_DEADLINE_MS;
  const told = new Set<number>();
  for (;;) {
    // Read again each time: the supervisor may have started another child just before our signal reached it.
    const state = readSupervisor(host);
    const alive = [state?.supervisor, state?.child].filter((id) => id !== undefined && id !== null && isAlive(id));
    const [first] = alive;
    if (first === undefined || first === null) return;
    if (host.clock.monotonic() >= deadline) {
      for (const id of alive) if (id) signalProcess(id, 'SIGKILL');
    } else if (!told.has(first.pid)) {
      // The supervisor hands it on; the daemon is only told by us when its supervisor is gone.
      told.add(first.pid);
      signalProcess(first, 'SIGTERM');
    }
    await host.clock.sleep(POLL_MS);
  }
}

/** Makes systemd know the unit as it is on disk. */
export async function reloadDaemonUnit(host: Host): Promise<void> {
  await reloadUnits(host.exec);
}

function lastLogLine(host: Host): string {
  const lines = (host.files.read(PATHS.supervisorLog) ?? '').trimEnd().split('\n');
  return parseLogLine(lines.at(-1) ?? '') || 'it wrote nothing';
}

/** The daemon's end at start, when it has ended since `ends` were counted. */
function endOf(host: Host, ends: number): HostError | undefined {
  const state = readSupervisor(host);
  if (state?.lastEnd === undefined || state.lastEnd === null || state.ends <= ends) return undefined;
  const { code, signal } = state.lastEnd;
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : signal;
  const reason = `${lastLogLine(host)} (${host.files.hostPath(PATHS.supervisorLog)})`;
  return new HostError('IPAMD_NOT_READY', { what: `ended with ${how}`, reason });
}

/** Waits until the daemon says that it can serve. Fails at once when it dies, with its last words. */
export async function awaitReady(
  host: Host,
  options: { readonly after: 'start' | 'nothing'; readonly onReason: OnReason },
): Promise<void> {
  const supervised = keeperOf(host) === 'supervisor';
  // After a start of ours every end counts; otherwise only one that happens while we wait.
  const ends = options.after === 'start' ? 0 : (readSupervisor(host)?.ends ?? 0);
  const deadline = host.clock.monotonic() + READY_DEADLINE_MS;
  for (;;) {
    const readiness = await askReadiness(host);
    if (readiness?.ready === true) return;
    const ended = supervised && readiness === undefined ? endOf(host, ends) : undefined;
    if (ended !== undefined) throw ended;
    const reason = readiness?.reason ?? 'it does not answer on its socket yet';
    options.onReason(reason);
    if (host.clock.monotonic() >= deadline) {
      throw new HostError('IPAMD_NOT_READY', { what: `is not ready after ${READY_DEADLINE_MS / 1000} s`, reason });
    }
    await host.clock.sleep(POLL_MS);
  }
}

/** Waits for the conflist, which the daemon writes when an address can be handed out, and checks it. */
export async function awaitConflist(host: Host): Promise<void> {
  const deadline = host.clock.monotonic() + CONFLIST_DEADLINE_MS;
  for (;;) {
    const text = host.files.read(PATHS.conflist);
    if (text !== undefined) {
      parseConflistText(text);
      return;
    }
    if (host.clock.monotonic() >= deadline) {
      throw new HostError('IPAMD_NOT_READY', {
        what: 'is ready but wrote no conflist',
        reason: `${PATHS.conflist} does not appear`,
      });
    }
    await host.clock.sleep(POLL_MS);
  }
}

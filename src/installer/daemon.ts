import { STATUS_PATH } from '../cniproto/index.ts';
import { type DaemonState, type Keeper, PATHS, UNIT_NAME } from '../hostspec/index.ts';
import { isAlive, signalProcess, startDetached } from '../sys/index.ts';
import { isSystemdRunning, reloadUnits, stopUnit, unitRuns } from '../systemd/index.ts';
import type { Host } from './host.ts';
import { parseReadiness, parseSupervisorState, type Readiness, type SupervisorState } from './parse-supervisor.ts';
import { type OnReason, startUnitOf } from './start-unit.ts';

// The daemon drains within 10 s; the margin is for a slow machine.
const STOP_DEADLINE_MS = 15_000;
const POLL_MS = 20;
const ANSWER_MS = 2_000;

/** Who keeps the daemon on this host. */
export function keeperOf(host: Host): Keeper {
  return isSystemdRunning(host.files) ? 'systemd' : 'supervisor';
}

/** What the supervisor wrote down; `undefined` when none ever did. */
export function readSupervisor(host: Host): SupervisorState | undefined {
  return parseSupervisorState(host.files.read(PATHS.supervisor) ?? '');
}

/** What the daemon says of itself; `undefined` while it does not answer. */
export async function askReadiness(host: Host): Promise<Readiness | undefined> {
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
    const { active } = await unitRuns(host.exec, UNIT_NAME);
    return ['active', 'activating', 'reloading'].includes(active) ? 'starting' : 'absent';
  }
  const state = readSupervisor(host);
  return state !== undefined && isAlive(state.supervisor) ? 'starting' : 'absent';
}

/** How a daemon is started: by whom, and how long systemd may take until it is ready. */
export interface DaemonStart {
  readonly keeper: Keeper;
  readonly timeoutMs: number;
  readonly onReason: OnReason;
}

/** Starts the daemon; with systemd this also waits until it is ready. */
export async function startDaemon(host: Host, { keeper, timeoutMs, onReason }: DaemonStart): Promise<void> {
  const readiness = () => askReadiness(host);
  if (keeper === 'systemd') return await startUnitOf(host, { verb: 'start', timeoutMs, onReason, readiness });
  host.files.ensureDirectory(PATHS.run, 0o700);
  host.files.remove(PATHS.supervisor);
  await startDetached({
    argv: [host.files.hostPath(PATHS.executable), 'supervise'],
    log: host.files.hostPath(PATHS.supervisorLog),
    env: host.env,
  });
}

/** Starts the daemon anew after what it runs has changed. */
export async function restartDaemon(host: Host, start: DaemonStart): Promise<void> {
  const { keeper, timeoutMs, onReason } = start;
  const readiness = () => askReadiness(host);
  if (keeper === 'systemd') return await startUnitOf(host, { verb: 'restart', timeoutMs, onReason, readiness });
  await stopDaemon(host, keeper);
  await startDaemon(host, start);
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

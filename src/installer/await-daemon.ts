import { HostError } from '../errors/index.ts';
import { type Keeper, PATHS, parseConflistText, UNIT_NAME } from '../hostspec/index.ts';
import { unitRuns } from '../systemd/index.ts';
import { askReadiness, readSupervisor } from './daemon.ts';
import type { Host } from './host.ts';
import { parseLastWords } from './parse-supervisor.ts';
import { NO_ANSWER, notReadyInTime, type OnReason, unitFailure } from './start-unit.ts';

const CONFLIST_DEADLINE_MS = 10_000;
const POLL_MS = 20;
// Asking systemd means starting a program, which must not compete with the daemon that starts.
const UNIT_POLL_MS = 250;

/** Finds out whether the daemon has ended since the wait began; the failure holds its last words. */
type LookForEnd = () => Promise<HostError | undefined>;

function lastLogLine(host: Host): string {
  const lines = (host.files.read(PATHS.supervisorLog) ?? '').split('\n');
  return parseLastWords(lines) ?? 'it wrote nothing';
}

/** After a start of ours every end counts; otherwise only one that happens while we wait. */
function supervisedEnd(host: Host, after: 'start' | 'nothing'): LookForEnd {
  const ends = after === 'start' ? 0 : (readSupervisor(host)?.ends ?? 0);
  return async () => {
    const state = readSupervisor(host);
    if (state?.lastEnd === undefined || state.lastEnd === null || state.ends <= ends) return undefined;
    const { code, signal } = state.lastEnd;
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : signal;
    const reason = `${lastLogLine(host)} (${host.files.hostPath(PATHS.supervisorLog)})`;
    return new HostError('IPAMD_NOT_READY', { what: `ended with ${how}`, reason });
  };
}

/** systemd counts the starts it made by itself, from 0 when somebody starts the unit. */
async function unitEnd(host: Host, after: 'start' | 'nothing'): Promise<LookForEnd> {
  const restarts = after === 'start' ? 0 : (await unitRuns(host.exec, UNIT_NAME)).restarts;
  let next = 0;
  return async () => {
    if (host.clock.monotonic() < next) return undefined;
    next = host.clock.monotonic() + UNIT_POLL_MS;
    const now = await unitRuns(host.exec, UNIT_NAME);
    const ended = now.restarts > restarts || ['failed', 'inactive'].includes(now.active);
    return ended ? await unitFailure(host) : undefined;
  };
}

/** Waits until the daemon says that it can serve. Fails at once when it ends, with its last words. */
export async function awaitReady(
  host: Host,
  options: {
    readonly keeper: Keeper;
    readonly after: 'start' | 'nothing';
    readonly timeoutMs: number;
    readonly onReason: OnReason;
  },
): Promise<void> {
  const { keeper, after, timeoutMs, onReason } = options;
  const deadline = host.clock.monotonic() + timeoutMs;
  let lookForEnd: LookForEnd | undefined;
  for (;;) {
    const readiness = await askReadiness(host);
    if (readiness?.ready === true) return;
    lookForEnd ??= keeper === 'supervisor' ? supervisedEnd(host, after) : await unitEnd(host, after);
    const ended = readiness === undefined ? await lookForEnd() : undefined;
    if (ended !== undefined) throw ended;
    const reason = readiness?.reason ?? NO_ANSWER;
    onReason(reason);
    if (host.clock.monotonic() >= deadline) throw notReadyInTime(timeoutMs, reason);
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

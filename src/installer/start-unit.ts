import { HostError, toHostError } from '../errors/index.ts';
import { UNIT_NAME } from '../hostspec/index.ts';
import { lastJournalLines, startUnit } from '../systemd/index.ts';
import type { Host } from './host.ts';
import { parseLastWords, type Readiness } from './parse-supervisor.ts';

const REASON_POLL_MS = 250;
// The last line may tell of the end itself; which of these it is does not matter, all are the daemon's own words.
const LAST_WORDS = 3;

/** What a wait is for while the daemon says nothing. */
export const NO_ANSWER = 'it does not answer on its socket yet';

/** Is told, often, what a wait is for. */
export type OnReason = (reason: string) => void;

/** The daemon did not start, or ended: with its last words. */
export async function unitFailure(host: Host, error?: unknown): Promise<HostError> {
  const lines = await lastJournalLines(host.exec, UNIT_NAME, LAST_WORDS).catch(() => []);
  const last = parseLastWords(lines);
  const said = error === undefined ? 'it said nothing' : toHostError(error).message;
  const reason = `${last ?? said} (journalctl -u ${UNIT_NAME})`;
  return new HostError('IPAMD_NOT_READY', { what: 'did not start', reason }, error);
}

/** The daemon is there, but does not become ready. */
export function notReadyInTime(timeoutMs: number, reason: string): HostError {
  return new HostError('IPAMD_NOT_READY', { what: `is not ready after ${timeoutMs / 1000} s`, reason });
}

/** Has systemd start the daemon and waits until it is ready, telling meanwhile what it waits for itself. */
export async function startUnitOf(
  host: Host,
  start: {
    readonly verb: 'start' | 'restart';
    readonly timeoutMs: number;
    readonly onReason: OnReason;
    readonly readiness: () => Promise<Readiness | undefined>;
  },
): Promise<void> {
  const { verb, timeoutMs, onReason, readiness } = start;
  const ended = new AbortController();
  const givenUp = new AbortController();
  let reason: string | undefined;
  const deadline = host.clock.monotonic() + timeoutMs;
  const starting = startUnit(host.exec, { verb, unit: UNIT_NAME, timeoutMs, signal: givenUp.signal });
  const telling = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      reason = (await readiness())?.reason ?? reason;
      // Whoever is told may want no more of it.
      try {
        onReason(reason ?? NO_ANSWER);
      } catch (error) {
        return givenUp.abort(error);
      }
      await host.clock.sleep(REASON_POLL_MS, ended.signal).catch(() => undefined);
    }
  })();
  try {
    await starting;
  } catch (error) {
    if (givenUp.signal.aborted) throw givenUp.signal.reason;
    // The terminal sends its signals to systemctl as well, which may end of them before we hear of ours.
    onReason(reason ?? NO_ANSWER);
    if (host.clock.monotonic() >= deadline) throw notReadyInTime(timeoutMs, reason ?? NO_ANSWER);
    throw await unitFailure(host, error);
  } finally {
    ended.abort();
    await telling;
  }
}

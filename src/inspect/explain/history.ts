import { PATHS, UNIT_NAME } from '../../hostspec/index.ts';
import type { Exec, ReadFiles } from '../../sys/index.ts';

/** One thing that happened to an address, as the daemon logged it. */
export interface PastEvent {
  /** RFC 3339. */
  readonly at: string;
  readonly what: string;
  readonly pod: string | null;
  readonly containerId: string | null;
}

/** As many as a person reads, newest first. */
const KEPT = 10;

type Json = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function parseLine(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const linesOf = (text: string): readonly Json[] =>
  text
    .split('\n')
    .map(parseLine)
    .filter((line): line is Json => line !== undefined);

/** Entries of `journalctl -o json`: __REALTIME_TIMESTAMP in µs; MESSAGE goes on with its fields in parentheses. */
export function eventsOfJournal(text: string): readonly PastEvent[] {
  return linesOf(text).flatMap((entry): readonly PastEvent[] => {
    const micros = Number(entry['__REALTIME_TIMESTAMP']);
    const message = textOf(entry['MESSAGE']);
    if (message === null || !Number.isFinite(micros)) return [];
    const what = message.replace(/ \([a-z_]+=.*$/s, '');
    return [
      {
        at: new Date(micros / 1000).toISOString(),
        what,
        pod: textOf(entry['POD']),
        containerId: textOf(entry['CONTAINER_ID']),
      },
    ];
  });
}

/** Lines of the log that a host without systemd has, as far as they name the address. */
export function eventsOfLog(text: string, address: string): readonly PastEvent[] {
  return linesOf(text).flatMap((line): readonly PastEvent[] => {
    const [at, what] = [textOf(line['time']), textOf(line['msg'])];
    if (![line['pod_ip']].flat().includes(address) || at === null || what === null) return [];
    return [{ at, what, pod: textOf(line['pod']), containerId: textOf(line['container_id']) }];
  });
}

/** The last things the daemon logged about an address, newest first; of this boot, and as far as the log reaches. */
export async function readHistory(
  address: string,
  host: { readonly files: ReadFiles; readonly exec: Exec; readonly log?: string },
): Promise<readonly PastEvent[]> {
  const fromLog = eventsOfLog(host.files.read(host.log ?? PATHS.supervisorLog) ?? '', address);
  if (host.files.fact(PATHS.systemdRunning).kind !== 'directory') return newestFirst(fromLog);
  const argv = ['journalctl', '--unit', UNIT_NAME, '--boot', '--output=json', '--quiet', '--no-pager'] as const;
  const ask = { argv: [...argv, `--lines=${KEPT}`, `POD_IP=${address}`] as const, timeoutMs: 5_000 };
  // A journal that is not there, or not to be read by this user, is no reason to say nothing else.
  const stdout = await host.exec.run(ask).then(
    (result) => result.stdout,
    () => '',
  );
  return newestFirst([...fromLog, ...eventsOfJournal(stdout)]);
}

const newestFirst = (events: readonly PastEvent[]): readonly PastEvent[] =>
  events.toSorted((a, b) => (a.at < b.at ? 1 : -1)).slice(0, KEPT);

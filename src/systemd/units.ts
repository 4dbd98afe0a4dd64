import type { Exec, ReadFiles } from '../sys/index.ts';

// Where systemd is the init system, as sd_booted(3) finds out.
const BOOTED = '/run/systemd/system';

const STOP_TIMEOUT_MS = 30_000;

/** Reports whether systemd runs this host. */
export function isSystemdRunning(files: ReadFiles): boolean {
  return files.fact(BOOTED).kind === 'directory';
}

/** Makes systemd read its unit files again. */
export async function reloadUnits(exec: Exec): Promise<void> {
  await exec.run({ argv: ['systemctl', 'daemon-reload'], timeoutMs: STOP_TIMEOUT_MS });
}

/** Starts a unit, or stops and starts it anew, and waits so long for it to be ready; what systemd does goes on anyway. */
export async function startUnit(
  exec: Exec,
  start: {
    readonly verb: 'start' | 'restart';
    readonly unit: string;
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { verb, unit, timeoutMs, signal } = start;
  // A start that somebody asks for is none of those that systemd counts, and refuses, while a daemon fails again and again.
  await forgetUnit(exec, unit);
  await exec.run({ argv: ['systemctl', verb, unit], timeoutMs, ...(signal === undefined ? {} : { signal }) });
}

/** Stops a unit; 5 means that there is none. */
export async function stopUnit(exec: Exec, unit: string): Promise<void> {
  await exec.run({ argv: ['systemctl', 'stop', unit], timeoutMs: STOP_TIMEOUT_MS, accept: [0, 5] });
}

/** Forgets that a unit has failed and how often it was started, so that nothing of it is listed any more. */
export async function forgetUnit(exec: Exec, unit: string): Promise<void> {
  await exec.run({ argv: ['systemctl', 'reset-failed', unit], accept: [0, 1, 5] });
}

async function properties(exec: Exec, unit: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await exec.run({ argv: ['systemctl', 'show', `--property=${names.join(',')}`, unit] });
  return new Map(stdout.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

/** What runs of a unit. */
export interface UnitRuns {
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly active: string;
  /** 0 when nothing runs. */
  readonly mainPid: number;
  /** How often systemd has started it again by itself since somebody started it. */
  readonly restarts: number;
  /** Whether its files have changed since systemd read them. */
  readonly unread: boolean;
}

/** What runs of a unit now. */
export async function unitRuns(exec: Exec, unit: string): Promise<UnitRuns> {
  const values = await properties(exec, unit, ['ActiveState', 'MainPID', 'NRestarts', 'NeedDaemonReload']);
  return {
    active: values.get('ActiveState') ?? '',
    mainPid: Number(values.get('MainPID') ?? 0),
    restarts: Number(values.get('NRestarts') ?? 0),
    unread: values.get('NeedDaemonReload') === 'yes',
  };
}

/** The last lines a unit itself wrote to the journal, not systemd about it; empty when there is no journal to ask. */
export async function lastJournalLines(exec: Exec, unit: string, lines: number): Promise<readonly string[]> {
  // What a process wrote just before its end is on its way to the journal when systemd already knows of the end.
  await exec.run({ argv: ['journalctl', '--sync'], accept: [0, 1] });
  const { stdout } = await exec.run({
    argv: [
      'journalctl',
      // Entries the daemon sends itself, or lines any program of the unit prints.
      `_SYSTEMD_UNIT=${unit}`,
      `SYSLOG_IDENTIFIER=${unit.replace(/\.service$/, '')}`,
      '+',
      `_SYSTEMD_UNIT=${unit}`,
      '_TRANSPORT=stdout',
      `--lines=${lines}`,
      '--output=cat',
      '--quiet',
      '--no-pager',
    ],
    accept: [0, 1],
  });
  return stdout.split('\n').filter((line) => line !== '');
}

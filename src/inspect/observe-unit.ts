import { PATHS, UNIT_NAME } from '../hostspec/index.ts';
import type { Exec, ReadFiles } from '../sys/index.ts';

/** The daemon's unit as systemd sees it, in systemd's own words. */
export interface UnitFact {
  readonly name: string;
  /** `loaded`, `not-found`, `masked`, … */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`, … */
  readonly active: string;
  /** `running`, `dead`, `auto-restart`, … */
  readonly sub: string;
}

/** The unit; `undefined` where systemd does not run, as its own sd_booted(3) decides. */
export async function observeUnit(host: {
  readonly files: ReadFiles;
  readonly exec: Exec;
}): Promise<UnitFact | undefined> {
  if (host.files.fact(PATHS.systemdRunning).kind !== 'directory') return undefined;
  const { stdout } = await host.exec.run({
    argv: ['systemctl', 'show', '--property=LoadState,ActiveState,SubState', UNIT_NAME],
  });
  return parseUnit(stdout);
}

/** Reads the `Key=value` lines of `systemctl show`. */
function parseUnit(output: string): UnitFact {
  const values = new Map(output.split('\n').map((line) => splitOnce(line)));
  return {
    name: UNIT_NAME,
    load: values.get('LoadState') ?? 'unknown',
    active: values.get('ActiveState') ?? 'unknown',
    sub: values.get('SubState') ?? 'unknown',
  };
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

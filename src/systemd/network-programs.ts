import { RELOADED_UNITS, type Reloaded, type ReloadStep } from '../hostspec/index.ts';
import type { Exec } from '../sys/index.ts';

const RELOAD_TIMEOUT_MS = 30_000;

/** The program a unit belongs to; the units of amazon-ec2-net-utils have an interface in their names. */
function programOf(unit: string): Reloaded | undefined {
  if (unit.startsWith('refresh-policy-routes@')) return 'amazon-ec2-net-utils';
  if (unit === RELOADED_UNITS['systemd-networkd']) return 'systemd-networkd';
  if (unit === RELOADED_UNITS['systemd-udevd']) return 'systemd-udevd';
  return unit === RELOADED_UNITS.NetworkManager ? 'NetworkManager' : undefined;
}

/**
 * Programs in what `systemctl show --property=Id,ActiveState,MainPID UNIT…` prints, a block each, that run or are starting;
 * with their process, 0 for what is none.
 */
export function runningPrograms(shown: string): ReadonlyMap<Reloaded, number> {
  const running = shown.split('\n\n').flatMap((block) => {
    const unit = /^Id=(.*)$/m.exec(block)?.[1] ?? '';
    const active = /^ActiveState=(.*)$/m.exec(block)?.[1] ?? '';
    const program = programOf(unit);
    const pid = Number(/^MainPID=(\d+)$/m.exec(block)?.[1] ?? 0);
    return program !== undefined && ['active', 'activating', 'reloading'].includes(active)
      ? [[program, pid] as const]
      : [];
  });
  return new Map(running);
}

/** Which programs that read drop-ins of ours run on this host. */
export async function observePrograms(exec: Exec): Promise<ReadonlyMap<Reloaded, number>> {
  const units = Object.values(RELOADED_UNITS);
  const { stdout } = await exec.run({ argv: ['systemctl', 'show', '--property=Id,ActiveState,MainPID', ...units] });
  return runningPrograms(stdout);
}

function argvOf({ program, how }: Pick<ReloadStep, 'program' | 'how'>): readonly [string, ...string[]] {
  const unit = RELOADED_UNITS[program];
  if (how === 'restart') return ['systemctl', 'try-restart', unit];
  if (how === 'stop-timers') return ['systemctl', 'stop', unit];
  switch (program) {
    case 'systemd-networkd':
      return ['networkctl', 'reload'];
    case 'systemd-udevd':
      return ['udevadm', 'control', '--reload'];
    case 'NetworkManager':
      return ['nmcli', 'general', 'reload', 'conf'];
    case 'amazon-ec2-net-utils':
      return ['systemctl', 'stop', unit];
    default:
      return program satisfies never;
  }
}

/** Makes a running NetworkManager leave a link alone, as long as the link lives. */
export async function leaveToUs(exec: Exec, link: string): Promise<void> {
  await exec.run({ argv: ['nmcli', 'device', 'set', link, 'managed', 'no'] });
}

/** Makes a running program notice files that have changed. */
export async function reloadProgram(exec: Exec, step: Pick<ReloadStep, 'program' | 'how'>): Promise<void> {
  await exec.run({ argv: argvOf(step), timeoutMs: RELOAD_TIMEOUT_MS });
}

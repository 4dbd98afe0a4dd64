import type { HostStatus } from '../observe-status.ts';
import { type Finding, finding } from './finding.ts';

/** Whether the daemon serves pods, and is the one that was installed. */
export function diagnoseDaemon(status: HostStatus): readonly Finding[] {
  const { daemon, unit, problem, installed } = status;
  if (daemon === null) {
    const state = unit === null ? '' : `; ${unit.name} is ${unit.active} (${unit.sub})`;
    if (problem?.code === 'NOT_ROOT') return [finding('CHECK_SKIPPED', `the daemon: ${problem.message}`)];
    const code = problem?.code === 'DAEMON_DOWN' ? '' : `${problem?.code}: `;
    return [finding('DAEMON_DOWN', `${code}${problem?.message}${state}`)];
  }
  return [
    ...(daemon.ready ? [] : [finding('DAEMON_NOT_READY', daemon.reason ?? `it is ${daemon.phase}`)]),
    ...(installed === null || installed.version === daemon.version
      ? []
      : [finding('DAEMON_OTHER_VERSION', `${daemon.version} runs, ${installed.version} is installed`)]),
    ...(daemon.conditions ?? []).map(({ code, message, remedy }) =>
      finding('DAEMON_CONDITION', `${code}: ${message}`, remedy),
    ),
  ];
}

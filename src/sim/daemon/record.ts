import { readFileSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { createFiles } from '../../sys/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import { type DaemonRecord, parseRecord } from './parse-answers.ts';

const FILE = '/daemon.json';

/** The socket on which a simulator takes orders; its mode 0600 is the protection. */
export function adminSocket(names: VpcNames): string {
  return `${names.stateDir}/admin.sock`;
}

/** The daemon's log. */
export function logFile(names: VpcNames): string {
  return `${names.stateDir}/daemon.log`;
}

/** Writes down who serves this VPC. */
export function writeRecord(names: VpcNames): void {
  const record: DaemonRecord = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  createFiles(names.stateDir).replace({ path: FILE, text: `${JSON.stringify(record)}\n`, mode: 0o600 });
}

/** The daemon that serves this VPC, when it is alive: a pid alone may meanwhile belong to somebody else. */
export function liveDaemon(names: VpcNames): DaemonRecord | undefined {
  const text = createFiles(names.stateDir).read(FILE);
  const record = text === undefined ? undefined : parseRecord(text);
  return record !== undefined && startTimeOf(record.pid) === record.startTime ? record : undefined;
}

/** Throws `SIM_NOT_RUNNING` unless the VPC is served. */
export function needDaemon(names: VpcNames): DaemonRecord {
  const record = liveDaemon(names);
  if (record === undefined) throw new HostError('SIM_NOT_RUNNING', { name: names.vpc });
  return record;
}

/** Clock ticks after boot at which the process started; `undefined` when it has ended, a zombie included. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; state is field 3, start time 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

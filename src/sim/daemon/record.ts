import { readdirSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { createFiles, identifyProcess } from '../../sys/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import { identityOf } from '../node/index.ts';
import { type DaemonRecord, type Plan, parsePlan, parseRecord } from './parse-record.ts';

const RECORD = '/daemon.json';
const PLAN = '/plan.json';

/** The daemon's log. */
export function logFile(names: VpcNames): string {
  return `${names.stateDir}/daemon.log`;
}

/** Writes down what the next daemon is started for. */
export function writePlan(names: VpcNames, plan: Plan): void {
  createFiles(names.stateDir).replace({ path: PLAN, text: JSON.stringify(plan), mode: 0o600 });
}

/** What this daemon was started for. Throws `SIM_NOT_RUNNING` when nothing was prepared. */
export function readPlan(names: VpcNames): Plan {
  const text = createFiles(names.stateDir).read(PLAN);
  if (text === undefined) throw new HostError('SIM_NOT_RUNNING', { name: names.vpc });
  return parsePlan(text);
}

/** Writes down who serves this VPC, and once everything serves, where it takes orders. */
export function writeRecord(names: VpcNames, admin?: string): void {
  const record: DaemonRecord = {
    pid: process.pid,
    startTime: identifyProcess(process.pid)?.startTime ?? '',
    ...(admin === undefined ? {} : { admin }),
  };
  createFiles(names.stateDir).replace({ path: RECORD, text: `${JSON.stringify(record)}\n`, mode: 0o600 });
}

/** The daemon that serves this VPC, when it is alive: a pid alone may meanwhile belong to somebody else. */
export function liveDaemon(names: VpcNames): DaemonRecord | undefined {
  const text = createFiles(names.stateDir).read(RECORD);
  const record = text === undefined ? undefined : parseRecord(text);
  return record !== undefined && identifyProcess(record.pid)?.startTime === record.startTime ? record : undefined;
}

/** A daemon that takes orders, and where. Throws `SIM_NOT_RUNNING`. */
export function needDaemon(names: VpcNames): DaemonRecord & { readonly admin: string } {
  const record = liveDaemon(names);
  if (record?.admin === undefined) throw new HostError('SIM_NOT_RUNNING', { name: names.vpc });
  return { ...record, admin: record.admin };
}

/**
 * Processes that write the log of this VPC. Only its daemon does, and from its very first moment: one that has not
 * written its record yet, because whoever started it was killed, is found by this and by nothing else.
 */
export function logWriters(names: VpcNames): readonly number[] {
  const log = identityOf(logFile(names));
  if (log === '') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && identityOf(`/proc/${pid}/fd/1`) === log);
}

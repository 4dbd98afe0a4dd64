import type { Scenario } from '../scenario/index.ts';

/** Who serves a VPC: a process, told apart from a later one with the same pid by its start time. */
export interface DaemonRecord {
  readonly pid: number;
  readonly startTime: string;
  /** Where it takes orders; missing until everything serves. */
  readonly admin?: string;
}

/** What a daemon is started for; written down for it, because it cannot be asked before it runs. */
export interface Plan {
  readonly apiOnly: boolean;
  /** Loopback ports; 0 is any free one. */
  readonly ports: { readonly ec2: number; readonly imds: number; readonly admin: number };
  /** Checked already. Its nodes and disturbances come as orders, once everything serves. */
  readonly scenario: Scenario;
}

/** The record in `text`, or `undefined` when it is none. */
export function parseRecord(text: string): DaemonRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<DaemonRecord> | null;
    return typeof record?.pid === 'number' && typeof record.startTime === 'string'
      ? (record as DaemonRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The plan in `text`, as `sim up` has written it into a directory only its owner can enter. */
export const parsePlan = (text: string): Plan => JSON.parse(text) as Plan;

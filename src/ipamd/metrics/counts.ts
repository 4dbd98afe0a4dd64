import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../../config/index.ts';
import type { ErrorCode, HostError } from '../../errors/index.ts';
import type { PoolAction } from '../../pool/index.ts';
import type { Clock } from '../../sys/index.ts';
import { REPAIR_KINDS, type RepairKind } from '../drift/index.ts';

/** What the daemon counts as it happens; everything else is read off the pool when it is asked for. */
export interface Counts {
  readonly registry: Registry;
  /** A CNI call and what became of it. `reason` is what upstream's plugin says of a DEL; ours says nothing. */
  count(command: string, code: string, more?: { readonly reason?: string; readonly ms?: number }): void;
  /** An ADD that finds no address and waits, and why. */
  waits(cause: ErrorCode): void;
  /** A change of the pool that failed. */
  failed(action: PoolAction['kind'], error: HostError): void;
  /** What was found different outside and taken over: ENIs and addresses that came or went without us. */
  reconciled(what: Reconciled, count: number): void;
  /** What somebody changed of the host's network and was put back. */
  drifted(kind: RepairKind, count: number): void;
  /** Times a start that begins now: call what it returns at the end of each step. */
  timeStart(clock: Pick<Clock, 'monotonic'>): (ended: BootPhase) => void;
}

/** Steps of a start, in their order. */
export type BootPhase = 'metadata' | 'pool' | 'network' | 'serving';

/** Upstream's names of what its reconciler does. */
const RECONCILED = [
  'eniReconcileAdd',
  'eniReconcileDel',
  'eniDataStorePoolReconcileAdd',
  'eniIPPoolReconcileDel',
] as const;
export type Reconciled = (typeof RECONCILED)[number];

/** Upstream's names of the failures of each change. */
const FAILURE: Readonly<Record<PoolAction['kind'], string>> = {
  'create-eni': 'increaseIPPoolAllocENI',
  assign: 'increaseIPPoolAllocIPAddressesFailed',
  unassign: 'decreaseIPPool',
  'delete-eni': 'decreaseIPPoolFreeENIFailed',
};
const NO_LINK = 'increaseIPPoolwaitENIAttachedFailed';

/** An ADD that fails for another reason than these has nothing to do with a lack of addresses. */
const NO_ADDRESS: ReadonlySet<string> = new Set<ErrorCode>([
  'ADDRESS_LIMIT',
  'COOLDOWN_WAIT',
  'EC2_FAILED',
  'EC2_THROTTLED',
  'EC2_UNREACHABLE',
  'ENI_ATTACH_LIMIT',
  'ENI_LIMIT',
  'ENI_SLOT_TAKEN',
  'IAM_DENIED',
  'POOL_GROWING',
  'SUBNET_FRAGMENTED',
  'SUBNET_NO_IPS',
]);

/** From a plain ADD (a few milliseconds) to one that waits for an ENI. */
const ADD_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A label has few values, whatever a client sends. */
function delReason(told: string): string {
  if (told === '') return 'PodDeleted';
  return ['PodDeleted', 'SetupNSFailed'].includes(told) ? told : 'other';
}

/** The registry of this daemon with the counters that begin before the pool is there. */
export function createCounts(): Counts {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const add = counter('awscni_add_ip_req_count', 'CNI ADD calls');
  const del = counter('awscni_del_ip_req_count', 'CNI DEL calls', 'reason');
  const none = counter('awscni_no_available_ip_addresses', 'CNI ADD calls that got no address');
  const calls = counter(
    'vpccni_cni_calls_total',
    'CNI calls by command and outcome (ok or an error code)',
    'command',
    'code',
  );
  const waits = counter('vpccni_add_waits_total', 'CNI ADD calls that had to wait for an address, by cause', 'cause');
  const failures = counter('awscni_ipamd_error_count', 'Changes of the pool that failed, by change', 'fn');
  const utils = counter('awscni_aws_utils_error_count', 'Failures of EC2 changes, by change and error', 'fn', 'error');
  const reconciled = counter('awscni_reconcile_count', 'ENIs and addresses that came or went without us', 'fn');
  const enis = counter('awscni_force_removed_enis', 'ENIs that others took away');
  const addresses = counter('awscni_force_removed_ips', 'Addresses and prefixes that others took away');
  for (const fn of RECONCILED) reconciled.inc({ fn }, 0);
  const podEnis = counter(
    'awscni_pod_eni_error_count',
    'CNI ADD calls of pods with an ENI of their own that failed',
    'fn',
  );
  const marks = counter('awscni_connmark_reconcile_total', 'Packet rules put back, by result', 'result');
  for (const result of ['success', 'error']) marks.inc({ result }, 0);
  const drift = counter(
    'vpccni_drift_repairs_total',
    'Objects of ours that somebody changed and that were put back',
    'kind',
  );
  for (const kind of REPAIR_KINDS) drift.inc({ kind }, 0);
  const seconds = new Histogram({
    name: 'vpccni_add_seconds',
    help: 'Time a CNI ADD took, by outcome (ok or failed)',
    labelNames: ['outcome'],
    buckets: ADD_SECONDS,
    registers,
  });
  const phases = new Gauge({
    name: 'vpccni_boot_phase_seconds',
    help: 'Time each step of the last start took',
    labelNames: ['phase'],
    registers,
  });
  const startup = new Histogram({
    name: 'awscni_ipamd_startup_duration_seconds',
    help: 'Time from the start until CNI calls are served',
    labelNames: ['success', 'with_api_server', 'failure_reason'],
    registers,
  });
  const init = new Histogram({
    name: 'awscni_ipamd_node_initialization_duration_seconds',
    help: 'Time from the start until the ENIs of this node are known and its network is set up',
    labelNames: ['success'],
    registers,
  });
  new Gauge({
    name: 'awscni_build_info',
    help: 'Version of this daemon and of its runtime',
    labelNames: ['version', 'goversion'],
    registers,
  })
    .labels(VERSION, `bun${Bun.version}`)
    .set(1);
  return {
    registry,
    count: (command, code, { reason = '', ms } = {}) => {
      if (command === 'ADD') {
        add.inc();
        if (NO_ADDRESS.has(code)) none.inc();
        if (/^(?:POD_ENI_|TRUNK_)/.test(code)) podEnis.labels('tryEnableSecurityGroupsForPods').inc();
        if (ms !== undefined) seconds.labels(code === 'ok' ? 'ok' : 'failed').observe(ms / 1000);
      }
      if (command === 'DEL') del.labels(delReason(reason)).inc();
      calls.labels(command, code).inc();
    },
    waits: (cause) => waits.labels(cause).inc(),
    failed: (action, { code }) => {
      failures.labels(code === 'LINK_MISSING' ? NO_LINK : FAILURE[action]).inc();
      if (action === 'delete-eni') utils.labels('FreeENIDeleteErr', code).inc();
    },
    reconciled: (what, count) => {
      reconciled.inc({ fn: what }, count);
      if (what === 'eniReconcileDel') enis.inc(count);
      if (what === 'eniIPPoolReconcileDel') addresses.inc(count);
    },
    drifted: (kind, count) => {
      drift.inc({ kind }, count);
      if (kind === 'packet-rules') marks.inc({ result: 'success' }, count);
    },
    timeStart: (clock) => {
      const began = clock.monotonic();
      let since = began;
      return (ended) => {
        const now = clock.monotonic();
        phases.labels(ended).set((now - since) / 1000);
        since = now;
        const soFar = (now - began) / 1000;
        if (ended === 'network') init.labels('true').observe(soFar);
        if (ended === 'serving') startup.labels('true', 'false', '').observe(soFar);
      };
    },
  };
}

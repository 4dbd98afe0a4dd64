import type { StatusCall, StatusCondition, StatusDocument, StatusEni } from '../cniproto/index.ts';
import type { PodPath } from '../dataplane/index.ts';
import type { Gauges } from './history.ts';

/** What the page asks its daemon. */
export interface Source {
  status(): StatusDocument;
  /** Figures of the pool; `undefined` while there is none. */
  gauges(): Gauges | undefined;
  /** The way of a pod's packets, by the pod's `NAMESPACE/NAME` or its address; `undefined` when there is no such pod. */
  pathOf(pod: string): Promise<PodPath | undefined>;
  /** Somebody began to look, or the last one has gone: memory that took can be given back when it is quiet. */
  looked(): void;
}

/** An answer about a pod's packets. */
export type PathView = PodPath;

/** An address: what it is, what it does, and who has it, why it is kept back or when (epoch, s) it is free again. */
export type SlotView = readonly [
  address: string,
  state: StatusEni['addresses'][number]['state'],
  about: string | number,
];

/** An ENI as the page draws it. */
export interface EniView {
  readonly id: string;
  readonly mac: string;
  /** Its network card, counted from 0. */
  readonly card: number;
  readonly device: number;
  readonly link: string | null;
  readonly primary: boolean;
  readonly primaryAddress: string;
  readonly table: number;
  readonly slots: readonly SlotView[];
}

/** Everything the page shows of a node beside its ENIs and its history. */
export interface NodeView {
  readonly version: string;
  readonly startedAt: string;
  readonly readyAfterMs: number | null;
  readonly phase: StatusDocument['phase'];
  readonly ready: boolean;
  readonly reason: string | null;
  readonly instance: StatusDocument['instance'];
  readonly targets: StatusDocument['targets'];
  readonly pool: StatusDocument['pool'];
  readonly waiting: number;
  /** The targets against reality; null where there are none to reach. */
  readonly balance: StatusDocument['balance'] | null;
  readonly conditions: readonly StatusCondition[];
  readonly lastError: StatusDocument['lastError'];
  readonly ec2Calls: Readonly<Record<string, number>>;
  /** Newest first. */
  readonly recentCalls: readonly StatusCall[];
}

/** The node, without what changes by itself from look to look and without what identifies a sandbox. */
export function nodeView(status: StatusDocument): NodeView {
  const { version, startedAt, readyAfterMs, phase, ready, reason, instance } = status;
  const { targets, pool, waiting = 0, balance = null, conditions = [], lastError, ec2Calls, recentCalls = [] } = status;
  return {
    ...{ version, startedAt, readyAfterMs, phase, ready, reason, instance },
    ...{ targets, pool, waiting, balance, conditions, lastError, ec2Calls, recentCalls },
  };
}

/** An ENI. Ids of containers are left out: anybody on the node may look. `nowMs` is wall time. */
export function eniView(eni: StatusEni, nowMs: number): EniView {
  const { id, mac, card = 0, device, link, primary, primaryAddress, table } = eni;
  return {
    ...{ id, mac, card, device, link, primary, primaryAddress, table },
    slots: eni.addresses.map(({ address, state, pod, reason, freeInMs }) => [
      address,
      state,
      // In whole seconds, so that looking again says the same.
      freeInMs === undefined ? (pod ?? reason ?? '') : Math.round((nowMs + freeInMs) / 1000),
    ]),
  };
}

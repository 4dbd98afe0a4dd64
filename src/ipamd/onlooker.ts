import type { Ec2Outcome } from '../aws/index.ts';
import type { StatusDocument } from '../cniproto/index.ts';
import type { PodPath } from '../dataplane/index.ts';

/** The daemon, for somebody who looks on. */
export interface Observable {
  status(): StatusDocument;
  /** Figures of the pool, and how many ADD calls wait; `undefined` while there is no pool. */
  gauges(): PoolGauges | undefined;
  /** The way of a pod's packets, by its `NAMESPACE/NAME` or its address; `undefined` when there is no such pod. */
  pathOf(pod: string): Promise<PodPath | undefined>;
  /** To be called when somebody began to look, or the last one has gone: the memory that took is given back in a quiet moment. */
  looked(): void;
}

/** The pool in figures. */
export interface PoolGauges {
  readonly total: number;
  readonly assigned: number;
  readonly free: number;
  readonly cooldown: number;
  readonly pending: number;
  readonly waiting: number;
}

/** Who looks on and shows it: told of what happens, answers requests to the introspection port. It changes nothing. */
export interface Onlooker {
  /** Where its page is. */
  readonly path: string;
  /** Called once, before anything else. */
  watch(daemon: Observable): void;
  /** A CNI call that ended: `code` is "ok" or that of an error. */
  called(command: string, code: string, ms: number): void;
  /** A request to EC2 that was answered. */
  asked(outcome: Pick<Ec2Outcome, 'action' | 'code'>): void;
  /** The pool has changed, or may have. */
  changed(): void;
  /** `undefined` for a request that is for somebody else. */
  serve(request: Request): Response | Promise<Response> | undefined;
}

/** How long a request waits before it is looked at, in milliseconds. */
export type Delay =
  | { readonly fixedMs: number }
  /** Any time between the two, each as likely. */
  | { readonly minMs: number; readonly maxMs: number }
  /** Log-normal, as latencies of services are: half the requests are faster than `p50Ms`, one in a hundred slower than `p99Ms`. */
  | { readonly p50Ms: number; readonly p99Ms: number };

/** A token bucket: it holds `size` tokens, gains `perSecond` a second, and every request takes one. */
export interface BucketSize {
  readonly size: number;
  readonly perSecond: number;
}

/** What an answer about ENIs leaves out, or still has. */
export type Stale = 'missing-eni' | 'missing-prefix' | 'missing-address' | 'deleted-eni';

/** How an answer is spoilt: cut off in the middle, nothing at all, or every number, flag and address in it nonsense. */
export type Garble = 'xml' | 'empty' | 'types';

/** Which buckets every EC2 action has when no dial names one: EC2's documented ones, or none. */
export type BucketMode = 'ec2' | 'off';

/** A disturbance of one operation of the simulator. */
export interface Dial {
  /** The EC2 action, `IMDS` for the metadata service, or `*` for every EC2 action. */
  readonly action: string;
  /** Answer with this EC2 error code; for `IMDS`, with this HTTP status. */
  readonly error?: string;
  /** Answer that IAM denies it; for `IMDS`, that the service is off (403). */
  readonly denied?: true;
  /** Answer that the account calls too often; for `IMDS`, 503. */
  readonly throttled?: true;
  readonly delay?: Delay;
  /** A token bucket for this action, shared by all callers; for `*`, one such bucket for each action. */
  readonly bucket?: BucketSize;
  /** Do the work, then close the connection without an answer. */
  readonly lost?: true;
  /** Do the work, then answer so that nobody can read it. */
  readonly garble?: Garble;
  /** Answer as of so many milliseconds ago. */
  readonly lagMs?: number;
  readonly stale?: Stale;
  /** Disturb so many requests, then fall silent; without it, until cleared. */
  readonly times?: number;
  /** Disturb each request with this probability, above 0 and up to 1. */
  readonly probability?: number;
}

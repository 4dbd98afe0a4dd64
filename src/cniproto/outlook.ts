/** Where the daemon tells what it would do next, over its socket. */
export const OUTLOOK_PATH = '/v1/outlook';

/** One thing that EC2 would be asked for; `count` in addresses or prefixes. */
export interface OutlookAction {
  readonly kind: 'assign' | 'create-eni' | 'unassign' | 'delete-eni';
  readonly eni: string | null;
  readonly unit: 'address' | 'prefix' | 'ipv6-prefix' | null;
  readonly count: number | null;
}

/** What the daemon's own decision says of the pool as it is, and of the pool with one pod more. */
export interface OutlookDocument {
  /** EC2 calls that are due now. */
  readonly now: readonly OutlookAction[];
  /** Why nothing is asked for although something is due: the lane is held back; ms from now. */
  readonly held: { readonly lane: 'growth' | 'shrink'; readonly forMs: number; readonly code: string | null } | null;
  readonly next: {
    /** The address the next pod would get at once; null when it would wait or be refused. */
    readonly address: string | null;
    readonly eni: string | null;
    /** Why it would not get one at once. */
    readonly refusal: { readonly code: string; readonly message: string; readonly remedy: string } | null;
    /** EC2 calls that would follow. */
    readonly actions: readonly OutlookAction[];
  };
}

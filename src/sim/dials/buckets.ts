import type { BucketMode, BucketSize } from './dial.ts';

// EC2 developer guide, "Request throttling for the Amazon EC2 API": each action has a bucket of its own per account and
// region, shared by all who call it.
/** Describe, List, Search and Get actions. */
export const EC2_DESCRIBE_BUCKET: BucketSize = { size: 100, perSecond: 20 };
/** Actions that change something. */
export const EC2_MUTATING_BUCKET: BucketSize = { size: 100, perSecond: 5 };
/** Attaching and detaching. */
export const EC2_ATTACH_BUCKET: BucketSize = { size: 50, perSecond: 5 };

/** The bucket EC2 documents for an action. */
export function ec2Bucket(action: string): BucketSize {
  if (/^(?:Describe|List|Search|Get)/.test(action)) return EC2_DESCRIBE_BUCKET;
  return /^(?:Attach|Detach)/.test(action) ? EC2_ATTACH_BUCKET : EC2_MUTATING_BUCKET;
}

/** How full a bucket was at a time. */
export interface BucketLevel {
  readonly bucket: BucketSize;
  readonly tokens: number;
  readonly at: number;
}

/**
 * Takes a token. A bucket never seen before, or of another size than last time, is full. A clock that went back gains
 * nothing and loses nothing.
 */
export function takeToken(
  level: BucketLevel | undefined,
  request: { readonly bucket: BucketSize; readonly now: number },
): { readonly granted: boolean; readonly level: BucketLevel } {
  const { bucket, now } = request;
  const { size, perSecond } = bucket;
  const same = level?.bucket.size === size && level.bucket.perSecond === perSecond ? level : undefined;
  const gained = same === undefined ? 0 : (Math.max(0, now - same.at) / 1000) * perSecond;
  const tokens = Math.min(size, (same?.tokens ?? size) + gained);
  const granted = tokens >= 1;
  return { granted, level: { bucket, tokens: granted ? tokens - 1 : tokens, at: now } };
}

/** The bucket of an EC2 action when no dial names one. */
export function bucketIn(mode: BucketMode, action: string): BucketSize | undefined {
  return mode === 'ec2' && action !== 'IMDS' ? ec2Bucket(action) : undefined;
}

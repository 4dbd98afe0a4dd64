import type { BucketMode, BucketSize } from './dial.ts';

const DESCRIBE: BucketSize = { size: 100, perSecond: 20 };
const DESCRIBE_ALL: BucketSize = { size: 50, perSecond: 10 };
const MUTATING: BucketSize = { size: 50, perSecond: 5 };
const ADDRESSING: BucketSize = { size: 100, perSecond: 5 };
const TAGGING: BucketSize = { size: 100, perSecond: 10 };
const RESERVING: BucketSize = { size: 5, perSecond: 1 };
const LAUNCHING: BucketSize = { size: 5, perSecond: 2 };

/** Actions with a bucket of their own size; attaching and detaching are mutating actions as any other. */
const OWN: ReadonlyMap<string, BucketSize> = new Map([
  ['AssignIpv6Addresses', ADDRESSING],
  ['AssignPrivateIpAddresses', ADDRESSING],
  ['CreateNetworkInterface', ADDRESSING],
  ['CreateSubnetCidrReservation', RESERVING],
  ['CreateTags', TAGGING],
  ['DeleteNetworkInterface', ADDRESSING],
  ['DeleteSubnetCidrReservation', RESERVING],
  ['DeleteTags', TAGGING],
  ['ModifyInstanceMetadataOptions', ADDRESSING],
  ['ModifyNetworkInterfaceAttribute', ADDRESSING],
  ['RunInstances', LAUNCHING],
  ['TerminateInstances', ADDRESSING],
  ['UnassignPrivateIpAddresses', ADDRESSING],
]);

/** Actions that take from a smaller bucket when asked for everything at once. */
const COSTLY: readonly string[] = ['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSecurityGroups'];

/**
 * The bucket EC2 documents for an action, and its name (EC2 developer guide, "Request throttling for the Amazon EC2 API",
 * as of 2025). Each action has one per account and region, shared by all who call; some have a second one for requests
 * with neither filter nor page, to which a list of ids is no filter.
 */
export function ec2Bucket(request: { readonly action: string; readonly unfiltered: boolean }): {
  readonly name: string;
  readonly bucket: BucketSize;
} {
  const { action, unfiltered } = request;
  if (unfiltered && COSTLY.includes(action)) return { name: `${action} unfiltered`, bucket: DESCRIBE_ALL };
  const usual = /^(?:Describe|List|Search|Get)/.test(action) ? DESCRIBE : MUTATING;
  return { name: action, bucket: OWN.get(action) ?? usual };
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

/** The bucket of a request when no dial names one. */
export function bucketIn(
  mode: BucketMode,
  request: { readonly action: string; readonly unfiltered: boolean },
): { readonly name: string; readonly bucket: BucketSize } | undefined {
  return mode === 'ec2' && request.action !== 'IMDS' ? ec2Bucket(request) : undefined;
}

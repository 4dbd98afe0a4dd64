import type { EC2Client, Tag } from '@aws-sdk/client-ec2';
import type { Ec2Subject } from './classify.ts';
import type { Sdk } from './sdk.ts';
import type { Ec2Action, Tags } from './types.ts';

/** Sends one request: counted before it leaves, its failure classified with the objects it is about. */
export type Ask = <T>(
  action: Ec2Action,
  subject: Ec2Subject,
  send: (sdk: Sdk, client: EC2Client) => Promise<T>,
) => Promise<T>;

/** Tags as EC2 takes them. */
export function renderTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

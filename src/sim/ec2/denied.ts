import { createHash } from 'node:crypto';
import { instanceIdOf, NODE_ROLE } from '../imds/index.ts';
import { type SimVpc, servicesOf } from '../model/index.ts';

/** As long as EC2's are, about. */
const ENCODED_BLOCKS = 9;

/**
 * EC2's sentence for what somebody may not do. For an action that changes something it names the resources and ends with
 * the encoded reason, which only AWS can read: a kilobyte of letters that a client had better not print.
 */
export function deniedMessage(vpc: SimVpc, denied: { readonly caller: string; readonly action: string }): string {
  const { action, caller } = denied;
  const who = `User: ${arnOf(vpc, caller)} is not authorized to perform: ec2:${action}`;
  const why = `because no identity-based policy allows the ec2:${action} action`;
  const sentence = 'You are not authorized to perform this operation.';
  if (/^(?:Describe|Get)/.test(action)) return `${sentence} ${who} ${why}`;
  const resource = `on resource: arn:${servicesOf(vpc.region).partition}:ec2:${vpc.region}:${vpc.ownerId}:${resourceOf(action)}/*`;
  return `${sentence} ${who} ${resource} ${why}. Encoded authorization failure message: ${encoded(who)}`;
}

/** Access keys of a role tell their instance; any other is somebody's own. */
function arnOf({ ownerId, region }: SimVpc, caller: string): string {
  const { partition } = servicesOf(region);
  const instanceId = instanceIdOf(caller);
  return instanceId === undefined
    ? `arn:${partition}:iam::${ownerId}:user/${caller}`
    : `arn:${partition}:sts::${ownerId}:assumed-role/${NODE_ROLE}/${instanceId}`;
}

/** What most actions here are about; of the others EC2 names the resource their name ends with. */
function resourceOf(action: string): string {
  if (/Instances$/.test(action)) return 'instance';
  if (/SecurityGroup/.test(action)) return 'security-group';
  return /Subnet/.test(action) ? 'subnet' : 'network-interface';
}

function encoded(text: string): string {
  const blocks = Array.from({ length: ENCODED_BLOCKS }, (_, n) => createHash('sha512').update(`${n} ${text}`).digest());
  return Buffer.concat(blocks).toString('base64url');
}

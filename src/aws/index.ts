/**
 * What this host asks of AWS: its own identity from the instance metadata service, and EC2 for addresses and ENIs.
 * Answers become our own values here and failures become catalogued errors; no SDK type leaves this room.
 */
export { backoffMs, startRetryMs } from './backoff.ts';
export { classifyEc2Error, type Ec2Subject } from './classify.ts';
export { type CloudWatch, connectCloudWatch, type MetricDatum } from './cloudwatch.ts';
export { connectEc2 } from './ec2.ts';
export { type Ec2Examination, examineEc2 } from './examine.ts';
export { halving, lacksRoom } from './halving.ts';
export {
  type InstanceFacts,
  readIdentity,
  readInstance,
  readPrimaryIpv6,
  readSecurityGroups,
  readVpcCidrs,
} from './identity.ts';
export { answersWithoutToken, createImds, type Imds } from './imds.ts';
export { type ListedInterface, readInterfaces } from './imds-interfaces.ts';
export { insist, type Patience } from './insist.ts';
export { metadataOnlyEc2 } from './metadata-only.ts';
export { RATES, type Rate } from './rates.ts';
export { removeEni } from './remove-eni.ts';
export { TokenBucket } from './token-bucket.ts';
export { NO_TRAFFIC, type PausedAction, pausedMs, Traffic, type TrafficEdges, type TrafficView } from './traffic.ts';
export type {
  AttachmentState,
  Ec2,
  Ec2Action,
  Ec2Outcome,
  EniAttachment,
  EniDescription,
  EniUnit,
  InstanceIdentity,
  NewEni,
  SubnetDescription,
  Tags,
} from './types.ts';
export { readUserData } from './user-data.ts';

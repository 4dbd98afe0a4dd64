import type { Entry } from './entry.ts';

/** Failures of EC2 and of the instance metadata service, and pool states that follow from them. */
export const EC2_ERRORS = {
  IMDS_UNREACHABLE: {
    retry: 'backoff',
    says: (d) => `the instance metadata service at ${d['endpoint']} did not answer ${d['path']}: ${d['reason']}`,
    remedy: 'check that IMDSv2 is enabled on the instance and that 169.254.169.254 is not blocked or proxied',
  },
  IMDS_BAD_ANSWER: {
    retry: 'backoff',
    says: (d) => `the instance metadata service answered ${d['path']} with ${d['found']}`,
    remedy: 'check that the endpoint is really the instance metadata service',
  },
  IMDS_V1_ONLY: {
    retry: 'backoff',
    says: (d) =>
      `the instance metadata service at ${d['endpoint']} gives no session tokens (HTTP ${d['status']}): it knows version 1 only`,
    remedy:
      'turn IMDSv2 on: aws ec2 modify-instance-metadata-options --instance-id … --http-endpoint enabled --http-tokens required; version 1 is never used',
  },
  CLOUDWATCH_FAILED: {
    retry: 'backoff',
    says: (d) => `CloudWatch took no figures (${d['awsCode']}): ${d['reason']}`,
    remedy:
      'allow cloudwatch:PutMetricData to the role of the instance and the way to the CloudWatch endpoint, or set USE_CLOUDWATCH=false; pods are not affected',
  },
  IAM_DENIED: {
    retry: 'backoff',
    says: (d) => `EC2 denied ${d['action']}: ${d['reason']}`,
    remedy: 'attach the policy AmazonEKS_CNI_Policy (or its scoped-down form) to the role of the instance',
  },
  EC2_THROTTLED: {
    retry: 'backoff',
    says: (d) => `EC2 throttles ${d['action']}: ${d['reason']}`,
    remedy: 'nothing to do at once: the daemon backs off; lower the churn or raise WARM_IP_TARGET if it stays',
  },
  EC2_FAILED: {
    retry: 'backoff',
    says: (d) => `EC2 ${d['action']} failed with ${d['ec2Code']}: ${d['reason']}`,
    remedy: 'look the EC2 error code up; the daemon tries again with a growing delay',
  },
  EC2_UNREACHABLE: {
    retry: 'backoff',
    says: (d) => `EC2 gave no clear answer to ${d['action']}: ${d['reason']}`,
    remedy: 'check the route to the EC2 endpoint (internet gateway, NAT or VPC endpoint) and its security group',
  },
  EC2_NOT_FOUND: {
    retry: 'never',
    says: (d) => `EC2 knows nothing of the object of ${d['action']}: ${d['reason']}`,
    remedy: 'the object is gone; the daemon drops it at its next pass',
  },
  SUBNET_NO_IPS: {
    retry: 'backoff',
    says: (d) => `no free address in subnet ${d['subnet']}: ${d['reason']}`,
    remedy: 'free addresses in the subnet, or add a larger subnet to the cluster',
  },
  SUBNET_NONE_TAGGED: {
    retry: 'backoff',
    says: (d) => `no subnet of ${d['vpc']} in this zone may take ENIs of this node: all are tagged out`,
    remedy:
      'tag a subnet with kubernetes.io/role/cni=1 (and cni.networking.k8s.aws/cluster/NAME where clusters share the VPC), or set ENABLE_SUBNET_DISCOVERY=false',
  },
  ENI_CONFIG_MISSING: {
    retry: 'backoff',
    says: (d) => `there is no ENIConfig "${d['name']}" in ${d['file']}: ${d['reason']}`,
    remedy: 'add it to the file, or label the node (NODE_LABELS) with the name of one that is there',
  },
  EC2_OFF: {
    retry: 'never',
    says: (d) => `EC2 is not asked for ${d['action']}: ENABLE_IMDS_ONLY_MODE is true`,
    remedy: 'set ENABLE_IMDS_ONLY_MODE=false where the node may ask EC2',
  },
  SUBNET_FRAGMENTED: {
    retry: 'backoff',
    says: (d) => `subnet ${d['subnet']} has no free /28 block: ${d['reason']}`,
    remedy:
      'reserve a block for prefixes (aws ec2 create-subnet-cidr-reservation --reservation-type prefix), use a new subnet, or set ENABLE_PREFIX_FALLBACK=true',
  },
  EC2_CREDENTIALS: {
    retry: 'backoff',
    says: (d) => `no usable AWS credentials for ${d['action']}: ${d['reason']}`,
    remedy: 'attach an instance profile with a role to the instance, and check that its clock is right',
  },
  EC2_PAUSED: {
    retry: 'backoff',
    says: (d) =>
      `EC2 refuses ${d['actions']} over and over, so the daemon asks again at ${d['until']} only: ${d['reason']}`,
    remedy: 'cure what EC2 refused; the daemon finds out by itself when the time is over, or at its next start',
  },
  EC2_BAD_ANSWER: {
    retry: 'backoff',
    says: (d) => `EC2 answered ${d['action']} without ${d['missing']}`,
    remedy: 'check that the endpoint is really EC2; the daemon tries again with a growing delay',
  },
  ENI_ATTACH_LIMIT: {
    retry: 'never',
    says: (d) => `EC2 attaches no further ENI to ${d['instance']}: ${d['reason']}`,
    remedy: 'detach an ENI nobody uses, lower MAX_ENI, or choose an instance type with more ENIs',
  },
  ENI_SLOT_TAKEN: {
    retry: 'backoff',
    says: (d) => `EC2 has another ENI where ${d['instance']} should get one: ${d['reason']}`,
    remedy: 'nothing to do: the daemon asks EC2 at once which ENI it is, and counts it',
  },
  ADDRESS_LIMIT: {
    retry: 'never',
    says: (d) => `EC2 assigns no further address to ${d['eni']}: ${d['reason']}`,
    remedy: 'the daemon reads the ENI anew from EC2; another program may have assigned addresses to it',
  },
  ENI_LIMIT: {
    retry: 'after-cooldown',
    says: (d) =>
      `instance type ${d['instanceType']} is full: ${d['attached']} of ${d['limit']} ENIs, ${d['assigned']} of ${d['total']} addresses in use`,
    remedy: 'run fewer pods on this node or choose an instance type with more ENIs or addresses',
  },
  COOLDOWN_WAIT: {
    retry: 'after-cooldown',
    says: (d) =>
      `every free address rests in cooldown (${d['cooldown']} of them); the next is free in ${d['waitMs']} ms`,
    remedy: 'wait, or raise WARM_IP_TARGET so that fresh addresses are at hand',
  },
  POOL_GROWING: {
    retry: 'backoff',
    says: (d) => `no free address yet; EC2 was asked for ${d['wanted']} more and has not delivered them`,
    remedy: 'the runtime tries again by itself; see "vpc-cni status" if it stays',
  },
  POOL_FIXED: {
    retry: 'after-cooldown',
    says: (d) => `no free address, and this node asks EC2 for no more: ${d['reason']}`,
    remedy: 'run fewer pods on this node, put more addresses on its ENIs (launch template), or allow it to grow',
  },
  ENGINE_STARTING: {
    retry: 'backoff',
    says: (d) => `ipamd is starting: ${d['phase']}`,
    remedy: 'the runtime tries again by itself; see "vpc-cni status" if it stays',
  },
  ADDRESS_IN_USE: {
    retry: 'backoff',
    says: (d) => `address ${d['address']} counts as free but the kernel still has rules for it; it is not given back`,
    remedy: 'look at "ip rule" for the address; if no pod uses it, restarting ipamd removes the stray rules',
  },
} as const satisfies Record<string, Entry>;

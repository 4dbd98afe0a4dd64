import type { FindingEntry } from './entry.ts';

/** Findings about what EC2 and the metadata service say. */
export const AWS_FINDINGS = {
  METADATA_UNREACHABLE: {
    severity: 'fault',
    means:
      'the instance metadata service gives no answer: the daemon does not know who the node is, and has no credentials',
    remedy:
      'look at "ip route get 169.254.169.254" and at packet filters; in EC2 the metadata must be on (--http-endpoint enabled)',
  },
  IMDS_V1_ALLOWED: {
    severity: 'warning',
    means:
      'the metadata can be read without a token: whatever makes a pod or the host fetch a URL can read the credentials',
    remedy:
      'run "aws ec2 modify-instance-metadata-options --http-tokens required --instance-id ID" and correct the launch template',
  },
  IMDS_HOP_LIMIT: {
    severity: 'note',
    means: 'answers of the metadata service travel less far, or farther, than to pods',
    remedy:
      'run "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ID"; the daemon needs 1, pods that read metadata 2',
  },
  ENDPOINT_UNREACHABLE: {
    severity: 'fault',
    means: 'EC2 gives no answer: the pool can neither grow nor shrink',
    remedy:
      'look at DNS, route, security group and proxy of the endpoint; a private subnet needs a NAT gateway or a VPC endpoint for ec2',
  },
  CREDENTIALS_REFUSED: {
    severity: 'fault',
    means: 'there are no credentials, or EC2 does not accept them',
    remedy:
      'give the instance a profile with a role, and remove AWS_ACCESS_KEY_ID from the settings; a wrong clock has the same effect',
  },
  RIGHT_MISSING: {
    severity: 'fault',
    means: 'the role of the instance may not do what the pool needs (asked as a dry run, which changes nothing)',
    remedy:
      'allow the action: docs/operator-guide.md lists them; a service control policy or a VPC endpoint policy may deny as well',
  },
  CLOCK_WRONG: {
    severity: 'fault',
    means: 'the clock differs from that of EC2, which refuses signatures older than five minutes',
    remedy:
      'have the time synchronized: chronyc makestep, or systemctl restart systemd-timesyncd (Amazon Time Sync is 169.254.169.123)',
  },
  SUBNET_NEARLY_FULL: {
    severity: 'warning',
    means: 'hardly any address is left in the subnet of the node: pods will find none',
    remedy: 'put new nodes into another subnet, free addresses, or add a CIDR to the VPC',
  },
  ENI_NOT_ATTACHED: {
    severity: 'fault',
    means: 'our notes have an ENI that EC2 does not list on this instance: its pods reach nobody',
    remedy: 'delete the pods of that ENI; "systemctl restart vpc-cni-ipamd" has the daemon ask EC2 again',
  },
  ADDRESS_NOT_ON_ENI: {
    severity: 'fault',
    means: 'a pod has an address that EC2 lists on no ENI of this instance: nobody reaches it',
    remedy: 'delete the pod; its controller makes another one with an address that is valid',
  },
  ENI_OUTLIVES_NODE: {
    severity: 'warning',
    means: 'an ENI of ours stays when the instance is terminated, and keeps its addresses',
    remedy:
      'restart the daemon, which sets DeleteOnTermination: "systemctl restart vpc-cni-ipamd", without systemd "vpc-cni install"',
  },
} as const satisfies Readonly<Record<string, FindingEntry>>;

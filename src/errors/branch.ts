import type { Entry } from './entry.ts';

/** Failures of pods with security groups of their own, and of the trunk their branch ENIs need. */
export const BRANCH_ERRORS = {
  POD_ENI_INVALID: {
    retry: 'backoff',
    says: (d) => `the branch ENI of pod ${d['pod']} cannot be read from ${d['file']}: ${d['reason']}`,
    remedy:
      'correct the file (POD_ENI_FILE; {} for none): until it can be read no pod is added, for one with security groups of its own would get those of the node',
  },
  POD_ENI_MISSING: {
    retry: 'backoff',
    says: (d) => `pod ${d['pod']} is to have a branch ENI, and ${d['file']} does not tell which`,
    remedy:
      'wait until the controller has made it and written the annotation vpc.amazonaws.com/pod-eni, and bring that into the file (POD_ENI_FILE)',
  },
  TRUNK_MISSING: {
    retry: 'backoff',
    says: (d) => `pods with security groups of their own cannot be added: ${d['reason']}`,
    remedy:
      'the VPC resource controller attaches a trunk ENI when it manages this node and a slot is free; "vpc-cni status" shows the ENIs',
  },
} as const satisfies Record<string, Entry>;

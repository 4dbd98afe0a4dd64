import type { Entry } from './entry.ts';

/** Failures of the commands that look at a host or say what it can hold. */
export const INSPECT_ERRORS = {
  INSTANCE_TYPE_UNKNOWN: {
    retry: 'backoff',
    says: (d) =>
      `the limits of the instance type ${d['type']} are not built in, and EC2 did not tell: ${d['reason']}${d['meant'] === undefined ? '' : `; did you mean ${d['meant']}?`}`,
    remedy:
      'check how the type is spelled; away from the instance, set AWS_REGION and credentials that allow ec2:DescribeInstanceTypes',
  },
  FILE_FOREIGN: {
    retry: 'never',
    says: (d) => `${d['path']} was not written by vpc-cni and is left as it is`,
    remedy: 'move the file away, or write into it by hand what it needs, then run the command again',
  },
} as const satisfies Record<string, Entry>;

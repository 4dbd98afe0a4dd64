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
  DAEMON_SILENT: {
    retry: 'backoff',
    says: (d) => `ipamd takes calls on ${d['socket']} and answers none: nothing came within ${d['ms']} ms`,
    remedy:
      'systemd starts another one 30 s after it began to hang; keep what happened with "vpc-cni support-bundle", and if it stays so, "systemctl restart vpc-cni-ipamd"',
  },
  POD_UNKNOWN: {
    retry: 'never',
    says: (d) =>
      `no pod ${d['pod']} has an address of this node${d['pods'] === '' ? '' : `; there are ${d['pods']}`}${d['unread'] === '' ? '' : `; but what the daemon wrote down cannot be read in full: ${d['unread']}`}`,
    remedy:
      'where files cannot be read, start the daemon, which finds its pods by their links; else check namespace and name, and on which node it runs ("kubectl get pod -o wide"); pods of the host network have no address of their own',
  },
  POD_AMBIGUOUS: {
    retry: 'never',
    says: (d) => `${d['pod']} may be one of ${d['pods']}`,
    remedy: 'name it as NAMESPACE/NAME',
  },
  FILE_FOREIGN: {
    retry: 'never',
    says: (d) => `${d['path']} was not written by vpc-cni and is left as it is`,
    remedy: 'move the file away, or write into it by hand what it needs, then run the command again',
  },
} as const satisfies Record<string, Entry>;

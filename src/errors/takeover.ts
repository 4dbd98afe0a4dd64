import type { Entry } from './entry.ts';

const KEEP_OFF =
  'take the DaemonSet off this node first: give aws-node a node affinity that leaves this node out, or delete the add-on; wait until its pod on this node is gone';

/** Failures of taking a node over from aws-node and of handing it back. */
export const TAKEOVER_ERRORS = {
  ADOPT_OTHER_IPAMD: {
    retry: 'never',
    says: (d) => `another ipamd still runs on this node, and two would hand out the same addresses: ${d['evidence']}`,
    remedy: `${KEEP_OFF}, then run "vpc-cni adopt" again; pods keep running meanwhile, nothing was changed`,
  },
  ADOPT_UNSUPPORTED: {
    retry: 'never',
    says: (d) => `pods of this node need what this version cannot do, or cannot be accounted for: ${d['reasons']}`,
    remedy:
      'drain the node, so that these pods are made anew elsewhere, or leave this node to aws-node; nothing was changed',
  },
  ADOPT_CHECKPOINT_BAD: {
    retry: 'never',
    says: (d) => `the checkpoint of aws-node, ${d['path']}, cannot be read: ${d['reason']}`,
    remedy:
      'aws-node cannot read it either: put the file right, or drain the node and remove it; without it nobody knows whose the addresses are',
  },
  ADOPT_SETTINGS_DIFFER: {
    retry: 'never',
    says: (d) => `aws-node left other settings in the kernel than ours: ${d['differences']}`,
    remedy:
      'write the values of aws-node into /etc/vpc-cni/vpc-cni.env and run the command again; with --force ours are used, and running connections may break; nothing was changed',
  },
  ADOPT_INCOMPLETE: {
    retry: 'never',
    says: (d) => `taking this node over stopped at ${d['step']}: ${d['reason']}; ${d['state']}`,
    remedy:
      'remove the cause named in the message and run the command again; or start aws-node again: its checkpoint and its files are there',
  },
  ADOPT_FIRST: {
    retry: 'never',
    says: (d) => `${d['pods']} pods of aws-node have addresses on this node (${d['path']})`,
    remedy:
      'run "vpc-cni adopt": it takes the pods over with their addresses; an installation beside them would hand these out again',
  },
  HANDBACK_OTHER_IPAMD: {
    retry: 'never',
    says: (d) => `another ipamd runs on this node already and would not read what we hand it: ${d['evidence']}`,
    remedy: `${KEEP_OFF}, then run "vpc-cni handback" and let aws-node come back after it; nothing was changed`,
  },
  HANDBACK_NO_CHECKPOINT: {
    retry: 'never',
    says: (d) => `${d['pods']} pods are wired here, and ${d['path']}, which says who they are, is not there`,
    remedy:
      'start the daemon once ("systemctl start vpc-cni-ipamd", or "vpc-cni install"): it rebuilds the file from the links of the pods; nothing was changed',
  },
  HANDBACK_BRANCH_PODS: {
    retry: 'never',
    says: (d) =>
      `aws-node could not delete pods with security groups of their own that we have wired, for the results of their ADDs are ours: ${d['pods']}`,
    remedy:
      'drain the node of these pods, or delete them, and run "vpc-cni handback" again while our daemon runs; nothing was changed',
  },
  HANDBACK_INCOMPLETE: {
    retry: 'never',
    says: (d) => `${d['step']} failed: ${d['reason']}; still to do: ${d['left']}`,
    remedy:
      'remove the cause named in the message and run "vpc-cni handback" again: it goes on from there; or "vpc-cni adopt" to keep the node',
  },
  HANDBACK_PENDING: {
    retry: 'never',
    says: (d) =>
      `this node was handed back, and aws-node has not taken over its ${d['pods']} pods yet: ${d['missing']}`,
    remedy:
      'let aws-node start on this node, then uninstall; or run "vpc-cni adopt" and then "vpc-cni uninstall", which takes the network of the pods away',
  },
} as const satisfies Record<string, Entry>;

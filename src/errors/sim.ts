import type { Entry } from './entry.ts';

/** Failures of the VPC simulator. */
export const SIM_ERRORS = {
  SIM_NOT_RUNNING: {
    retry: 'never',
    says: (d) => `no simulated VPC named ${d['name']} is running`,
    remedy: 'start one with "vpc-cni sim up"',
  },
  SIM_ALREADY_RUNNING: {
    retry: 'never',
    says: (d) => `a simulated VPC named ${d['name']} already runs (pid ${d['pid']})`,
    remedy: 'use it, give another --name, or end it with "vpc-cni sim down"',
  },
  SIM_NODE_EXISTS: {
    retry: 'never',
    says: (d) => `the simulated VPC ${d['vpc']} already has a node named ${d['node']}`,
    remedy: 'use it, choose another name, or remove it with "vpc-cni sim node remove"',
  },
  SIM_NODE_MISSING: {
    retry: 'never',
    says: (d) => `the simulated VPC ${d['vpc']} has no node named ${d['node']}`,
    remedy: 'see "vpc-cni sim status" for its nodes, or add one with "vpc-cni sim node add"',
  },
  SIM_PROCESS_STAYS: {
    retry: 'backoff',
    says: (d) => `the processes ${d['pids']} of the simulated VPC did not end within ${d['waitedMs']} ms of SIGKILL`,
    remedy: 'see with "ps" what they wait for, then run "vpc-cni sim down" again',
  },
  SIM_START_FAILED: {
    retry: 'never',
    says: (d) => `the simulator ${d['name']} did not start: ${d['reason']}`,
    remedy: 'read the reason, run "vpc-cni sim down", then try again',
  },
  SIM_REFUSED: {
    retry: 'never',
    says: (d) => `the simulator refused ${d['request']}: ${d['reason']}`,
    remedy: 'correct what the message names; "vpc-cni sim --help" shows the possible values',
  },
  SIM_POD_EXISTS: {
    retry: 'never',
    says: (d) => `node ${d['node']} already has a pod ${d['pod']}`,
    remedy: 'choose another name, or remove it with "vpc-cni sim pod del"',
  },
  SIM_POD_MISSING: {
    retry: 'never',
    says: (d) => `node ${d['node']} has no pod ${d['pod']}`,
    remedy: 'see "vpc-cni sim pod list" for its pods',
  },
  SIM_NO_CONFLIST: {
    retry: 'backoff',
    says: (d) => `node ${d['node']} has no usable network configuration in /etc/cni/net.d: ${d['reason']}`,
    remedy: 'run "vpc-cni install" on the node; the daemon writes the file once it can hand out an address',
  },
  SIM_PLUGIN_FAILED: {
    retry: 'backoff',
    says: (d) =>
      `CNI ${d['command']} of pod ${d['pod']}: plugin ${d['plugin']} failed with code ${d['cniCode']}: ${d['reason']}`,
    remedy: 'read the message of the plugin; "vpc-cni status" on the node shows the state of its pool',
  },
} as const satisfies Record<string, Entry>;

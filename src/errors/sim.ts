import type { Entry } from './entry.ts';

/** Failures of the VPC simulator. */
export const SIM_ERRORS = {
  SIM_NOT_RUNNING: {
    retry: 'never',
    says: (d) => `no simulated VPC named ${d['name']} is running`,
    remedy: 'start one with "vpc-cni sim up"; a VPC is seen only by the user who started it',
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
  SIM_NETNS_TAKEN: {
    retry: 'never',
    says: (d) => `a network namespace named ${d['netns']} exists and was not made by this simulator`,
    remedy: 'choose another name of the VPC or node, or remove that namespace with "ip netns delete"',
  },
  SIM_NEEDS_ROOT: {
    retry: 'never',
    says: (d) => `${d['what']} makes network namespaces, which needs root, and you are uid ${d['uid']}`,
    remedy: 'run it as root (sudo), or add --api-only for EC2 and the metadata service without machines',
  },
  SIM_INTERRUPTED: {
    retry: 'never',
    says: (d) => `ended by ${d['signal']} before everything was up`,
    remedy: 'run it again; what had been started was removed',
  },
  SIM_API_ONLY: {
    retry: 'never',
    says: (d) => `the simulated VPC ${d['vpc']} has APIs only: ${d['what']} needs nodes that are machines`,
    remedy: 'as root, start a VPC without --api-only',
  },
  SIM_PORT_TAKEN: {
    retry: 'never',
    says: (d) => `port ${d['port']} of 127.0.0.1, meant for ${d['face']}, could not be opened: ${d['reason']}`,
    remedy: 'give another port, or 0 for any that is free',
  },
  SIM_NO_PRIVATE_DIRECTORY: {
    retry: 'never',
    says: (d) => `${d['path']} cannot hold the state of a simulated VPC: ${d['reason']}`,
    remedy: 'set XDG_RUNTIME_DIR to a directory that is yours alone (mode 0700), or unset it',
  },
  SIM_SCENARIO_MISSING: {
    retry: 'never',
    says: (d) => `there is no scenario ${d['scenario']}: neither a file nor one of ${d['known']}`,
    remedy: 'see "vpc-cni sim scenario list", or give the path of a file',
  },
  SIM_SCENARIO_INVALID: {
    retry: 'never',
    says: (d) => `the scenario ${d['scenario']} is wrong: ${d['findings']}`,
    remedy: 'correct what stands at each place; "vpc-cni sim scenario show" prints examples',
  },
  SIM_CALLS_DIFFER: {
    retry: 'never',
    says: (d) => `expected ${d['expected']} ${d['which']}, found ${d['found']}`,
    remedy: 'see them with "vpc-cni sim calls"; the options that choose calls are the same',
  },
  SIM_PROCESS_STAYS: {
    retry: 'backoff',
    says: (d) => `the processes ${d['pids']} of the simulated VPC did not end within ${d['waitedMs']} ms of SIGKILL`,
    remedy: 'see with "ps" what they wait for, then run "vpc-cni sim down" again',
  },
  SIM_START_FAILED: {
    retry: 'never',
    says: (d) => `the simulator ${d['name']} did not start: ${d['reason']}`,
    remedy: 'read the reason, then try again; nothing of the attempt is left',
  },
  SIM_REFUSED: {
    retry: 'never',
    says: (d) => `the simulator refused ${d['request']}: ${d['reason']}`,
    remedy: 'correct what the reason names; "vpc-cni sim status" shows what there is',
  },
  SIM_ORDER_INVALID: {
    retry: 'never',
    says: (d) => `the order ${d['request']} is wrong: ${d['reason']}`,
    remedy: 'correct what the message names; the --help of the command has examples',
  },
  SIM_POD_EXISTS: {
    retry: 'never',
    says: (d) => `node ${d['node']} already has a pod ${d['pod']}`,
    remedy: 'choose another name, or remove it with "vpc-cni sim pod del"',
  },
  SIM_POD_ENDED: {
    retry: 'never',
    says: (d) => `pod ${d['pod']} of node ${d['node']} ended when the node was booted again`,
    remedy: 'let its plugins clean up with "vpc-cni sim pod del", then make it anew',
  },
  SIM_NODE_STOPPED: {
    retry: 'backoff',
    says: (d) => `node ${d['node']} was stopped while pod ${d['pod']} was being ${d['doing']}`,
    remedy: 'see "vpc-cni sim node list" and "vpc-cni sim pod list" for what is left, then try again',
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

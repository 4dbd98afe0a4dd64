import { HostError } from '../../errors/index.ts';

/** Where everything of one simulated VPC is found again: every name and path follows from the VPC's name. */
export interface VpcNames {
  readonly vpc: string;
  /** Holds all state, root's on a tmpfs of its own; gone after `sim down`. */
  readonly stateDir: string;
  /** Held while the VPC is being started or removed; outside the state, which comes and goes meanwhile. */
  readonly lockFile: string;
  readonly routerNetns: string;
  readonly internetNetns: string;
}

const NETNS_DIR = '/run/netns';
const STATE_ROOT = '/run/vpc-cni-sim';
const ROUTER = 'router';
const INTERNET = 'internet';

// No hyphen: `<vpc>-` must never be the beginning of another VPC's namespaces.
const VPC_NAME = /^[a-z][a-z0-9]{0,11}$/;
const NODE_NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * The names of the VPC called `vpc`; `stateRoot` is another directory than root's for somebody who has no namespaces.
 * Throws `USAGE` for a name that could be confused with another VPC's.
 */
export function vpcNames(vpc: string, stateRoot = STATE_ROOT): VpcNames {
  if (!VPC_NAME.test(vpc))
    throw new HostError('USAGE', { reason: `"${vpc}" is no VPC name: up to 12 lower-case letters and digits` });
  return {
    vpc,
    stateDir: `${stateRoot}/${vpc}`,
    lockFile: `${stateRoot}-${vpc}.lock`,
    routerNetns: `${vpc}-${ROUTER}`,
    internetNetns: `${vpc}-${INTERNET}`,
  };
}

/** Whether a node can be called so. */
export function isNodeName(name: string): boolean {
  return NODE_NAME.test(name) && name !== ROUTER && name !== INTERNET;
}

/** The namespace of a node. Throws `USAGE` for a name that is none or that the VPC itself uses. */
export function nodeNetns(names: VpcNames, node: string): string {
  if (!isNodeName(node))
    throw new HostError('USAGE', {
      reason: `"${node}" is no node name: lower-case letters, digits and hyphens, and neither "${ROUTER}" nor "${INTERNET}"`,
    });
  return `${names.vpc}-${node}`;
}

/** The file by which a namespace is entered, where `ip netns` looks for it. */
export function netnsPath(netns: string): string {
  return `${NETNS_DIR}/${netns}`;
}

/** The file that keeps a namespace of a VPC: in the VPC's own state, where nobody else's can be. */
export function netnsHome(netns: string): string {
  const [vpc = '', ...rest] = netns.split('-');
  return `${STATE_ROOT}/${vpc}/netns/${rest.join('-')}`;
}

/** The router's end of an ENI: the last 12 digits of its id, because a link name has at most 15 characters. */
export function portName(eniId: string): string {
  return `eni${eniId.replace(/^eni-/, '').slice(-12)}`;
}

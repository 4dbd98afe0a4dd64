import type { Entry } from './entry.ts';

/** Failures of a CNI call itself: its environment, its configuration, its attachment. */
export const CNI_ERRORS = {
  CNI_VERSION: {
    retry: 'never',
    says: (d) => `cniVersion ${d['version']} is not supported`,
    remedy: 'use one of the versions "vpc-cni" supports: 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0',
  },
  CNI_ENV: {
    retry: 'never',
    says: (d) => `invalid CNI environment: ${d['reason']}`,
    remedy: 'the container runtime must set the variables the CNI specification asks for',
  },
  CNI_DECODE: {
    retry: 'never',
    says: (d) => `the configuration on stdin is not valid JSON: ${d['reason']}`,
    remedy: 'check the file in /etc/cni/net.d; "vpc-cni install" writes a correct one',
  },
  CNI_CONFIG: {
    retry: 'never',
    says: (d) => `invalid network configuration: ${d['reason']}`,
    remedy: 'check the file in /etc/cni/net.d; "vpc-cni install" writes a correct one',
  },
  MULTI_NIC_OFF: {
    retry: 'never',
    says: (d) => `the pod asks for a NIC on every network card (annotation ${d['annotation']}: ${d['value']})`,
    remedy: 'set ENABLE_MULTI_NIC=true for this node, or take the annotation away from the pod',
  },
  CNI_NETNS: {
    retry: 'never',
    says: (d) => `CNI_NETNS ${d['path']} cannot be used: ${d['reason']}`,
    remedy: 'the sandbox is gone or its path is wrong; the runtime must make a new sandbox',
  },
  IFNAME_TAKEN: {
    retry: 'never',
    says: (d) => `the namespace ${d['netns']} already has an interface ${d['ifName']} that is not ours`,
    remedy: 'another plugin made this interface; remove it or use another CNI_IFNAME',
  },
  HOST_LINK_TAKEN: {
    retry: 'backoff',
    says: (d) =>
      `the host's link ${d['link']}, which interface ${d['ifName']} of this pod would have, is ${d['holder']}`,
    remedy:
      'look at it with "ip -d link show": one of somebody else must be renamed; one of another pod goes with that pod; interfaces of one pod need names that end with different numbers',
  },
  ATTACHMENT_UNKNOWN: {
    retry: 'never',
    says: (d) => `no allocation for container ${d['containerId']} interface ${d['ifName']}`,
    remedy: 'the runtime must call ADD before CHECK',
  },
  CHECK_FAILED: {
    retry: 'never',
    says: (d) => `container ${d['containerId']}: ${d['difference']}`,
    remedy: 'delete the pod so that it is wired anew, and look for what changed its network',
  },
  HOST_NETWORK_FAILED: {
    retry: 'backoff',
    says: (d) => `${d['doing']} failed: ${d['reason']}; pods that run may have lost connections`,
    remedy:
      'ipamd goes on trying; the message names what the kernel refused, "journalctl -u vpc-cni-ipamd" has each attempt',
  },
  EGRESS_RANGE_FULL: {
    retry: 'backoff',
    says: (d) => `all ${d['count']} ${d['family']} egress addresses of this node are taken`,
    remedy: 'lower the pods of the node (MAX_PODS, and maxPods of the kubelet) to what the range holds',
  },
  EGRESS_NO_IPV6: {
    retry: 'never',
    says: (d) => `pods have no IPv6 egress: the primary ENI ${d['eniId']} has no IPv6 address`,
    remedy:
      'assign one to the ENI, which is noticed within half a minute, or set ENABLE_V6_EGRESS=false; pods that start before stay without it',
  },
  DAEMON_DOWN: {
    retry: 'backoff',
    says: (d) => `ipamd does not answer on ${d['socket']}: ${d['reason']}`,
    remedy: 'start it with "systemctl start vpc-cni-ipamd" and read its journal',
  },
  DAEMON_ANSWER: {
    retry: 'backoff',
    says: (d) => `ipamd answered ${d['path']} with something else than this version expects: ${d['reason']}`,
    remedy:
      'restart it with "systemctl restart vpc-cni-ipamd": pods keep running, and both sides are then of one version',
  },
} as const satisfies Record<string, Entry>;

import type { Entry } from './entry.ts';

/** States of the pool that somebody should know of although the daemon goes on. */
export const POOL_ERRORS = {
  ADDRESS_ORPHANED: {
    retry: 'backoff',
    says: (d) => `EC2 lists ${d['addresses']} on none of this node's ENIs, and pods of this node have them`,
    remedy:
      'assign the address to an ENI of the node again, or delete the pod so that it gets another one; until then it is kept and given to nobody else',
  },
  ADDRESS_QUARANTINED: {
    retry: 'backoff',
    says: (d) => `kept out of use, ${d['count']} of the pool's addresses: ${d['addresses']}`,
    remedy:
      'host-link: take the address off the link of the host (ip address delete; tell amazon-ec2-net-utils or cloud-init to leave secondary addresses alone). not-in-ec2: nothing to do, it goes. kernel: look at "ip rule" for the address',
  },
  ADDRESS_CONFLICT: {
    retry: 'backoff',
    says: (d) => `a link of the host has ${d['addresses']}, which pods have too: their packets end at the host`,
    remedy: 'take the address off the link of the host (ip address delete)',
  },
  ENI_LOST: {
    retry: 'backoff',
    says: (d) => `the link of ${d['enis']} is gone: no pod gets an address of it`,
    remedy:
      'if the ENI was detached by hand nothing is to be done, pods on it must be deleted; if it is attached, look for its link in another namespace ("ip link" with its MAC)',
  },
  POOL_VIOLATION: {
    retry: 'never',
    says: (d) => `the pool contradicts itself: ${d['violations']}`,
    remedy:
      'this is a defect: report it with the output of "vpc-cni support-bundle"; restarting ipamd rebuilds the pool',
  },
  STATE_DAMAGED: {
    retry: 'never',
    says: (d) =>
      `state files of an earlier run were broken or missing: ${d['files']}; pods known from the kernel alone: ${d['pods']}`,
    remedy:
      'nothing is to be done, running pods have kept their addresses; if no disk was full and nobody removed the files, report it with the *.broken files next to them. It is told for an hour after the start',
  },
  METADATA_STALE: {
    retry: 'backoff',
    says: (d) => `the instance metadata tells otherwise than EC2: ${d['differences']}`,
    remedy:
      'nothing is to be done, EC2 is believed; if it lasts for more than an hour, report it to AWS with the id of the instance',
  },
  CARD_EMPTY: {
    retry: 'backoff',
    says: (d) => `network card ${d['card']} has no address for a pod: ${d['reason']} (${d['code']})`,
    remedy:
      'pods with one interface are served by the other cards; see "vpc-cni status" for what this one lacks, and docs/errors.md for the code in parentheses',
  },
  NO_PROGRESS: {
    retry: 'backoff',
    says: (d) => `EC2 answers ${d['action']} with success, and nothing changes`,
    remedy: 'check that the endpoint is really EC2 and whether another program changes the ENIs of this node',
  },
} as const satisfies Record<string, Entry>;

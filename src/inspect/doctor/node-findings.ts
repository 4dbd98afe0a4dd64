import type { FindingEntry } from './entry.ts';

const RESTART =
  'start or restart the daemon, which puts it back: "systemctl restart vpc-cni-ipamd", without systemd "vpc-cni install"';
const FIND_OUT = `${RESTART}; while it runs it repairs this within milliseconds, so find out who removes it`;

/** Findings about the kernel, the runtime and our notes of a node that runs. */
export const NODE_FINDINGS = {
  STATE_DAMAGED: {
    severity: 'warning',
    means: 'a file in which the daemon keeps who has which address cannot be read in full',
    remedy: `${RESTART}; pods keep their network meanwhile`,
  },
  ENI_LINK_MISSING: {
    severity: 'fault',
    means: 'an ENI of the pool has no link: it was detached, taken into another namespace or has no driver',
    remedy: 'look at "ip link" and "dmesg"; detach the ENI in EC2, then the daemon forgets it and makes another one',
  },
  ENI_LINK_DOWN: {
    severity: 'fault',
    means: 'the link of an ENI is down: nothing reaches its pods',
    remedy: FIND_OUT,
  },
  MTU_WRONG: {
    severity: 'warning',
    means:
      'a link has another MTU than AWS_VPC_ENI_MTU, or a host end another one than POD_MTU, asks for: large packets are lost',
    remedy:
      'run "ip link set dev LINK mtu NUMBER" with the link and the number of the evidence; the setting is for new pods',
  },
  HOST_ADDRESS_MISSING: {
    severity: 'fault',
    means: 'a secondary ENI lacks its own address: the router finds nobody behind it',
    remedy: FIND_OUT,
  },
  HOST_ROUTE_MISSING: {
    severity: 'fault',
    means:
      'the table of a secondary ENI lacks a route: packets of its pods leave by the wrong ENI, and the VPC drops them',
    remedy: FIND_OUT,
  },
  HOST_RULE_MISSING: {
    severity: 'fault',
    means: 'a rule of the host is missing: packets leave by the wrong ENI, and the VPC drops them',
    remedy: FIND_OUT,
  },
  POD_LINK_MISSING: {
    severity: 'fault',
    means: 'a pod that our notes know has no host end: it has no network',
    remedy: 'delete the pod; its controller makes another one',
  },
  POD_LINK_DOWN: {
    severity: 'fault',
    means: 'the host end of a pod is down: no packet reaches or leaves it',
    remedy: FIND_OUT,
  },
  POD_RULE_MISSING: {
    severity: 'fault',
    means: 'a rule for the packets of a pod is missing',
    remedy: FIND_OUT,
  },
  POD_ROUTE_MISSING: {
    severity: 'fault',
    means: 'the route to a pod is missing: nobody reaches it',
    remedy: FIND_OUT,
  },
  POD_NOT_NOTED: {
    severity: 'fault',
    means: 'a host end of ours is there whose pod our notes do not know: its address may be given to another pod',
    remedy:
      'where the daemon is dead, start it: its start finds pods by their links. Where it lives, delete the pod; where the runtime knows no such pod, run "ip link delete LINK" with the link of the evidence',
  },
  POD_ADDRESS_ON_HOST: {
    severity: 'fault',
    means: 'a link of the host has an address for pods: the host takes the packets of the pod',
    remedy: 'run "ip address delete ADDRESS dev LINK" with those of the evidence, and find out who configures the ENI',
  },
  PACKET_RULES_CHANGED: {
    severity: 'fault',
    means: 'our packet rules are gone or were altered: connections out of the VPC have no valid source',
    remedy: FIND_OUT,
  },
  SANDBOX_GONE: {
    severity: 'warning',
    means: 'an address is held for a sandbox that the runtime does not know',
    remedy: `delete it in its place: echo '{"cniVersion":"1.0.0","name":"aws-cni","type":"aws-cni"}' | CNI_COMMAND=DEL CNI_CONTAINERID=SANDBOX CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/aws-cni`,
  },
  SANDBOX_NOT_NOTED: {
    severity: 'fault',
    means: 'the runtime runs a pod with an address that our notes do not know: it may be given to another pod',
    remedy: 'delete the pod; its controller makes another one',
  },
  CONNTRACK_FILLING: {
    severity: 'warning',
    means: 'the table of connections is nearly full: when it is, the kernel drops new connections of every pod',
    remedy:
      'run "sysctl -w net.netfilter.nf_conntrack_max=NUMBER" with twice the limit, and keep it in /etc/sysctl.d; kube-proxy sets it too (conntrack-max-per-core)',
  },
  FILTERS_MIXED: {
    severity: 'warning',
    means: 'rules stand in both kinds of iptables: a packet must pass both, and each program shows only its own',
    remedy:
      'have everybody use one kind (update-alternatives --set iptables /usr/sbin/iptables-nft), and reboot or flush the other: "iptables-legacy --flush"',
  },
  MAX_PODS_TOO_MANY: {
    severity: 'warning',
    means: 'the kubelet takes more pods than this node has addresses for: the last ones wait for ever',
    remedy:
      'set KUBELET_MAX_PODS (kubelet, nodeadm or env) and run "vpc-cni install --stage boot", or set maxPods of the kubelet to what "vpc-cni max-pods" prints; prefixes make room for more',
  },
  OTHER_IPAMD: {
    severity: 'fault',
    means: 'another address daemon runs here: two owners give one address to two pods',
    remedy: 'end it: keep the DaemonSet aws-node off this node and end the process of the evidence',
  },
  OTHER_CNI: {
    severity: 'warning',
    means: 'a link of another CNI plugin is here: it may route or filter packets of pods',
    remedy:
      'remove that plugin from the cluster and reboot the node, or run "ip link delete LINK" with the link of the evidence',
  },
  HOTPLUG_UDEV: {
    severity: 'fault',
    means: 'a udev rule configures each ENI that is attached: addresses of pods become addresses of the host',
    remedy:
      'remove its package, or put a link to /dev/null of the same name into /etc/udev/rules.d, then "udevadm control --reload"',
  },
  HOTPLUG_CLOUD_INIT: {
    severity: 'fault',
    means: 'cloud-init configures each ENI that is attached: addresses of pods become addresses of the host',
    remedy: 'remove "hotplug" from the file of the evidence',
  },
  NETWORKD_MANAGES_ENI: {
    severity: 'fault',
    means: 'systemd-networkd configures a secondary ENI: it takes routes and addresses of ours away',
    remedy:
      'remove the .network file of the evidence, or have its [Match] fit the primary link only, then "networkctl reload" and restart the daemon',
  },
  DAEMON_CONDITION: {
    severity: 'warning',
    means: 'the daemon itself says that something is wrong',
    remedy: 'see docs/errors.md for the code in the evidence',
  },
} as const satisfies Readonly<Record<string, FindingEntry>>;

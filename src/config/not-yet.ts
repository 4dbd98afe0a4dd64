import { boolean, choice, integer, text } from './kinds.ts';
import { notYet } from './setting.ts';

const EITHER = ['false', 'true'] as const;
const ANY = text({ allowed: 'a text' });

/**
 * Settings of upstream whose feature this product does not have yet. A node whose settings come from a DaemonSet keeps
 * working as long as none of them asks for such a feature; when one does, starting is refused instead of half-obeyed.
 */
export const NOT_YET = {
  ENABLE_PREFIX_DELEGATION: notYet(boolean, {
    chapter: 'pool',
    default: 'false',
    doc: 'Hands out /28 prefixes instead of single addresses.',
  }),
  WARM_PREFIX_TARGET: notYet(integer({ min: 0, max: 1000 }), {
    chapter: 'pool',
    default: '0',
    only: ['0', '1'],
    doc: 'Free prefixes to keep; counts only with prefix delegation.',
  }),
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: notYet(boolean, {
    chapter: 'pool',
    default: 'false',
    doc: 'Whether the pool grows on a node that takes no pods; taints are not read yet.',
  }),
  DISABLE_NETWORK_RESOURCE_PROVISIONING: notYet(boolean, {
    chapter: 'pool',
    default: 'false',
    doc: 'Never asks EC2 for more or fewer addresses.',
  }),
  ENABLE_IMDS_ONLY_MODE: notYet(boolean, {
    chapter: 'pool',
    default: 'false',
    doc: 'Never calls EC2 at all.',
  }),
  AWS_VPC_K8S_CNI_BACKING_STORE: notYet(text({ allowed: 'a path, or nothing' }), {
    chapter: 'pool',
    default: '',
    doc: 'Other path of the checkpoint; it is /run/vpc-cni/ipam.json.',
  }),
  DISABLE_LEAKED_ENI_CLEANUP: notYet(boolean, {
    chapter: 'eni',
    default: 'false',
    only: EITHER,
    doc: 'Turns the search for leaked ENIs off; there is no such search yet.',
  }),
  MANAGE_UNTAGGED_ENI: notYet(boolean, {
    chapter: 'eni',
    default: 'true',
    doc: 'Whether attached ENIs without our tag are used.',
  }),
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: notYet(boolean, {
    chapter: 'eni',
    default: 'false',
    doc: 'Pods in other subnets and security groups than the node, by ENIConfig.',
  }),
  ENI_CONFIG_ANNOTATION_DEF: notYet(ANY, {
    chapter: 'eni',
    default: 'k8s.amazonaws.com/eniConfig',
    only: ['', 'k8s.amazonaws.com/eniConfig'],
    doc: 'Node annotation that names the ENIConfig.',
  }),
  ENI_CONFIG_LABEL_DEF: notYet(ANY, {
    chapter: 'eni',
    default: 'k8s.amazonaws.com/eniConfig',
    only: ['', 'k8s.amazonaws.com/eniConfig'],
    doc: 'Node label that names the ENIConfig.',
  }),
  ENABLE_SUBNET_DISCOVERY: notYet(boolean, {
    chapter: 'eni',
    default: 'true',
    only: EITHER,
    doc: 'New ENIs may go to other tagged subnets; today they always go to the subnet of the node.',
  }),
  ENABLE_POD_ENI: notYet(boolean, {
    chapter: 'eni',
    default: 'false',
    doc: 'Security groups for pods, by branch interfaces.',
  }),
  POD_SECURITY_GROUP_ENFORCING_MODE: notYet(choice(['strict', 'standard']), {
    chapter: 'eni',
    default: 'strict',
    only: ['strict', 'standard'],
    doc: 'Counts only with security groups for pods.',
  }),
  ENABLE_MULTI_NIC: notYet(boolean, {
    chapter: 'eni',
    default: 'false',
    doc: 'Uses network cards beyond the first.',
  }),
  ENABLE_IPv4: notYet(boolean, {
    chapter: 'host network',
    default: 'true',
    doc: 'Pods have IPv4 addresses.',
  }),
  ENABLE_IPv6: notYet(boolean, {
    chapter: 'host network',
    default: 'false',
    doc: 'Pods have IPv6 addresses.',
  }),
  ENABLE_V4_EGRESS: notYet(boolean, {
    chapter: 'host network',
    default: 'true',
    only: EITHER,
    doc: 'IPv4 egress of IPv6 pods; counts only with IPv6.',
  }),
  ENABLE_V6_EGRESS: notYet(boolean, {
    chapter: 'host network',
    default: 'false',
    doc: 'IPv6 egress of IPv4 pods.',
  }),
  ENABLE_NFTABLES: notYet(boolean, {
    chapter: 'host network',
    default: 'false',
    only: EITHER,
    doc: 'No effect, here as upstream: the packet filter is detected.',
  }),
  AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: notYet(boolean, {
    chapter: 'host network',
    default: 'true',
    only: EITHER,
    doc: 'No effect, here as upstream: rp_filter of the primary interface is always set to 2.',
  }),
  DISABLE_POD_V6: notYet(boolean, {
    chapter: 'pods',
    default: 'false',
    doc: 'Turns IPv6 off inside pods.',
  }),
  ENABLE_BANDWIDTH_PLUGIN: notYet(boolean, {
    chapter: 'pods',
    default: 'false',
    doc: 'Chains the bandwidth plugin.',
  }),
  NETWORK_POLICY_ENFORCING_MODE: notYet(text({ allowed: 'none, standard, strict or nothing' }), {
    chapter: 'pods',
    default: '',
    doc: 'Network policy enforcement.',
  }),
  ANNOTATE_POD_IP: notYet(boolean, {
    chapter: 'cluster',
    default: 'false',
    doc: 'Writes the address of a pod into its annotations.',
  }),
  CLUSTER_ENDPOINT: notYet(ANY, {
    chapter: 'cluster',
    default: '',
    doc: 'Other API server endpoint; the API server is not asked for anything yet.',
  }),
  MY_NODE_NAME: notYet(ANY, {
    chapter: 'cluster',
    default: '',
    doc: 'Name of the node object; not needed while the API server is not asked.',
  }),
  ENABLE_GRPC_COMPAT: notYet(boolean, {
    chapter: 'cluster',
    default: 'false',
    doc: "Serves upstream's gRPC interface beside our own socket.",
  }),
  AWS_VPC_K8S_CNI_LOG_FILE: notYet(ANY, {
    chapter: 'logs and ports',
    default: 'stderr',
    doc: 'Where the daemon logs; the journal takes what it writes to stderr.',
  }),
  AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: notYet(ANY, {
    chapter: 'logs and ports',
    default: '/var/log/aws-routed-eni/egress-v4-plugin.log',
    doc: 'Where the egress plugin logs in an IPv6 cluster.',
  }),
  AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: notYet(ANY, {
    chapter: 'logs and ports',
    default: '/var/log/aws-routed-eni/egress-v6-plugin.log',
    doc: 'Where the egress plugin logs in an IPv4 cluster.',
  }),
  HOST_CNI_BIN_PATH: notYet(ANY, {
    chapter: 'cluster',
    default: '/opt/cni/bin',
    doc: 'Other folder of the CNI executables.',
  }),
  HOST_CNI_CONFDIR_PATH: notYet(ANY, {
    chapter: 'cluster',
    default: '/etc/cni/net.d',
    doc: 'Other folder of the CNI configuration.',
  }),
} as const;

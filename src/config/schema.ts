import { boolean, choice, integer, ipv4Cidrs, loopbackEndpoint, mark, tags, text, url, vethPrefix } from './kinds.ts';
import { NOT_YET } from './not-yet.ts';
import { type Setting, setting } from './setting.ts';

// EC2 forwards frames of up to 9001 bytes; 576 is the least an IPv4 host must take (RFC 791).
const MTU = integer({ min: 576, max: 9001 });
const LOG_LEVEL = choice(['debug', 'info', 'warn', 'error'], { fatal: 'error' });
const COUNT = integer({ min: 0, max: 50_000 });

/** Settings we honour fully, under the names EKS users know. */
const SUPPORTED = {
  WARM_ENI_TARGET: setting(integer({ min: 0, max: 1000 }), {
    chapter: 'pool',
    default: '1',
    doc: 'Whole ENIs of free addresses to keep at hand. Counts only while WARM_IP_TARGET and MINIMUM_IP_TARGET are 0.',
  }),
  WARM_IP_TARGET: setting(COUNT, {
    chapter: 'pool',
    default: '0',
    doc: 'Free addresses to keep at hand, instead of whole ENIs. Small values mean more EC2 calls.',
  }),
  MINIMUM_IP_TARGET: setting(COUNT, {
    chapter: 'pool',
    default: '0',
    doc: 'Addresses the node holds at least, in use or free. Set it to the pods you expect, with a small WARM_IP_TARGET.',
  }),
  MAX_ENI: setting(integer({ min: -1, max: 1000 }), {
    chapter: 'pool',
    default: '-1',
    doc: 'Most ENIs to attach, the primary one included; -1 and 0 mean the limit of the instance type.',
  }),
  MAX_PODS: setting(integer({ min: 0, max: 10_000 }), {
    chapter: 'pool',
    default: '0',
    doc: 'Most pods with an address of their own on this node; 0 derives it from the instance type.',
  }),
  KUBELET_MAX_PODS: setting(choice(['off', 'kubelet', 'nodeadm', 'env']), {
    chapter: 'pool',
    default: 'off',
    doc: 'Who is told at boot how many pods fit on this node: nobody, the kubelet by a drop-in of its configuration, nodeadm, or a file of environment variables for other kubelets.',
  }),
  IP_COOLDOWN_PERIOD: setting(integer({ min: 0, max: 86_400 }), {
    chapter: 'pool',
    default: '30',
    doc: 'Seconds a freed address rests before another pod may get it, so that late packets find nobody.',
  }),
  CLUSTER_NAME: setting(
    text({ allowed: 'a cluster name, or nothing', pattern: /^([0-9A-Za-z][0-9A-Za-z._@/-]{0,127})?$/ }),
    {
      chapter: 'eni',
      default: '',
      doc: 'Name of the cluster; ENIs are tagged with it so that they can be found.',
    },
  ),
  ADDITIONAL_ENI_TAGS: setting(tags, {
    chapter: 'eni',
    default: '{}',
    doc: 'Tags added to every ENI we create.',
  }),
  AWS_VPC_ENI_MTU: setting(MTU, {
    chapter: 'host network',
    default: '9001',
    doc: 'MTU of the ENIs.',
  }),
  AWS_VPC_K8S_CNI_EXTERNALSNAT: setting(boolean, {
    chapter: 'host network',
    default: 'false',
    doc: 'true when a NAT gateway or another device translates pod addresses; the node then does not.',
  }),
  AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: setting(ipv4Cidrs, {
    chapter: 'host network',
    default: '',
    doc: 'Destinations outside the VPC that pods reach with their own address.',
  }),
  AWS_VPC_K8S_CNI_RANDOMIZESNAT: setting(choice(['prng', 'hashrandom', 'none']), {
    chapter: 'host network',
    default: 'prng',
    doc: 'How source ports are chosen for translated packets: fully random, hashed, or by the kernel in sequence.',
  }),
  AWS_VPC_CNI_NODE_PORT_SUPPORT: setting(boolean, {
    chapter: 'host network',
    default: 'true',
    doc: 'Keeps answers of NodePort services on the primary interface.',
  }),
  AWS_EXTERNAL_SERVICE_CIDRS: setting(ipv4Cidrs, {
    chapter: 'host network',
    default: '',
    doc: 'Destinations routed by the main table before any rule of a pod, for service ranges outside the cluster.',
  }),
  AWS_VPC_K8S_CNI_CONNMARK: setting(mark, {
    chapter: 'host network',
    default: '0x80',
    doc: 'Packet mark bit of connections that came in by the primary interface.',
  }),
  DISABLE_TCP_EARLY_DEMUX: setting(boolean, {
    chapter: 'host network',
    default: 'false',
    doc: 'Sets the sysctl net.ipv4.tcp_early_demux to 0, which probes of pods behind branch interfaces need.',
  }),
  POD_MTU: setting(MTU, {
    chapter: 'pods',
    default: '9001',
    unsetAs: 'AWS_VPC_ENI_MTU',
    doc: 'MTU inside pods.',
  }),
  AWS_VPC_K8S_CNI_VETHPREFIX: setting(vethPrefix, {
    chapter: 'pods',
    default: 'eni',
    doc: 'First letters of the names of the host ends of pod links.',
  }),
  AWS_EC2_ENDPOINT: setting(url, {
    chapter: 'endpoints',
    default: '',
    doc: 'Other EC2 endpoint; older name of AWS_ENDPOINT_URL_EC2.',
  }),
  AWS_ENDPOINT_URL_EC2: setting(url, {
    chapter: 'endpoints',
    default: '',
    unsetAs: 'AWS_EC2_ENDPOINT',
    doc: 'Other EC2 endpoint, such as a VPC endpoint or the simulator. Nothing means the endpoint of the region.',
  }),
  AWS_EC2_METADATA_SERVICE_ENDPOINT: setting(url, {
    chapter: 'endpoints',
    default: 'http://169.254.169.254',
    doc: 'Endpoint of the instance metadata service.',
  }),
  HTTP_TIMEOUT: setting(integer({ min: 1, max: 300 }), {
    chapter: 'endpoints',
    default: '10',
    doc: 'Seconds one request to EC2 may take.',
  }),
  AWS_VPC_K8S_CNI_LOGLEVEL: setting(LOG_LEVEL, {
    chapter: 'logs and ports',
    default: 'info',
    doc: 'Least severity the daemon logs (to the journal).',
  }),
  AWS_VPC_K8S_PLUGIN_LOG_FILE: setting(
    text({
      allowed: 'an absolute path, stderr or nothing; stdout belongs to the CNI protocol',
      pattern: /^(|stderr|\/.+)$/,
    }),
    {
      chapter: 'logs and ports',
      default: '/var/log/aws-routed-eni/plugin.log',
      doc: 'Where the plugin logs.',
    },
  ),
  AWS_VPC_K8S_PLUGIN_LOG_LEVEL: setting(LOG_LEVEL, {
    chapter: 'logs and ports',
    default: 'info',
    doc: 'Least severity the plugin logs.',
  }),
  DISABLE_METRICS: setting(boolean, {
    chapter: 'logs and ports',
    default: 'false',
    doc: 'Closes the metrics port, 127.0.0.1:61678.',
  }),
  DISABLE_INTROSPECTION: setting(boolean, {
    chapter: 'logs and ports',
    default: 'false',
    doc: 'Closes the introspection port.',
  }),
  INTROSPECTION_BIND_ADDRESS: setting(loopbackEndpoint, {
    chapter: 'logs and ports',
    default: '127.0.0.1:61679',
    doc: 'Where introspection listens.',
  }),
} as const;

/** Every setting by its name: the one source of types, defaults, documentation and names. */
export const SCHEMA = { ...SUPPORTED, ...NOT_YET } as const satisfies Readonly<Record<string, Setting<unknown>>>;

/** The name of a setting, as written in files and in the environment. */
export type SettingKey = keyof typeof SCHEMA;

/** The value of every setting. */
export type Settings = {
  readonly [K in SettingKey]: (typeof SCHEMA)[K] extends Setting<infer V> ? V : never;
};

/** Names of all settings in the order of the documentation. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SCHEMA).filter(isSettingKey);

/** Reports whether `text` names a setting. */
export function isSettingKey(text: string): text is SettingKey {
  return Object.hasOwn(SCHEMA, text);
}

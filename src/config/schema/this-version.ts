const JOURNAL = 'it logs to the journal: journalctl -u vpc-cni-ipamd';
const NO_API_SERVER = 'the API server is not asked for anything yet';

/**
 * What this version does of upstream's settings: the only values that ask for nothing it lacks. A node whose settings come
 * from a DaemonSet works as long as it keeps to them; any other value is refused instead of half-obeyed. `description` is
 * the way out.
 */
export const THIS_VERSION = {
  AWS_VPC_K8S_CNI_BACKING_STORE: {
    enum: ['', '/run/vpc-cni/ipam.json'],
    description: 'the checkpoint of a running aws-node is taken over by "vpc-cni adopt"',
  },
  ANNOTATE_POD_IP: { enum: [false], description: NO_API_SERVER },
  AWS_VPC_K8S_CNI_LOG_FILE: {
    enum: ['', 'stderr', 'stdout', '/var/log/aws-routed-eni/ipamd.log', '/host/var/log/aws-routed-eni/ipamd.log'],
    description: JOURNAL,
  },
  HOST_CNI_BIN_PATH: { enum: ['/opt/cni/bin', ''], description: 'let the runtime look there (bin_dir of containerd)' },
  HOST_CNI_CONFDIR_PATH: {
    enum: ['/etc/cni/net.d', ''],
    description: 'let the runtime look there (conf_dir of containerd)',
  },
} as const;

/**
 * Values that are taken and change nothing here, with the reason. Whoever writes one is told: `config check` and the daemon
 * note it.
 */
export const NO_EFFECT = {
  ENI_CONFIG_ANNOTATION_DEF: {
    const: 'k8s.amazonaws.com/eniConfig',
    description: `has no effect: ${NO_API_SERVER}; labels do, those of NODE_LABELS`,
  },
  ENABLE_NFTABLES: { not: {}, description: 'has no effect: the packet filter is detected' },
  AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: { not: {}, description: 'has no effect: rp_filter is always set to 2' },
  AWS_VPC_K8S_CNI_LOG_FILE: {
    type: 'string',
    not: { pattern: '^/|^stdout$' },
    description: `has no effect: ${JOURNAL}`,
  },
  CLUSTER_ENDPOINT: { type: 'string', maxLength: 0, description: `has no effect: ${NO_API_SERVER}` },
  KUBECONFIG: { type: 'string', maxLength: 0, description: `has no effect: ${NO_API_SERVER}` },
  KUBERNETES_SERVICE_HOST: { type: 'string', maxLength: 0, description: `has no effect: ${NO_API_SERVER}` },
  KUBERNETES_SERVICE_PORT: { type: 'string', maxLength: 0, description: `has no effect: ${NO_API_SERVER}` },
  MY_NODE_NAME: { type: 'string', maxLength: 0, description: `has no effect: ${NO_API_SERVER}` },
  MY_POD_NAME: { type: 'string', maxLength: 0, description: 'has no effect: there is no pod of the CNI' },
  VPC_CNI_VERSION: {
    type: 'string',
    maxLength: 0,
    description: 'has no effect unless ENABLE_GRPC_COMPAT is true: the version is that of the executable',
  },
} as const;

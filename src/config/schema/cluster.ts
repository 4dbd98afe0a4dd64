/** Settings of the cluster and of host paths. */
export const CLUSTER = {
  ANNOTATE_POD_IP: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Writes the address of a pod into its annotations.',
  },
  CLUSTER_ENDPOINT: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Other API server endpoint.',
  },
  KUBECONFIG: {
    $ref: '#/definitions/text',
    default: '',
    description: 'How to reach the API server.',
  },
  KUBERNETES_SERVICE_HOST: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Address of the API server, as pods know it.',
  },
  KUBERNETES_SERVICE_PORT: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Port of the API server, as pods know it.',
  },
  MY_NODE_NAME: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Name of the node object.',
  },
  MY_POD_NAME: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Name of the aws-node pod; there is no such pod here.',
  },
  VPC_CNI_VERSION: {
    $ref: '#/definitions/text',
    default: '',
    description:
      'Version of the image of aws-node. With ENABLE_GRPC_COMPAT: a client that tells another version is refused; nothing takes any.',
  },
  ENABLE_GRPC_COMPAT: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      "Serves upstream's gRPC interface on /var/run/aws-node/ipamd.sock beside our own socket, for its plugin and its network-policy agent.",
  },
  HOST_CNI_BIN_PATH: {
    $ref: '#/definitions/hostPath',
    default: '/opt/cni/bin',
    description: 'Folder of the CNI executables. A leading /host, as containers see the host, is left out.',
  },
  HOST_CNI_CONFDIR_PATH: {
    $ref: '#/definitions/hostPath',
    default: '/etc/cni/net.d',
    description: 'Folder of the CNI configuration. A leading /host, as containers see the host, is left out.',
  },
} as const;

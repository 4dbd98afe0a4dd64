/** Settings of ENIs: where they are made, how they are tagged, which are ours. */
export const ENIS = {
  CLUSTER_NAME: {
    $ref: '#/definitions/clusterName',
    default: '',
    description: 'Name of the cluster; ENIs are tagged with it so that they can be found.',
  },
  ADDITIONAL_ENI_TAGS: {
    $ref: '#/definitions/tags',
    default: {},
    description: 'Tags of every ENI of pods; those that are there already get them, too.',
  },
  DISABLE_LEAKED_ENI_CLEANUP: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Turns the search for ENIs off that nodes of the cluster have left behind.',
  },
  MANAGE_UNTAGGED_ENI: {
    $ref: '#/definitions/boolean',
    default: true,
    description: 'Whether attached ENIs without our tag are used.',
  },
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Pods in other subnets and security groups than the node, by ENIConfig.',
  },
  ENI_CONFIG_FILE: {
    $ref: '#/definitions/path',
    default: '/etc/vpc-cni/eniconfigs.json',
    description:
      'File of the ENIConfigs: {"NAME": {"subnet": …, "securityGroups": […]}}, or what kubectl get eniconfigs -o json prints. Counts only with AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG.',
  },
  NODE_LABELS: {
    $ref: '#/definitions/labels',
    default: '',
    description:
      'Labels of this node that name its ENIConfig. Its zone, region and instance type are known without. Counts only with AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG.',
  },
  ENI_CONFIG_ANNOTATION_DEF: {
    $ref: '#/definitions/text',
    default: 'k8s.amazonaws.com/eniConfig',
    description: 'Node annotation that names the ENIConfig. Counts only with AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG.',
  },
  ENI_CONFIG_LABEL_DEF: {
    $ref: '#/definitions/text',
    default: 'k8s.amazonaws.com/eniConfig',
    description: 'Node label that names the ENIConfig. Counts only with AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG.',
  },
  ENABLE_SUBNET_DISCOVERY: {
    $ref: '#/definitions/boolean',
    default: true,
    description: 'New ENIs may go to other tagged subnets of the zone.',
  },
  ENABLE_POD_ENI: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Security groups for pods, by branch interfaces.',
  },
  POD_ENI_FILE: {
    $ref: '#/definitions/path',
    default: '/etc/vpc-cni/pod-enis.json',
    description:
      'File of the pods with branch interfaces: {"NAMESPACE/NAME": what the annotation vpc.amazonaws.com/pod-eni has}, or what kubectl get pods -o json prints. Counts only with ENABLE_POD_ENI.',
  },
  POD_SECURITY_GROUP_ENFORCING_MODE: {
    type: 'string',
    enum: ['strict', 'standard'],
    default: 'strict',
    description:
      'Whether traffic of pods with groups of their own leaves by their branch interface only. Counts only with ENABLE_POD_ENI.',
  },
  ENABLE_MULTI_NIC: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      'Uses all network cards of the instance: a pod with the annotation k8s.amazonaws.com/nicConfig: multi-nic-attachment gets an interface on each, other pods an address of the first that has one.',
  },
} as const;

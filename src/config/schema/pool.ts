/** Settings of the pool of addresses. */
export const POOL = {
  WARM_ENI_TARGET: {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    default: 1,
    description:
      'Whole ENIs of free addresses to keep at hand. Counts only while WARM_IP_TARGET and MINIMUM_IP_TARGET are 0.',
  },
  WARM_IP_TARGET: {
    $ref: '#/definitions/count',
    default: 0,
    description: 'Free addresses to keep at hand, instead of whole ENIs. Small values mean more EC2 calls.',
  },
  MINIMUM_IP_TARGET: {
    $ref: '#/definitions/count',
    default: 0,
    description:
      'Addresses the node holds at least, in use or free. Set it to the pods you expect, with a small WARM_IP_TARGET.',
  },
  MAX_ENI: {
    type: 'integer',
    minimum: -1,
    maximum: 1000,
    default: -1,
    description: 'Most ENIs to attach, the primary one included; -1 and 0 mean the limit of the instance type.',
  },
  MAX_PODS: {
    type: 'integer',
    minimum: 0,
    maximum: 10_000,
    default: 0,
    description: 'Most pods with an address of their own on this node; 0 derives it from the instance type.',
  },
  KUBELET_MAX_PODS: {
    type: 'string',
    enum: ['off', 'kubelet', 'nodeadm', 'env'],
    default: 'off',
    description:
      'Who is told at boot how many pods fit on this node: nobody, the kubelet by a drop-in of its configuration, nodeadm, or a file of environment variables for other kubelets.',
  },
  IP_COOLDOWN_PERIOD: {
    type: 'integer',
    minimum: 0,
    maximum: 86_400,
    default: 30,
    description: 'Seconds a freed address rests before another pod may get it, so that late packets find nobody.',
  },
  ENABLE_PREFIX_DELEGATION: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Hands out /28 prefixes instead of single addresses.',
  },
  WARM_PREFIX_TARGET: {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    default: 0,
    description: 'Free prefixes to keep. Counts only with prefix delegation.',
  },
  ENABLE_PREFIX_FALLBACK: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      'Single addresses while the subnet has no free /28. Counts only with prefix delegation; they are given back once prefixes can be had.',
  },
  ADD_WAIT_SECONDS: {
    type: 'integer',
    minimum: 0,
    maximum: 60,
    default: 10,
    description: 'Seconds a new pod waits for an address that EC2 was asked for, before the runtime is told why.',
  },
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      'Whether the pool also grows on a node that takes no pods, which the file /run/vpc-cni/unschedulable says.',
  },
  DISABLE_NETWORK_RESOURCE_PROVISIONING: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Never changes anything in EC2: the addresses and prefixes that are on the ENIs are all there are.',
  },
  ENABLE_IMDS_ONLY_MODE: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'The same, and never calls EC2 at all: what the instance metadata lists is all there is.',
  },
  AWS_VPC_K8S_CNI_BACKING_STORE: {
    $ref: '#/definitions/path',
    default: '',
    description: 'Path of the checkpoint; nothing means /run/vpc-cni/ipam.json.',
  },
} as const;

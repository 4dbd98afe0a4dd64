/** Settings of a pod's own network. */
export const PODS = {
  POD_MTU: {
    $ref: '#/definitions/mtu',
    default: 9001,
    description: 'MTU inside pods.',
  },
  AWS_VPC_K8S_CNI_VETHPREFIX: {
    $ref: '#/definitions/vethPrefix',
    default: 'eni',
    description: 'First letters of the names of the host ends of pod links.',
  },
  DISABLE_POD_V6: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Turns IPv6 off inside pods, by the tuning plugin at the end of the chain.',
  },
  ENABLE_BANDWIDTH_PLUGIN: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      'Chains the bandwidth plugin, which obeys the annotations kubernetes.io/ingress-bandwidth and egress-bandwidth.',
  },
  NETWORK_POLICY_ENFORCING_MODE: {
    type: 'string',
    enum: ['', 'none', 'standard', 'strict'],
    default: '',
    title: 'none, standard, strict or nothing',
    description: "Network policy enforcement, which upstream's plugin and agent ask for over ENABLE_GRPC_COMPAT.",
  },
} as const;

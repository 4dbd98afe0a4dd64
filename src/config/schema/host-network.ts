/** Settings of routes, rules and sysctls of the host. */
export const HOST_NETWORK = {
  AWS_VPC_ENI_MTU: {
    $ref: '#/definitions/mtu',
    default: 9001,
    description: 'MTU of the ENIs.',
  },
  AWS_VPC_K8S_CNI_EXTERNALSNAT: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'A NAT gateway or another device translates pod addresses; the node then does not.',
  },
  AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: {
    $ref: '#/definitions/ipv4Cidrs',
    default: [],
    description: 'Destinations outside the VPC that pods reach with their own address.',
  },
  AWS_VPC_K8S_CNI_RANDOMIZESNAT: {
    type: 'string',
    enum: ['prng', 'hashrandom', 'none'],
    default: 'prng',
    description:
      'How source ports are chosen for translated packets: fully random, hashed, or by the kernel in sequence.',
  },
  AWS_VPC_CNI_NODE_PORT_SUPPORT: {
    $ref: '#/definitions/boolean',
    default: true,
    description: 'Keeps answers of NodePort services on the primary interface.',
  },
  AWS_EXTERNAL_SERVICE_CIDRS: {
    $ref: '#/definitions/ipv4Cidrs',
    default: [],
    description:
      'Destinations routed by the main table before any rule of a pod, for service ranges outside the cluster.',
  },
  AWS_VPC_K8S_CNI_CONNMARK: {
    $ref: '#/definitions/mark',
    default: 0x80,
    description: 'Packet mark bit of connections that came in by the primary interface.',
  },
  DISABLE_TCP_EARLY_DEMUX: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Sets the sysctl net.ipv4.tcp_early_demux to 0, which probes of pods behind branch interfaces need.',
  },
  ENABLE_IPv4: {
    $ref: '#/definitions/boolean',
    default: true,
    description: 'Pods have IPv4 addresses.',
  },
  ENABLE_IPv6: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Pods have IPv6 addresses.',
  },
  ENABLE_V4_EGRESS: {
    $ref: '#/definitions/boolean',
    default: true,
    description: 'IPv4 egress of IPv6 pods. Counts only with ENABLE_IPv6.',
  },
  ENABLE_V6_EGRESS: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'IPv6 egress of IPv4 pods, on nodes with an IPv6 address. Counts only without ENABLE_IPv6.',
  },
  ENABLE_NFTABLES: {
    $ref: '#/definitions/boolean',
    default: false,
    deprecated: true,
    description: 'No effect, here as upstream: the packet filter is detected.',
  },
  AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: {
    $ref: '#/definitions/boolean',
    default: true,
    deprecated: true,
    description: 'No effect, here as upstream: rp_filter of the primary interface is always set to 2.',
  },
} as const;

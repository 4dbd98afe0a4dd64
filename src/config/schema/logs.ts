/** Settings of logs and of local ports. */
export const LOGS = {
  AWS_VPC_K8S_CNI_LOGLEVEL: {
    $ref: '#/definitions/logLevel',
    default: 'info',
    description: 'Least severity the daemon logs (to the journal).',
  },
  AWS_VPC_K8S_CNI_LOG_FILE: {
    type: 'string',
    pattern: '^(?:|stdout|stderr|/.+)$',
    title: 'an absolute path, stdout, stderr or nothing',
    default: 'stderr',
    description: 'Where the daemon logs: the journal takes what it writes.',
  },
  AWS_VPC_K8S_PLUGIN_LOG_FILE: {
    $ref: '#/definitions/logFile',
    default: '/var/log/aws-routed-eni/plugin.log',
    description: 'Where the plugin logs.',
  },
  AWS_VPC_K8S_PLUGIN_LOG_LEVEL: {
    $ref: '#/definitions/logLevel',
    default: 'info',
    description: 'Least severity the plugin logs.',
  },
  AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: {
    $ref: '#/definitions/logFile',
    default: '/var/log/aws-routed-eni/egress-v4-plugin.log',
    description: 'Where the egress plugin logs in an IPv6 cluster. Counts only with ENABLE_IPv6.',
  },
  AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: {
    $ref: '#/definitions/logFile',
    default: '/var/log/aws-routed-eni/egress-v6-plugin.log',
    description: 'Where the egress plugin logs in an IPv4 cluster. Counts only with ENABLE_V6_EGRESS.',
  },
  DISABLE_METRICS: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Closes the metrics port, 127.0.0.1:61678.',
  },
  DISABLE_INTROSPECTION: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Closes the introspection port.',
  },
  DISABLE_DASHBOARD: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Leaves the dashboard page off the introspection port.',
  },
  INTROSPECTION_BIND_ADDRESS: {
    $ref: '#/definitions/loopbackEndpoint',
    default: '127.0.0.1:61679',
    description: 'Where introspection listens.',
  },
} as const;

const yes = { const: true } as const;

/** What a published conflist must look like, as JSON schema: our own plugin in full, chained ones by their kind. */
export const CONFLIST_SCHEMA = {
  type: 'object',
  required: ['cniVersion', 'cniVersions', 'name', 'plugins'],
  additionalProperties: false,
  properties: {
    cniVersion: { enum: ['0.4.0', '1.0.0', '1.1.0'] },
    cniVersions: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ['0.4.0', '1.0.0', '1.1.0'] } },
    name: { const: 'aws-cni' },
    plugins: {
      type: 'array',
      minItems: 2,
      items: {
        type: 'object',
        required: ['type'],
        discriminator: { propertyName: 'type' },
        oneOf: [
          {
            required: ['name', 'vethPrefix', 'mtu', 'podSGEnforcingMode', 'pluginLogFile', 'pluginLogLevel'],
            additionalProperties: false,
            properties: {
              type: { const: 'aws-cni' },
              name: { const: 'aws-cni' },
              vethPrefix: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9]{0,3}$' },
              mtu: { type: 'string', pattern: '^[1-9][0-9]{2,3}$' },
              podSGEnforcingMode: { enum: ['strict', 'standard'] },
              pluginLogFile: { type: 'string', pattern: '^(|stderr|/.+)$' },
              pluginLogLevel: { enum: ['debug', 'info', 'warn', 'error'] },
              capabilities: {
                type: 'object',
                additionalProperties: false,
                properties: { 'io.kubernetes.cri.pod-annotations': yes },
              },
            },
          },
          {
            required: ['name', 'mtu', 'enabled', 'randomizeSNAT', 'nodeIP', 'ipam', 'pluginLogFile', 'pluginLogLevel'],
            additionalProperties: false,
            properties: {
              type: { const: 'egress-cni' },
              name: { const: 'egress-cni' },
              mtu: { type: 'string', pattern: '^[1-9][0-9]{2,3}$' },
              enabled: { enum: ['true', 'false'] },
              randomizeSNAT: { enum: ['prng', 'hashrandom', 'none'] },
              nodeIP: { type: 'string', pattern: '^[0-9a-f.:]*$' },
              ipam: { type: 'object' },
              pluginLogFile: { type: 'string', pattern: '^(|stderr|/.+)$' },
              pluginLogLevel: { enum: ['debug', 'info', 'warn', 'error'] },
            },
          },
          {
            required: ['capabilities'],
            additionalProperties: false,
            properties: {
              type: { const: 'portmap' },
              snat: { type: 'boolean' },
              capabilities: {
                type: 'object',
                required: ['portMappings'],
                additionalProperties: false,
                properties: { portMappings: yes },
              },
            },
          },
          {
            required: ['capabilities'],
            additionalProperties: false,
            properties: {
              type: { const: 'bandwidth' },
              capabilities: {
                type: 'object',
                required: ['bandwidth'],
                additionalProperties: false,
                properties: { bandwidth: yes },
              },
            },
          },
          {
            required: ['sysctl'],
            additionalProperties: false,
            properties: {
              type: { const: 'tuning' },
              sysctl: { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } },
            },
          },
        ],
      },
    },
  },
} as const;

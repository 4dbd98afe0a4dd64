const on = { const: true } as const;
const off = { const: false } as const;
const given = { type: 'string', minLength: 1 } as const;
const absent = { type: 'string', maxLength: 0 } as const;
const positive = { type: 'integer', minimum: 1 } as const;
const ipv6Mtu = { type: 'integer', minimum: 1280 } as const;

/** Settings that have these values when they are there. */
const these = <const P extends object>(properties: P) => ({ type: 'object', properties }) as const;

/** Settings that are there and have these values. */
const present = <const P extends object>(properties: P) =>
  ({ type: 'object', properties, required: Object.keys(properties) }) as const;

/** Rules between settings, held by the values in force after merging. `description` is what is wrong when one is broken. */
export const RULES = [
  {
    description: 'exactly one of ENABLE_IPv4 and ENABLE_IPv6 must be true',
    not: { anyOf: [present({ ENABLE_IPv4: on, ENABLE_IPv6: on }), present({ ENABLE_IPv4: off, ENABLE_IPv6: off })] },
  },
  {
    description: 'IPv6 pods need ENABLE_PREFIX_DELEGATION=true',
    if: present({ ENABLE_IPv6: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ ENABLE_PREFIX_DELEGATION: on }),
  },
  {
    description: 'custom networking is for IPv4 only',
    if: present({ ENABLE_IPv6: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: off }),
  },
  {
    description: 'IPv6 egress needs an MTU of at least 1280 (RFC 8200)',
    if: present({ ENABLE_V6_EGRESS: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ AWS_VPC_ENI_MTU: ipv6Mtu, POD_MTU: ipv6Mtu }),
  },
  {
    description: 'DISABLE_POD_V6 takes away the IPv6 that ENABLE_V6_EGRESS gives pods',
    if: present({ ENABLE_V6_EGRESS: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ DISABLE_POD_V6: off }),
  },
  {
    description: 'DISABLE_POD_V6 takes away the only addresses pods of IPv6 have',
    if: present({ ENABLE_IPv6: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ DISABLE_POD_V6: off }),
  },
  {
    description: 'IPv6 needs an MTU of at least 1280 (RFC 8200)',
    if: present({ ENABLE_IPv6: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ AWS_VPC_ENI_MTU: ipv6Mtu, POD_MTU: ipv6Mtu }),
  },
  {
    description:
      'prefix delegation needs one of WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET to be at least 1',
    if: present({ ENABLE_PREFIX_DELEGATION: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      anyOf: [
        these({ WARM_PREFIX_TARGET: positive }),
        these({ WARM_IP_TARGET: positive }),
        these({ MINIMUM_IP_TARGET: positive }),
      ],
    },
  },
  {
    description: 'the bandwidth plugin and network policies do not work together',
    if: present({ ENABLE_BANDWIDTH_PLUGIN: on }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ NETWORK_POLICY_ENFORCING_MODE: { enum: ['', 'none'] } }),
  },
  {
    description:
      "network policies are enforced by upstream's plugin and agent alone, which need ENABLE_GRPC_COMPAT=true; a policy engine that does not depend on the CNI plugin may run beside without",
    if: these({ ENABLE_GRPC_COMPAT: off }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ NETWORK_POLICY_ENFORCING_MODE: { enum: ['', 'none'] } }),
  },
  {
    description: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together',
    not: {
      anyOf: [
        present({ AWS_ACCESS_KEY_ID: absent, AWS_SECRET_ACCESS_KEY: given }),
        present({ AWS_ACCESS_KEY_ID: given, AWS_SECRET_ACCESS_KEY: absent }),
      ],
    },
  },
  {
    description: 'AWS_SESSION_TOKEN needs the AWS_ACCESS_KEY_ID it was issued with',
    if: present({ AWS_SESSION_TOKEN: given }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: these({ AWS_ACCESS_KEY_ID: given }),
  },
  {
    description: 'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE belong together',
    not: {
      anyOf: [
        present({ AWS_ROLE_ARN: absent, AWS_WEB_IDENTITY_TOKEN_FILE: given }),
        present({ AWS_ROLE_ARN: given, AWS_WEB_IDENTITY_TOKEN_FILE: absent }),
      ],
    },
  },
] as const;

/** Stock plugins without which a chain of ours cannot run; the container runtime itself needs `loopback`. */
export const REQUIRED_PLUGINS = ['loopback', 'portmap', 'bandwidth', 'host-local', 'tuning'] as const;

/** Stock plugins taken along when the source has them. */
export const OPTIONAL_PLUGINS = ['firewall'] as const;

/** Names under which runtimes call this product's executable. */
export const OWN_PLUGINS = ['aws-cni', 'egress-cni'] as const;

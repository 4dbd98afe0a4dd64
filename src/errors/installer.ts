import type { Entry } from './entry.ts';

/** Failures of putting the product on a host, beyond those of its files and kernel. */
export const INSTALLER_ERRORS = {
  RECORD_UNREADABLE: {
    retry: 'never',
    says: (d) => `${d['path']} is damaged: what this host must get back at uninstall cannot be read from it`,
    remedy:
      'put the file back from a backup; if there is none, move it away: uninstall then removes our files, and leaves sysctls and replaced files as they are',
  },
  INTERRUPTED: {
    retry: 'never',
    says: (d) => `${d['signal']} ended this run`,
    remedy: 'what was done stays; run the command again, which goes on from there, or "vpc-cni uninstall"',
  },
  NOT_LINUX: {
    retry: 'never',
    says: (d) => `this is ${d['platform']}: nodes are Linux hosts`,
    remedy: 'run it on the Linux host that is to be a node, or in the chroot of its image',
  },
  LINK_AMBIGUOUS: {
    retry: 'never',
    says: (d) => `the links ${d['links']} all have the MAC ${d['mac']} of the primary network interface`,
    remedy: 'look at them with "ip -details link" and take away the ones that are not the network interface of EC2',
  },
  WRONG_REGION: {
    retry: 'never',
    says: (d) => `${d['name']} says region ${d['said']}, but this instance is in ${d['region']}`,
    remedy: 'take the setting away, or name the region of the instance: its network interfaces are there alone',
  },
  CONFLIST_RIVAL: {
    retry: 'never',
    says: (d) => `container runtimes would use ${d['path']} (${d['network']}) instead of ours: its name sorts first`,
    remedy:
      'remove the other network configuration together with the program that writes it, or install with --force to go on beside it',
  },
  KUBELET_RUNNING: {
    retry: 'never',
    says: (d) => `${d['name']} (pid ${d['pid']}) runs already: its pods were given their network by something else`,
    remedy:
      'stop the kubelet and install before it starts, take a node of aws-node over with "vpc-cni adopt", or use --force when it has no pods',
  },
  MODULE_MISSING: {
    retry: 'never',
    says: (d) => `the kernel module ${d['module']} is not there and cannot be loaded: ${d['why']}`,
    remedy: 'install the module package of the running kernel, or boot a kernel that has it',
  },
  ARCHIVE_UNREADABLE: {
    retry: 'never',
    says: (d) => `${d['path']} cannot be unpacked: ${d['reason']}`,
    remedy: 'fetch it again: it is to be a tar archive, as releases of the containernetworking plugins are',
  },
  CHECKSUM_MISMATCH: {
    retry: 'never',
    says: (d) => `${d['path']} has ${d['found']}, but ${d['source']} says ${d['wanted']}`,
    remedy: 'fetch the file again: it is damaged, or not the one that the checksum was made for',
  },
  CHECKSUM_UNREADABLE: {
    retry: 'never',
    says: (d) => `${d['source']} holds no checksum: ${d['found']}`,
    remedy: 'give sha256: and 64 hex digits, or sha512: and 128; a file beside the archive begins with the digits',
  },
} as const satisfies Record<string, Entry>;

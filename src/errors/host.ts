import type { Entry } from './entry.ts';

/** Failures of this host: files, programs, kernel objects, the installer and the unit. */
export const HOST_ERRORS = {
  INTERNAL: {
    retry: 'backoff',
    says: (d) => `unexpected failure: ${d['reason']}`,
    remedy: 'this is a defect: report it with the output of the command and the journal of vpc-cni-ipamd',
  },
  NOT_ROOT: {
    retry: 'never',
    says: (d) => `${d['what']} needs root and runs as uid ${d['uid']}`,
    remedy: 'run it as root (sudo)',
  },
  EXEC_FAILED: {
    retry: 'backoff',
    says: (d) => `${d['argv']} ${d['outcome']}${d['stderr'] ? `: ${d['stderr']}` : ''}`,
    remedy: 'check that the program is installed and read its message above',
  },
  PROGRAM_MISSING: {
    retry: 'never',
    says: (d) => `the program ${d['program']} is not installed`,
    remedy: 'install it with the package manager of the distribution (docs/operator-guide.md lists the packages)',
  },
  FILE_FAILED: {
    retry: 'never',
    says: (d) => `could not ${d['action']} ${d['path']}: ${d['reason']}`,
    remedy: 'check the path, its permissions and whether its file system is full or mounted read-only',
  },
  FILE_NOT_REGULAR: {
    retry: 'never',
    says: (d) => `${d['path']} is ${d['found']}, not a regular file, and will not be replaced`,
    remedy: 'move it away, then run the command again',
  },
  LOCK_HELD: {
    retry: 'backoff',
    says: (d) => `${d['path']} is locked by another run${d['pid'] ? ` (pid ${d['pid']})` : ''}`,
    remedy: 'wait for the other run to end, then try again',
  },
  SOCKET_TAKEN: {
    retry: 'backoff',
    says: (d) => `somebody else serves ${d['path']}`,
    remedy: 'stop it: two address daemons on one node give one address to two pods; "vpc-cni doctor" names it',
  },
  NETLINK: {
    retry: 'backoff',
    says: (d) => `the kernel refused to ${d['action']}: ${d['errno']}${d['extack'] ? ` (${d['extack']})` : ''}`,
    remedy: 'look at the object named in the message with "ip link", "ip route" or "ip rule"',
  },
  NETWORK_CONTESTED: {
    retry: 'backoff',
    says: (d) => `something on this host changes our part of its network as fast as we repair it: ${d['changes']}`,
    remedy:
      'find it with "ip monitor" and "nft monitor", and keep it off what carries "proto 90" and off the table vpc-cni: another CNI plugin, a firewall manager, or systemd-networkd without our drop-in. Until then a repair may take a second',
  },
  NETNS_MISSING: {
    retry: 'never',
    says: (d) => `no network namespace at ${d['path']}: ${d['reason']}`,
    remedy: 'the sandbox is gone or its path is wrong; the runtime must make a new sandbox',
  },
  LINK_MISSING: {
    retry: 'backoff',
    says: (d) => `no link with MAC ${d['mac']}; the host has ${d['seen']}`,
    remedy: 'check "ip link" and that the ENI is attached to this instance',
  },
  CONFLIST_INVALID: {
    retry: 'never',
    says: (d) => `${d['path']} is not a valid network configuration: ${d['findings']}`,
    remedy: 'remove the file and run "vpc-cni install"; if it comes back, report it with the output of the command',
  },
  PLUGINS_MISSING: {
    retry: 'never',
    says: (d) => `no stock CNI plugin ${d['missing']} in ${d['source']}`,
    remedy:
      'install the package containernetworking-plugins (Debian, Ubuntu) or cni-plugins (Amazon Linux), or give --plugins a directory or .tgz of the containernetworking release',
  },
  NOT_COMPILED: {
    retry: 'never',
    says: (d) => `${d['executable']} is not the built executable, so there is nothing to install`,
    remedy: 'run "npm run build" and use the file it makes in dist/',
  },
  IPAMD_NOT_READY: {
    retry: 'backoff',
    says: (d) => `ipamd ${d['what']}: ${d['reason']}`,
    remedy:
      'remove the cause; "vpc-cni status" and the log say more (journalctl -u vpc-cni-ipamd, without systemd /run/vpc-cni/ipamd.log). The files are in place and the daemon is started again; "vpc-cni rollback" goes back to the version before, if there is one',
  },
  UNINSTALL_INCOMPLETE: {
    retry: 'never',
    says: (d) => `${d['step']} failed: ${d['reason']}; still to do: ${d['left']}`,
    remedy: 'remove the cause named in the message and run the command again: it goes on from there',
  },
  INSTALL_INCOMPLETE: {
    retry: 'never',
    says: (d) => `${d['step']} failed: ${d['reason']}; ${d['state']}`,
    remedy: 'remove the cause named in the message and run the command again: it goes on from what is there',
  },
  CHECKPOINT_BAD: {
    retry: 'never',
    says: (d) => `the checkpoint cannot be read: ${d['reason']}`,
    remedy: 'nothing is lost for running pods: ipamd keeps the broken file aside and rebuilds the list from the kernel',
  },
} as const satisfies Record<string, Entry>;

import type { TestNetns } from '../support/netns.ts';

/** Where a program is: the shell of a guest has smaller ones of the same names. */
const at = (program: string): string => Bun.which(program) ?? program;

const COMMANDS = [
  ...['-o link', '-o addr', '-4 rule', '-d -4 route show table all', '-6 rule', '-d -6 route show table all'].map(
    (words) => `${at('ip')} ${words}`,
  ),
  `${at('ip')} neigh show nud permanent`,
  `${at('sysctl')} net.ipv6.conf.lo.disable_ipv6`,
  `${at('sysctl')} -a --pattern net.ipv6.conf.eth0.disable_ipv6`,
].join('; ');

/**
 * Links, addresses, rules, routes and permanent neighbours of both families, and the sysctls of a pod that outlive its
 * interface: equal before and after means that nothing was left. Without what the kernel changes by itself meanwhile.
 */
export function wholeState(space: TestNetns): string {
  return space
    .run('sh', '-ec', COMMANDS)
    .replaceAll('NO-CARRIER,', '')
    .replaceAll(/ (tentative|expires \S+|valid_lft \S+|preferred_lft \S+|state \S+)/g, '')
    .replaceAll(/^(.* )?(fe80::\/64|ff00::\/8|(local|anycast) fe80:).*\n/gm, '')
    .replaceAll(/^.* inet6 fe80:.*\n/gm, '')
    .replaceAll(/ qlen \d+| promiscuity \d+/g, '');
}

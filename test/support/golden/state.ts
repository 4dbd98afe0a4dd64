import type { TestNetns } from '../netns.ts';

/** The sysctls that wiring and the host network may touch; `all` and the loopback stand for what they must not. */
const SYSCTLS = ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', 'ipv6/conf/lo/disable_ipv6'];
const LINK_SYSCTLS = [
  ...['rp_filter', 'forwarding', 'arp_ignore', 'proxy_arp', 'accept_local', 'src_valid_mark'].map(
    (key) => `ipv4/conf/LINK/${key}`,
  ),
  ...['accept_ra', 'accept_redirects', 'forwarding', 'disable_ipv6', 'accept_dad'].map(
    (key) => `ipv6/conf/LINK/${key}`,
  ),
];

const COMMANDS: readonly string[] = [
  'ip -4 rule',
  'ip -6 rule',
  'ip -4 route show table all',
  'ip -6 route show table all',
  'ip -d link',
  'ip -o addr',
  'ip neigh show nud permanent',
  'nft list ruleset',
  'iptables-save',
  'ip6tables-save',
];
/** One process for all of them: entering a namespace costs more than most of the commands. */
const SCRIPT = COMMANDS.map((command) => `echo '$ ${command}'; ${command}; echo`).join('; ');

/** What differs from run to run without meaning anything: numbers of links and namespaces, counters, the queue length, the seal over what this nft prints. */
const steady = (text: string): string =>
  text
    .replaceAll(/^\d+: /gm, 'N: ')
    .replaceAll(/@if\d+/g, '@ifN')
    .replaceAll(/link-netns(id)? \S+/g, 'link-netnsid N')
    .replaceAll(
      / (numtxqueues|numrxqueues|gso_\w+|tso_\w+|gro_\w+|qlen|promiscuity|allmulti|minmtu|maxmtu|netns-immutable) ?\d*/g,
      '',
    )
    .replaceAll(/^# .*\n/gm, '')
    .replaceAll(/(comment "vpc-cni-host \w+) \w+"/g, '$1 SEAL"')
    .replaceAll(/[ \t]+$/gm, '')
    // Neighbours come in the order of a hash that each boot seeds anew.
    .replace(/(?<=^\$ ip neigh .*\n)(?:.+\n)+/m, (lines) => `${lines.trimEnd().split('\n').sort().join('\n')}\n`);

/**
 * All that wiring may touch in a namespace: rules, routes, links, addresses, neighbours, packet rules of every kind and
 * sysctls, as its tools print them.
 */
export function goldenState(space: TestNetns): string {
  const shown = steady(space.run('sh', '-ec', SCRIPT));
  const links = [...shown.matchAll(/^N: (\w+).*mtu/gm)]
    .map((match) => String(match[1]))
    .filter((name) => name !== 'lo');
  const keys = [...SYSCTLS, ...links.flatMap((link) => LINK_SYSCTLS.map((key) => key.replace('LINK', link)))];
  const values = space.run('sysctl', ...keys.map((key) => `net.${key.replaceAll('/', '.')}`));
  return `${shown}$ sysctl\n${values}`;
}

/** The state once it no longer changes: the kernel gives link-local addresses a moment after a link came up. */
export async function settledState(space: TestNetns): Promise<string> {
  let before = '';
  for (;;) {
    const now = goldenState(space);
    if (now === before && !now.includes('tentative')) return now;
    before = now;
    await Bun.sleep(20);
  }
}

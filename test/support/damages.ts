import { lines } from './netns.ts';

/** What damages are made of. */
interface Damaged {
  /** What a program prints on the node. */
  readonly text: (...argv: readonly [string, ...string[]]) => string;
  /** The host end of a pod on the primary ENI, and the pod's address. */
  readonly hostEnd: string;
  readonly podAddress: string;
  /** An address of the subnet that nobody has. */
  readonly stray: string;
}

/** Every way to take a rule, chain or element out of our nftables table; a handle holds until the table is made anew. */
function packetDamages(table: string): readonly string[] {
  let chain = '';
  return lines(table).flatMap((line) => {
    const [, kind, name = ''] = /^(chain|set|table) (\S+)/.exec(line) ?? [];
    if (kind === 'chain') chain = name;
    const elements = /elements = \{ (.*) \}/.exec(line)?.[1]?.split(', ') ?? [];
    return [
      ...(kind === 'chain' ? [`nft flush chain ip vpc-cni ${name}; nft delete chain ip vpc-cni ${name}`] : []),
      // The first rule of a chain: which one that is, nft tells when it is asked again.
      ...(kind === undefined && / # handle \d+$/.test(line) && !line.startsWith('type ')
        ? [
            `nft delete rule ip vpc-cni ${chain} handle $(nft -a list chain ip vpc-cni ${chain} | grep -F '${line.replace(/ # handle \d+$/, '').replaceAll("'", '')}' | sed 's/.* # handle //' | head -n 1)`,
          ]
        : []),
      ...elements.map((element) => `nft delete element ip vpc-cni exempt '{ ${element} }'`),
    ];
  });
}

/** Each object of ours that an event tells of, and how somebody takes it away, as words for sh. */
export function damages({ text, hostEnd, podAddress, stray }: Damaged): readonly string[] {
  const rules = lines(text('ip', 'rule')).filter((line) => line.endsWith(' proto 90'));
  const routes = lines(text('ip', 'route', 'show', 'table', 'all', 'proto', '90'));
  const own = lines(text('ip', '-o', '-4', 'addr', 'show', 'dev', 'eth1', 'scope', 'global'));
  return [
    ...rules.map((line) => `ip rule del priority ${line.replace(': ', ' ').replace(' proto ', ' protocol ')}`),
    ...routes.map((line) => `ip route del ${line}`),
    ...own.map((line) => `ip addr del ${/inet (\S+)/.exec(line)?.[1]} dev eth1`),
    `ip route replace ${podAddress} dev eth1`,
    `ip route add ${stray} dev eth0 proto 90`,
    `ip rule add priority 512 to ${stray} lookup main protocol 90`,
    'ip link set eth1 down',
    'ip link set eth1 mtu 1500',
    'ip link set eth0 mtu 1500',
    `ip link set ${hostEnd} down`,
    `ip link set ${hostEnd} address 02:00:00:00:00:aa`,
    ...packetDamages(text('nft', '--handle', 'list', 'table', 'ip', 'vpc-cni')),
    'nft flush set ip vpc-cni exempt',
    'nft add rule ip vpc-cni source-nat counter',
    'nft delete table ip vpc-cni',
    'ip rule flush protocol 90; ip route flush table 2 proto 90; nft flush table ip vpc-cni',
    'echo 0 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter',
    ...['eth0', 'eth1', hostEnd].map((link) => `echo 0 > /proc/sys/net/ipv4/conf/${link}/forwarding`),
  ];
}

/** Objects of others, of the kinds we have and close to ours: none may change. */
export const FOREIGN = [
  'ip rule add priority 512 to 203.0.113.7 lookup main',
  'ip rule add priority 1536 from 203.0.113.7 lookup 2',
  'ip route add 203.0.113.7 dev eth0 proto static',
  'ip route add 203.0.113.8 dev eth0 table 2',
  'ip route add 203.0.113.0/24 dev eth0 table 77 proto 91',
  'ip address add 203.0.113.9/32 dev lo',
  'ip neigh replace 203.0.113.10 lladdr 02:00:00:00:00:fa dev eth0 nud permanent',
  "nft add table ip foreign; nft 'add chain ip foreign c { type filter hook prerouting priority 5 ; counter ; }'",
] as const;

const SYSCTLS = ['ipv4/ip_forward', 'ipv4/conf/eth0/rp_filter', 'ipv4/tcp_early_demux', 'ipv4/ip_local_reserved_ports'];

/** A program for sh that prints all of a node's network that anybody may have touched. */
export function showAll(hostEnd: string): string {
  const forwarding = ['eth0', 'eth1', hostEnd].map((link) => `ipv4/conf/${link}/forwarding`);
  const ofPod = ['accept_ra', 'accept_redirects', 'forwarding'].map((key) => `ipv6/conf/${hostEnd}/${key}`);
  return `for f in -4 -6; do ip -details $f rule; ip -details $f route show table all; ip -o $f addr show scope global; done
ip -o link show; ip neigh show nud permanent; nft --stateless list ruleset
cd /proc/sys/net; head -n 1 ${[...SYSCTLS, ...forwarding, ...ofPod].join(' ')}`;
}

/** What that printed, sorted: a rule that comes back goes behind its equals. */
export function readAll(printed: string): readonly string[] {
  return (
    lines(printed)
      // A link gives itself its own address when it is up, and takes its time.
      .filter((line) => !line.includes(' fe80:') && !line.includes(' ff00::'))
      .map((line) => line.replace(/ (expires|valid_lft) .*$/, ''))
      .toSorted()
  );
}

/** What one lacks of the other, and has too much. */
export function difference(was: readonly string[], is: readonly string[]): readonly string[] {
  return [
    ...was.filter((line) => !is.includes(line)).map((line) => `- ${line}`),
    ...is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`),
  ];
}

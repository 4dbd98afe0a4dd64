import type { NodeShell } from './e2e-cni.ts';

/** Sysctls that are no settings: they count, or change by themselves. */
const COUNTERS = [
  'net/netfilter/nf_conntrack_count',
  'net/ipv4/tcp_fastopen_key',
  'net/core/netdev_rss_key',
  'net/ipv4/route/flush',
  'net/ipv6/route/flush',
] as const;

const BACKENDS = ['iptables-nft-save', 'iptables-legacy-save', 'ip6tables-nft-save', 'ip6tables-legacy-save'] as const;

/** One script, because a program started in the guest costs more than what it does. */
const LOOK = `
# An address of IPv6 has no route before the kernel has made sure that nobody else has it.
for try in 1 2 3 4 5 6 7 8 9; do [ -z "$(ip -6 address show tentative)" ] && break; sleep 0.3; done
say() { echo "$ $*"; "$@" 2>&1; }
say ip -details -o link | sed 's/ qlen .*//' | sort -k2
say ip -brief -4 address
say ip -brief -6 address
say ip -4 rule
say ip -6 rule
say ip -4 route show table all
say ip -6 route show table all
say nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
for save in ${BACKENDS.join(' ')}; do
  say $save | grep -v '^#' | sed 's/\\[[0-9]*:[0-9]*\\]//'
done
echo '$ sysctl'
cd /proc/sys
find net -type f -readable | grep -v -x -F -e ${COUNTERS.join(' -e ')} | sort | xargs grep -s '' || true
`;

/** Link numbers say in which order links came and nothing else. */
const withoutIndexes = (text: string): string => text.replaceAll(/@if\d+|^\d+: /gm, '');

/**
 * The network of a machine's kernel as text: links, addresses, rules and routes of both families, nftables, what iptables
 * shows of every back end, and all sysctls of the network.
 */
export async function kernelState(node: NodeShell): Promise<string> {
  return withoutIndexes(await node.text('sh', '-c', LOOK));
}

import { formatCidr, type Ipv4Cidr } from '../../addr/index.ts';
import { INTERNET_LINK } from './addresses.ts';

/** The router's nftables table; it lives in the router's namespace only. */
export const TABLE = 'vpc_fabric';

/** Pairs of router link and source address that EC2's source check accepts. */
export const SOURCES_SET = 'sources';

/** Addresses with a public mapping: the internet gateway drops everything else in both directions. */
export const PUBLIC_SET = 'public';

/** The table before any ENI is plugged, for `nft -f`. */
export function renderRouterRules(vpcCidr: Ipv4Cidr): string {
  return `table ip ${TABLE} {
  set ${SOURCES_SET} { type ifname . ipv4_addr; }
  set ${PUBLIC_SET} { type ipv4_addr; }
  counter spoofed { }
  counter unmapped { }
  chain source_check {
    type filter hook prerouting priority raw; policy accept;
    iifname "lo" accept
    iifname "${INTERNET_LINK}" ip saddr != ${formatCidr(vpcCidr)} accept
    iifname . ip saddr @${SOURCES_SET} accept
    counter name "spoofed" drop
  }
  chain internet_gateway {
    type filter hook forward priority filter; policy accept;
    oifname "${INTERNET_LINK}" ip saddr != @${PUBLIC_SET} counter name "unmapped" drop
    iifname "${INTERNET_LINK}" ip daddr != @${PUBLIC_SET} counter name "unmapped" drop
  }
}
`;
}

import dropIn from '../../templates/90-vpc-cni.modules.conf' with { type: 'text' };
import { fillText } from './fill.ts';
import type { ModuleState } from './observed.ts';
import { MARK } from './owned.ts';

/** A kernel module that we need, and what does not work without it. */
export interface WantedModule {
  readonly module: string;
  readonly need: 'required' | 'optional';
  readonly why: string;
}

const LINKS: readonly WantedModule[] = [
  { module: 'veth', need: 'required', why: 'no pod can be given a link' },
  { module: 'nf_conntrack', need: 'required', why: 'connections of pods cannot be followed' },
  {
    module: 'nf_conntrack_netlink',
    need: 'optional',
    why: 'connections of pods that are gone decide for the next pod with the address until they time out',
  },
];

const MARKS = 'connections of pods cannot be marked';
const NODE_PORTS = 'NodePort connections cannot be told from others';
const OUTSIDE = 'pods cannot reach what is outside of the VPC';
const TO_IPV4 = 'pods of IPv6 cannot reach IPv4 (ENABLE_V4_EGRESS)';
const TO_IPV6 = 'pods of IPv4 cannot reach IPv6 (ENABLE_V6_EGRESS)';

const NFTABLES: readonly WantedModule[] = [
  {
    module: 'nf_tables',
    need: 'required',
    why: 'the packet rules of pods cannot be made, nor by iptables without iptables-legacy and its modules iptable_nat and iptable_mangle',
  },
  { module: 'nft_ct', need: 'optional', why: MARKS },
  { module: 'nft_fib_ipv4', need: 'optional', why: NODE_PORTS },
  { module: 'nft_chain_nat', need: 'optional', why: OUTSIDE },
  { module: 'nft_nat', need: 'optional', why: OUTSIDE },
  { module: 'nft_reject_ipv4', need: 'optional', why: TO_IPV4 },
  { module: 'nft_reject_ipv6', need: 'optional', why: TO_IPV6 },
];

/** In place of nf_tables, for legacy iptables. */
const IPTABLES: readonly WantedModule[] = [
  { module: 'iptable_mangle', need: 'required', why: 'connections of pods cannot be marked' },
  { module: 'iptable_nat', need: 'required', why: OUTSIDE },
  { module: 'xt_conntrack', need: 'optional', why: MARKS },
  { module: 'xt_connmark', need: 'optional', why: MARKS },
  { module: 'xt_nat', need: 'optional', why: OUTSIDE },
  { module: 'iptable_filter', need: 'optional', why: TO_IPV4 },
  { module: 'ipt_REJECT', need: 'optional', why: TO_IPV4 },
  { module: 'ip6table_nat', need: 'optional', why: TO_IPV6 },
  { module: 'ip6table_filter', need: 'optional', why: TO_IPV6 },
  { module: 'ip6t_REJECT', need: 'optional', why: TO_IPV6 },
];

const PLUGINS: readonly WantedModule[] = [
  { module: 'xt_comment', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'xt_addrtype', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'xt_mark', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'ifb', need: 'optional', why: 'the bandwidth plugin cannot limit what pods send' },
  { module: 'sch_tbf', need: 'optional', why: 'the bandwidth plugin cannot limit pods' },
  { module: '8021q', need: 'optional', why: 'pods cannot have branch ENIs' },
];

/** The modules of a kernel that has nf_tables. */
export const WANTED_MODULES: readonly WantedModule[] = [...LINKS, ...NFTABLES, ...PLUGINS];

const WITHOUT_NFTABLES: readonly WantedModule[] = [...LINKS, ...IPTABLES, ...PLUGINS];

/** All that either kind of kernel is asked for. */
export const MODULES_OF_ANY_KERNEL: readonly string[] = [
  ...new Set([...WANTED_MODULES, ...WITHOUT_NFTABLES].map(({ module }) => module)),
];

/**
 * The modules behind what we and the stock plugins ask of this kernel. Most are loaded by the kernel itself when they
 * are first asked for; loading them at boot keeps that out of the first pod's way. A kernel that has no nf_tables will do
 * where legacy iptables is installed and finds its tables.
 */
export function wantedModules(
  states: Readonly<Record<string, ModuleState>>,
  hasLegacyIptables: boolean,
): readonly WantedModule[] {
  const lacks = ({ module, need }: WantedModule): boolean => need === 'required' && states[module] === 'absent';
  const serves = hasLegacyIptables && states['nf_tables'] === 'absent' && !IPTABLES.some(lacks);
  return serves ? WITHOUT_NFTABLES : WANTED_MODULES;
}

/** The text of our modules-load.d drop-in: what every kernel must have, because systemd counts a missing one as a failed unit. */
export function renderModulesDropIn(): string {
  const required = LINKS.filter(({ need }) => need === 'required').map(({ module }) => module);
  return fillText(dropIn, { MARK, MODULES: required.join('\n') });
}

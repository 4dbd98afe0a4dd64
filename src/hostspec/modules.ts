import dropIn from '../../templates/90-vpc-cni.modules.conf' with { type: 'text' };
import { fillText } from './fill.ts';
import { MARK } from './owned.ts';

/** A kernel module that we need, and what does not work without it. */
export interface WantedModule {
  readonly module: string;
  readonly need: 'required' | 'optional';
  readonly why: string;
}

/**
 * The modules behind what we and the stock plugins ask of the kernel. Most are loaded by the kernel itself when they
 * are first asked for; loading them at boot keeps that out of the first pod's way.
 */
export const WANTED_MODULES: readonly WantedModule[] = [
  { module: 'veth', need: 'required', why: 'no pod can be given a link' },
  { module: 'nf_tables', need: 'required', why: 'the packet rules of pods cannot be made' },
  { module: 'nf_conntrack', need: 'required', why: 'connections of pods cannot be followed' },
  {
    module: 'nf_conntrack_netlink',
    need: 'optional',
    why: 'connections of pods that are gone decide for the next pod with the address until they time out',
  },
  { module: 'nft_ct', need: 'optional', why: 'connections of pods cannot be marked' },
  { module: 'nft_fib_ipv4', need: 'optional', why: 'NodePort connections cannot be told from others' },
  { module: 'nft_chain_nat', need: 'optional', why: 'pods cannot reach what is outside of the VPC' },
  { module: 'xt_comment', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'xt_addrtype', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'xt_mark', need: 'optional', why: 'the portmap plugin fails for host ports' },
  { module: 'ifb', need: 'optional', why: 'the bandwidth plugin cannot limit what pods send' },
  { module: 'sch_tbf', need: 'optional', why: 'the bandwidth plugin cannot limit pods' },
  { module: '8021q', need: 'optional', why: 'pods cannot have branch ENIs' },
];

/** The text of our modules-load.d drop-in: required ones only, because systemd counts a missing one as a failed unit. */
export function renderModulesDropIn(): string {
  const required = WANTED_MODULES.filter(({ need }) => need === 'required').map(({ module }) => module);
  return fillText(dropIn, { MARK, MODULES: required.join('\n') });
}

import dropIn from '../../templates/90-vpc-cni.sysctl.conf' with { type: 'text' };
import type { Settings } from '../config/index.ts';
import { fillText } from './fill.ts';
import { MARK } from './owned.ts';
import { METRICS_PORT, RESERVED_PORTS_KEY, withPorts } from './reserved-ports.ts';

/** The settings that decide over sysctls. */
export type SysctlSettings = Pick<
  Settings,
  'DISABLE_TCP_EARLY_DEMUX' | 'ENABLE_IPv6' | 'ENABLE_V6_EGRESS' | 'INTROSPECTION_BIND_ADDRESS'
>;

const usesIpv6 = (settings: Pick<SysctlSettings, 'ENABLE_IPv6' | 'ENABLE_V6_EGRESS'>): boolean =>
  settings.ENABLE_IPv6 || settings.ENABLE_V6_EGRESS;

/**
 * One kernel setting. The key is a list because an interface name may contain a dot. `optional` ones are left alone on
 * a kernel that has no such key.
 */
export interface WantedSysctl {
  readonly key: readonly string[];
  /** A list of ports is added to what others have in it. */
  readonly value: string | { readonly ports: readonly number[] };
  readonly need: 'required' | 'optional';
}

/** The value a key must get, given the one it has. */
export function wantedValue({ value }: Pick<WantedSysctl, 'value'>, before: string | undefined): string {
  return typeof value === 'string' ? value : withPorts(before ?? '', value.ports);
}

/** `net.ipv4.conf.eth0.rp_filter`: the name for people. */
export function sysctlName(key: readonly string[]): string {
  return key.join('.');
}

const required = (key: readonly string[], value: string): WantedSysctl => ({ key, value, need: 'required' });

/** What the kernel must be told at each boot; the interface's part only once the primary interface is known. */
export function wantedSysctls(input: {
  readonly settings: SysctlSettings;
  readonly primaryLink: string | undefined;
}): readonly WantedSysctl[] {
  const { settings, primaryLink } = input;
  const link: readonly WantedSysctl[] =
    primaryLink === undefined
      ? []
      : // Loose mode: answers to NodePort clients leave by another ENI than their requests came in by.
        [{ key: ['net', 'ipv4', 'conf', primaryLink, 'rp_filter'], value: '2', need: 'required' }];
  const ipv6: readonly WantedSysctl[] = [
    ...(settings.ENABLE_IPv6 ? [required(['net', 'ipv6', 'conf', 'all', 'disable_ipv6'], '0')] : []),
    ...(usesIpv6(settings) && primaryLink !== undefined
      ? // A router ignores router advertisements unless told so, and the default route comes from one: a kernel that
        // becomes a router before it is told drops the one it has (net/ipv6/route.c, rt6_purge_dflt_routers).
        [required(['net', 'ipv6', 'conf', primaryLink, 'accept_ra'], '2')]
      : []),
    ...(usesIpv6(settings) ? [required(['net', 'ipv6', 'conf', 'all', 'forwarding'], '1')] : []),
  ];
  return [
    { key: ['net', 'ipv4', 'ip_forward'], value: '1', need: 'required' },
    ...link,
    {
      // With early demux the kernel finds a local socket before routing, and probes of pods behind branch ENIs fail.
      key: ['net', 'ipv4', 'tcp_early_demux'],
      value: settings.DISABLE_TCP_EARLY_DEMUX ? '0' : '1',
      need: 'optional',
    },
    {
      // Otherwise a program that asks for any port may get one of these, and our daemon cannot serve there.
      key: RESERVED_PORTS_KEY,
      value: { ports: [METRICS_PORT, settings.INTROSPECTION_BIND_ADDRESS.port] },
      need: 'optional',
    },
    ...ipv6,
  ];
}

/** The address families whose packets this host forwards for pods. */
export function forwardedFamilies(settings: SysctlSettings): readonly ('ipv4' | 'ipv6')[] {
  return usesIpv6(settings) ? ['ipv4', 'ipv6'] : ['ipv4'];
}

/** The text of our sysctl.d drop-in. */
export function renderSysctlDropIn(): string {
  return fillText(dropIn, { MARK });
}

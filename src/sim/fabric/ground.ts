import { readdirSync, writeFileSync } from 'node:fs';
import { formatCidr, type Ipv4Cidr, subnetGateway } from '../../addr/index.ts';
import type { Exec } from '../../sys/index.ts';
import { inNetns, openNetns } from '../../sys/index.ts';
import { EC2_ADDRESS, IMDS_ADDRESS, INTERNET_ADDRESS, INTERNET_LINK, MTU, TRANSIT } from './addresses.ts';
import { netnsPath, type VpcNames } from './names.ts';
import { createNetns, inNetnsArgv } from './namespace.ts';
import { renderRouterRules } from './router-rules.ts';

/** What the fabric is laid out for. */
export interface FabricLayout {
  readonly names: VpcNames;
  readonly vpcCidr: Ipv4Cidr;
  readonly subnets: readonly Ipv4Cidr[];
}

/** Router and internet, before any instance is there. */
export async function layGround(exec: Exec, layout: FabricLayout): Promise<void> {
  const { names } = layout;
  await createNetns(exec, names.routerNetns);
  await createNetns(exec, names.internetNetns);
  writeSysctls(names.routerNetns, ROUTER_SYSCTLS);
  const batch = (netns: string, lines: readonly string[]): Promise<unknown> =>
    exec.run({ argv: [...inNetnsArgv(netns), 'ip', '-batch', '-'], input: `${lines.join('\n')}\n` });
  await batch(names.routerNetns, routerLines(layout));
  await batch(names.internetNetns, internetLines(layout));
  await exec.run({
    argv: [...inNetnsArgv(names.routerNetns), 'nft', '-f', '-'],
    input: renderRouterRules(layout.vpcCidr),
  });
}

// Ports inherit `default` when they are made. proxy_arp: the VPC answers every ARP request for an address it can deliver.
const ROUTER_SYSCTLS = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
  'net/ipv4/conf/all/accept_redirects': '0',
  'net/ipv4/conf/default/accept_redirects': '0',
  'net/ipv4/conf/default/proxy_arp': '1',
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
} as const;

function routerLines(layout: FabricLayout): readonly string[] {
  return [
    'link set lo up',
    ...layout.subnets.map((subnet) => `addr add ${subnetGateway(subnet)}/32 dev lo`),
    `addr add ${IMDS_ADDRESS}/32 dev lo`,
    `link add ${INTERNET_LINK} mtu ${MTU.internet} type veth peer name vpc mtu ${MTU.internet} netns ${layout.names.internetNetns}`,
    `addr add ${formatCidr(TRANSIT.router)} dev ${INTERNET_LINK}`,
    `link set ${INTERNET_LINK} up`,
    `route add default via ${TRANSIT.internet.address}`,
    // An address nobody holds must end here, not on the internet.
    `route add unreachable ${formatCidr(layout.vpcCidr)}`,
  ];
}

function internetLines(layout: FabricLayout): readonly string[] {
  return [
    'link set lo up',
    `addr add ${INTERNET_ADDRESS}/32 dev lo`,
    `addr add ${EC2_ADDRESS}/32 dev lo`,
    `addr add ${formatCidr(TRANSIT.internet)} dev vpc`,
    'link set vpc up',
    `route add ${formatCidr(layout.vpcCidr)} via ${TRANSIT.router.address}`,
  ];
}

/** Writes sysctls of a namespace, paths relative to /proc/sys; those this kernel does not have (no IPv6) are skipped. */
export function writeSysctls(netns: string, values: Readonly<Record<string, string>>): void {
  using target = openNetns(netnsPath(netns));
  inNetns(target, () => {
    const families = readdirSync('/proc/sys/net');
    for (const [path, value] of Object.entries(values))
      if (families.includes(path.split('/')[1] ?? '')) writeFileSync(`/proc/sys/${path}`, value);
  });
}

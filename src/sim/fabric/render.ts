import { formatCidr } from '../../addr/index.ts';
import { IMDS_ADDRESS, MTU } from './addresses.ts';
import type { PortStep } from './diff.ts';
import type { Port } from './port.ts';
import { PUBLIC_SET, SOURCES_SET, TABLE } from './router-rules.ts';

/** Lines for `ip -batch` inside the router's namespace. */
export function renderRouterLines(step: PortStep): readonly string[] {
  const { port } = step;
  switch (step.kind) {
    case 'unplug':
      return [`link del ${port.name}`];
    case 'forget-address':
      return [`route del ${step.address}/32 dev ${port.name}`, `neigh del ${step.address} dev ${port.name}`];
    case 'plug':
      return [
        // The node's end is born in the node's namespace, down, as the kernel shows a hot-plugged ENI.
        `link add ${port.name} mtu ${MTU.vpc} type veth peer name ${port.ifName} address ${port.mac} mtu ${MTU.vpc} netns ${port.netns}`,
        `link set ${port.name} up`,
      ];
    case 'learn-address':
      return [
        `route replace ${step.address}/32 dev ${port.name}`,
        // The VPC knows the MAC of every address; it never asks the node.
        `neigh replace ${step.address} lladdr ${port.mac} nud permanent dev ${port.name}`,
      ];
    default:
      return step satisfies never;
  }
}

/** Lines for `nft -f`: the pairs of link and source address the router believes, and who may reach the internet. */
export function renderRuleLines(step: PortStep): readonly string[] {
  const { port } = step;
  switch (step.kind) {
    case 'unplug':
      return [
        ...elements('delete', SOURCES_SET, pairs(port)),
        ...elements('delete', PUBLIC_SET, port.dhcp === undefined ? [] : [port.dhcp.address.address]),
      ];
    case 'forget-address':
      return elements('delete', SOURCES_SET, [`"${port.name}" . ${step.address}`]);
    case 'plug':
      return elements('add', PUBLIC_SET, port.dhcp === undefined ? [] : [port.dhcp.address.address]);
    case 'learn-address':
      return elements('add', SOURCES_SET, [`"${port.name}" . ${step.address}`]);
    default:
      return step satisfies never;
  }
}

const pairs = (port: Port): readonly string[] => port.addresses.map((address) => `"${port.name}" . ${address}`);

function elements(verb: 'add' | 'delete', set: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${verb} element ip ${TABLE} ${set} { ${items.join(', ')} }`];
}

/**
 * Lines for `ip -batch` inside the node: what DHCP gives device 0 on EC2. Secondary ENIs get nothing: configuring
 * them is the job of the daemon under test.
 */
export function renderNodeLines(step: PortStep): readonly string[] {
  if (step.kind !== 'plug' || step.port.dhcp === undefined) return [];
  const { ifName, dhcp } = step.port;
  return [
    `addr add ${formatCidr(dhcp.address)} brd + dev ${ifName}`,
    `link set ${ifName} up`,
    `route add default via ${dhcp.gateway} dev ${ifName} src ${dhcp.address.address} proto 16`,
    `route add ${IMDS_ADDRESS}/32 dev ${ifName} src ${dhcp.address.address} proto 16`,
  ];
}

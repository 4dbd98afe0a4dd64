import type { SimStatus } from '../../src/sim/index.ts';

const MTU = 9001;

/**
 * What a cloud image tells systemd-networkd of the primary ENI of the first node. By address, because there is no DHCP
 * server in the simulator; EC2's would answer the same.
 */
export function primaryNetworkFile({ nodes, subnets }: SimStatus): string {
  const [node] = nodes;
  const [eni] = node?.enis ?? [];
  const cidr = subnets.find(({ id }) => id === eni?.subnetId)?.cidr ?? '';
  const [network = '', length = ''] = cidr.split('/');
  const gateway = network.replace(/\d+$/, (last) => `${Number(last) + 1}`);
  return [
    '[Match]',
    `MACAddress=${eni?.mac}`,
    '',
    '[Link]',
    `MTUBytes=${MTU}`,
    '',
    '[Network]',
    `Address=${node?.address}/${length}`,
    `Gateway=${gateway}`,
    'LinkLocalAddressing=no',
    'IPv6AcceptRA=no',
    '',
  ].join('\n');
}

import { formatCidr } from '../../addr/index.ts';
import { privateDnsName, type SimEni, type VpcView } from '../model/index.ts';
import type { Directory, Entry } from './tree.ts';

/** `network/interfaces/macs/`: a directory for each ENI. */
export function interfaces(vpc: VpcView, enis: readonly SimEni[]): Record<string, Entry> {
  return Object.fromEntries(enis.map((eni) => [eni.mac, () => networkInterface(vpc, eni)]));
}

/** The names of security groups. */
export function groupNames(vpc: VpcView, ids: readonly string[]): readonly string[] {
  return ids.map((id) => vpc.securityGroup(id).name);
}

function networkInterface(vpc: VpcView, eni: SimEni): ReturnType<Directory> {
  const { deviceIndex = 0, networkCardIndex = 0 } = eni.attachment ?? {};
  const [address] = eni.addresses;
  const subnet = vpc.subnet(eni.subnetId);
  return {
    'device-number': String(deviceIndex),
    'interface-id': eni.id,
    'ipv4-prefix': lines(eni.prefixes.map(formatCidr)),
    'ipv6-prefix': lines(eni.ipv6Prefixes.map(formatCidr)),
    ipv6s: lines(eni.ipv6Addresses),
    'local-hostname': address === undefined ? undefined : privateDnsName(vpc, address),
    'local-ipv4s': lines(eni.addresses),
    mac: eni.mac,
    // EC2 names the card only on instances that have several, and then not for the first.
    'network-card': networkCardIndex > 0 ? String(networkCardIndex) : undefined,
    'owner-id': vpc.ownerId,
    'security-group-ids': lines(eni.securityGroups),
    'security-groups': lines(groupNames(vpc, eni.securityGroups)),
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': formatCidr(subnet.cidr),
    'subnet-ipv6-cidr-blocks': subnet.ipv6 && formatCidr(subnet.ipv6.cidr),
    'vpc-id': vpc.id,
    'vpc-ipv4-cidr-block': formatCidr(vpc.cidr),
    'vpc-ipv4-cidr-blocks': lines(vpc.cidrs().map(({ cidr }) => formatCidr(cidr))),
    'vpc-ipv6-cidr-blocks': lines(vpc.ipv6Cidrs().map(({ cidr }) => formatCidr(cidr))),
  };
}

/** One value a line; nothing where there is none, because EC2 answers 404 then. */
function lines(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join('\n');
}

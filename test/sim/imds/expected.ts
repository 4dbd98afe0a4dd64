import { formatCidr } from '../../../src/addr/index.ts';
import type { SimEni, SimVpc } from '../../../src/sim/model/index.ts';

/** As the service lists several values. */
export const lines = (values: readonly string[]): string => values.join('\n');

/** What an ENI of a VPC with IPv4 alone shows. */
export function plain(vpc: SimVpc, eni: SimEni, more: Record<string, string> = {}): Record<string, string> {
  const subnet = vpc.subnet(eni.subnetId);
  return {
    'device-number': String(eni.attachment?.deviceIndex),
    'interface-id': eni.id,
    mac: eni.mac,
    'owner-id': '123456789012',
    'security-group-ids': lines(eni.securityGroups),
    'security-groups': lines(eni.securityGroups.map((id) => vpc.securityGroup(id).name)),
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': formatCidr(subnet.cidr),
    'vpc-id': vpc.id,
    'vpc-ipv4-cidr-block': '10.0.0.0/16',
    'vpc-ipv4-cidr-blocks': '10.0.0.0/16',
    ...more,
  };
}

/** The paths of a directory, below its name. */
export function below(name: string, entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([path, text]) => [`${name}/${path}`, text]));
}

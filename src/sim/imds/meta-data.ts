import { formatCidr } from '../../addr/index.ts';
import { privateDnsName, type SimEni, type SimInstance, type SimVpc } from '../model/index.ts';
import type { RoleCredentials } from './credentials.ts';
import type { Directory, Entry } from './tree.ts';

/** What the tree of one instance is made from. */
export interface MetaDataSource {
  readonly vpc: SimVpc;
  readonly instance: SimInstance;
  readonly role: string;
  readonly credentials: () => RoleCredentials;
}

/** `latest/meta-data/` of an instance. Only ENIs whose attach has completed are there. */
export function metaData(source: MetaDataSource): Directory {
  const { vpc, instance } = source;
  return () => {
    const enis = vpc.enisOf(instance.id).filter((eni) => eni.attachment?.state === 'attached');
    const [primary] = enis;
    const address = primary?.addresses[0] ?? '';
    const hostname = privateDnsName(vpc, address);
    const zone = vpc.subnet(instance.subnetId).availabilityZone;
    return {
      'ami-id': 'ami-00000000000000000',
      'ami-launch-index': '0',
      hostname,
      iam: iam(source),
      'instance-action': 'none',
      'instance-id': instance.id,
      'instance-life-cycle': 'on-demand',
      'instance-type': instance.instanceType,
      'local-hostname': hostname,
      'local-ipv4': address,
      mac: primary?.mac,
      network: () => ({ interfaces: () => ({ macs: () => macs(vpc, enis) }) }),
      placement: () => ({ 'availability-zone': zone, region: vpc.region }),
      'reservation-id': instance.id.replace(/^i-/, 'r-'),
      'security-groups': groupNames(vpc, primary?.securityGroups ?? []).join('\n'),
      services: () => ({ domain: 'amazonaws.com', partition: 'aws' }),
    };
  };
}

/** The instance identity document, without its signature. */
export function identityDocument(vpc: SimVpc, instance: SimInstance): string {
  const document = {
    accountId: vpc.ownerId,
    architecture: 'x86_64',
    availabilityZone: vpc.subnet(instance.subnetId).availabilityZone,
    imageId: 'ami-00000000000000000',
    instanceId: instance.id,
    instanceType: instance.instanceType,
    pendingTime: new Date(instance.launchedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    privateIp: vpc.enisOf(instance.id)[0]?.addresses[0] ?? null,
    region: vpc.region,
    version: '2017-09-30',
  };
  return JSON.stringify(document, null, 2);
}

function macs(vpc: SimVpc, enis: readonly SimEni[]): Record<string, Entry> {
  return Object.fromEntries(enis.map((eni) => [eni.mac, () => networkInterface(vpc, eni)]));
}

function networkInterface(vpc: SimVpc, eni: SimEni): ReturnType<Directory> {
  const { deviceIndex = 0, networkCardIndex = 0 } = eni.attachment ?? {};
  const vpcCidr = formatCidr(vpc.cidr);
  return {
    'device-number': String(deviceIndex),
    'interface-id': eni.id,
    'local-hostname': privateDnsName(vpc, eni.addresses[0] ?? ''),
    'local-ipv4s': eni.addresses.join('\n'),
    mac: eni.mac,
    // EC2 names the card only on instances that have several, and then not for the first.
    'network-card': networkCardIndex > 0 ? String(networkCardIndex) : undefined,
    'owner-id': vpc.ownerId,
    'security-group-ids': eni.securityGroups.join('\n'),
    'security-groups': groupNames(vpc, eni.securityGroups).join('\n'),
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': formatCidr(vpc.subnet(eni.subnetId).cidr),
    'vpc-id': vpc.id,
    'vpc-ipv4-cidr-block': vpcCidr,
    'vpc-ipv4-cidr-blocks': vpcCidr,
  };
}

function iam({ vpc, instance, role, credentials }: MetaDataSource): Directory {
  return () => {
    const now = credentials();
    const info = {
      Code: 'Success',
      LastUpdated: now.LastUpdated,
      InstanceProfileArn: `arn:aws:iam::${vpc.ownerId}:instance-profile/${role}`,
      InstanceProfileId: instance.id.replace(/^i-0/, 'AIPA').toUpperCase(),
    };
    return {
      info: JSON.stringify(info, null, 2),
      'security-credentials': () => ({ [role]: JSON.stringify(now, null, 2) }),
    };
  };
}

function groupNames(vpc: SimVpc, ids: readonly string[]): readonly string[] {
  const names = new Map(vpc.securityGroups().map((group) => [group.id, group.name]));
  return ids.map((id) => names.get(id) ?? id);
}

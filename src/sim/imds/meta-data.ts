import { architectureOf, limitsOf } from '../../vpc/index.ts';
import { privateDnsName, type SimInstance, servicesOf, type VpcView, zoneId } from '../model/index.ts';
import { isoSeconds, type RoleCredentials, renderCredentials } from './credentials.ts';
import { groupNames, interfaces } from './interfaces.ts';
import type { Directory } from './tree.ts';

/** What the tree of one instance is made from. */
export interface MetaDataSource {
  /** As the service knows it. */
  readonly vpc: VpcView;
  readonly instance: SimInstance;
  readonly role: string | false;
  readonly credentials: () => RoleCredentials;
}

/** Nothing is done with disks here, but clients look for the root device. */
const ROOT_DEVICE = '/dev/xvda';

/** `latest/meta-data/` of an instance. Only ENIs whose attach has completed are there; branch ENIs never are. */
export function metaData(source: MetaDataSource): Directory {
  const { vpc, instance } = source;
  return () => {
    const enis = vpc
      .enisOf(instance.id)
      .filter((eni) => eni.attachment?.state === 'attached' && eni.interfaceType !== 'branch');
    const [primary] = enis;
    const address = primary?.addresses[0];
    const hostname = address === undefined ? undefined : privateDnsName(vpc, address);
    const zone = vpc.subnet(instance.subnetId).availabilityZone;
    return {
      'ami-id': instance.imageId,
      'ami-launch-index': String(instance.launchIndex),
      'ami-manifest-path': '(unknown)',
      'block-device-mapping': () => ({ ami: ROOT_DEVICE, root: ROOT_DEVICE }),
      events: () => ({ maintenance: () => ({ history: '[]', scheduled: '[]' }) }),
      hostname,
      iam: source.role === false ? undefined : iam(source, source.role),
      'instance-action': 'none',
      'instance-id': instance.id,
      'instance-life-cycle': 'on-demand',
      'instance-type': instance.instanceType,
      ipv6: primary?.ipv6Addresses[0],
      'local-hostname': hostname,
      'local-ipv4': address,
      mac: primary?.mac,
      network: () => ({ interfaces: () => ({ macs: () => interfaces(vpc, enis) }) }),
      placement: () => ({
        'availability-zone': zone,
        'availability-zone-id': zoneId(vpc, zone),
        region: vpc.region,
      }),
      profile: 'default-hvm',
      'reservation-id': instance.reservationId,
      'security-groups': groupNames(vpc, primary?.securityGroups ?? []).join('\n'),
      services: () => servicesOf(vpc.region),
      system: limitsOf(instance.instanceType)?.hypervisor === 'xen' ? 'xen' : 'nitro',
      tags: tagsOf(instance),
    };
  };
}

/** The instance identity document, without its signature: nobody could check one that is not Amazon's. */
export function identityDocument({ vpc, instance }: MetaDataSource): string {
  const document = {
    accountId: vpc.ownerId,
    architecture: architectureOf(instance.instanceType),
    availabilityZone: vpc.subnet(instance.subnetId).availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    kernelId: null,
    pendingTime: isoSeconds(instance.launchedAt),
    privateIp: vpc.enisOf(instance.id)[0]?.addresses[0] ?? null,
    ramdiskId: null,
    region: vpc.region,
    version: '2017-09-30',
  };
  return JSON.stringify(document, null, 2);
}

function iam({ vpc, instance, credentials }: MetaDataSource, role: string): Directory {
  return () => {
    const now = credentials();
    const info = {
      Code: 'Success',
      LastUpdated: isoSeconds(now.updatedAt),
      InstanceProfileArn: `arn:${servicesOf(vpc.region).partition}:iam::${vpc.ownerId}:instance-profile/${role}`,
      InstanceProfileId: instance.id.replace(/^i-0/, 'AIPA').toUpperCase(),
    };
    return {
      info: JSON.stringify(info, null, 2),
      'security-credentials': () => ({ [role]: renderCredentials(now) }),
    };
  };
}

/** Tags are there only when the instance allows it, and has some (EC2 user guide, "View tags … using instance metadata"). */
function tagsOf({ metadata, tags }: SimInstance): Directory | undefined {
  return metadata.instanceTags && Object.keys(tags).length > 0 ? () => ({ instance: () => tags }) : undefined;
}

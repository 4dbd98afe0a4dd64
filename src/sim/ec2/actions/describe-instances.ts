import { formatCidr } from '../../../addr/index.ts';
import { architectureOf } from '../../../vpc/index.ts';
import { eniStatus, privateDnsName, type SimEni, type SimInstance, type VpcView } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, candidateIds, type FilterTable, readFilters } from '../filters.ts';
import type { Launches } from '../launches.ts';
import { readPage, takePage } from '../paging.ts';
import { hasEna, instance, stateOf, zoneId } from '../shapes/index.ts';
import { items, type Xml } from '../xml.ts';

/** EC2's filters of what the model has (API reference, DescribeInstances). */
function instanceFilters(vpc: VpcView, launches: Launches): FilterTable<SimInstance> {
  const zoneOf = (one: SimInstance): string | undefined => vpc.findSubnet(one.subnetId)?.availabilityZone;
  const primaryOf = (one: SimInstance): SimEni | undefined => vpc.enisOf(one.id)[0];
  return {
    architecture: (one) => [architectureOf(one.instanceType)],
    'availability-zone': (one) => [zoneOf(one)],
    'availability-zone-id': (one) => [zoneOf(one)].map((zone) => zone && zoneId(vpc, zone)),
    'client-token': (one) => [launches.tokenOf(one)],
    'ebs-optimized': () => [false],
    'ena-support': (one) => [hasEna(one.instanceType)],
    hypervisor: () => ['xen'],
    'image-id': (one) => [one.imageId],
    'instance-id': (one) => [one.id],
    'instance-state-code': (one) => [stateOf(one.state).code],
    'instance-state-name': (one) => [one.state],
    'instance-type': (one) => [one.instanceType],
    'instance.group-id': (one) => primaryOf(one)?.securityGroups ?? [],
    'instance.group-name': (one) => (primaryOf(one)?.securityGroups ?? []).map((id) => vpc.securityGroup(id).name),
    'ipv6-address': (one) => (primaryOf(one)?.ipv6Addresses ?? []).slice(0, 1),
    'launch-index': (one) => [one.launchIndex],
    'launch-time': (one) => [new Date(one.launchedAt).toISOString()],
    'metadata-options.http-endpoint': () => ['enabled'],
    'metadata-options.http-protocol-ipv4': () => ['enabled'],
    'metadata-options.http-protocol-ipv6': () => ['disabled'],
    'metadata-options.http-put-response-hop-limit': (one) => [one.metadata.hopLimit],
    'metadata-options.http-tokens': (one) => [one.metadata.tokensOptional ? 'optional' : 'required'],
    'metadata-options.instance-metadata-tags': (one) => [one.metadata.instanceTags ? 'enabled' : 'disabled'],
    'metadata-options.state': () => ['applied'],
    'monitoring-state': () => ['disabled'],
    'operator.managed': () => [false],
    'owner-id': () => [vpc.ownerId],
    'private-dns-name': (one) =>
      (primaryOf(one)?.addresses ?? []).slice(0, 1).map((address) => privateDnsName(vpc, address)),
    'private-ip-address': (one) => (primaryOf(one)?.addresses ?? []).slice(0, 1),
    'reservation-id': (one) => [one.reservationId],
    'root-device-name': () => ['/dev/xvda'],
    'root-device-type': () => ['ebs'],
    'source-dest-check': (one) => [primaryOf(one)?.sourceDestCheck],
    'subnet-id': (one) => [one.subnetId],
    tenancy: () => ['default'],
    'virtualization-type': () => ['hvm'],
    'vpc-id': () => [vpc.id],
    ...interfaceFilters(vpc),
  };
}

/** What holds for an instance when one of its ENIs has it. */
function interfaceFilters(vpc: VpcView): FilterTable<SimInstance> {
  const each =
    (values: (eni: SimEni) => readonly (string | number | boolean | undefined)[]): FilterTable<SimInstance>[string] =>
    (one) =>
      vpc.enisOf(one.id).flatMap(values);
  return {
    'network-interface.addresses.primary': each((eni) => eni.addresses.map((_, index) => index === 0)),
    'network-interface.addresses.private-dns-name': each((eni) =>
      eni.addresses.map((address) => privateDnsName(vpc, address)),
    ),
    'network-interface.addresses.private-ip-address': each((eni) => eni.addresses),
    'network-interface.attachment.attach-time': each((eni) => [
      eni.attachment && new Date(eni.attachment.attachedAt).toISOString(),
    ]),
    'network-interface.attachment.attachment-id': each((eni) => [eni.attachment?.id]),
    'network-interface.attachment.delete-on-termination': each((eni) => [eni.attachment?.deleteOnTermination]),
    'network-interface.attachment.device-index': each((eni) => [eni.attachment?.deviceIndex]),
    'network-interface.attachment.instance-id': each((eni) => [eni.attachment?.instanceId]),
    'network-interface.attachment.instance-owner-id': each((eni) => [eni.attachment && vpc.ownerId]),
    'network-interface.attachment.network-card-index': each((eni) => [eni.attachment?.networkCardIndex]),
    'network-interface.attachment.status': each((eni) => [eni.attachment?.state]),
    'network-interface.availability-zone': each((eni) => [vpc.findSubnet(eni.subnetId)?.availabilityZone]),
    'network-interface.description': each((eni) => [eni.description]),
    'network-interface.group-id': each((eni) => eni.securityGroups),
    'network-interface.group-name': each((eni) => eni.securityGroups.map((id) => vpc.securityGroup(id).name)),
    'network-interface.ipv4-prefixes.ipv4-prefix': each((eni) => eni.prefixes.map(formatCidr)),
    'network-interface.ipv6-address': each((eni) => eni.ipv6Addresses.slice(0, 1)),
    'network-interface.ipv6-addresses.ipv6-address': each((eni) => eni.ipv6Addresses),
    'network-interface.ipv6-addresses.is-primary-ipv6': each((eni) => eni.ipv6Addresses.map(() => false)),
    'network-interface.ipv6-prefixes.ipv6-prefix': each((eni) => eni.ipv6Prefixes.map(formatCidr)),
    'network-interface.mac-address': each((eni) => [eni.mac]),
    'network-interface.network-interface-id': each((eni) => [eni.id]),
    'network-interface.operator.managed': each(() => [false]),
    'network-interface.owner-id': each(() => [vpc.ownerId]),
    'network-interface.private-dns-name': each((eni) =>
      eni.addresses.slice(0, 1).map((address) => privateDnsName(vpc, address)),
    ),
    'network-interface.private-ip-address': each((eni) => eni.addresses.slice(0, 1)),
    'network-interface.requester-managed': each(() => [false]),
    'network-interface.source-dest-check': each((eni) => [eni.sourceDestCheck]),
    'network-interface.status': each((eni) => [eniStatus(eni)]),
    'network-interface.subnet-id': each((eni) => [eni.subnetId]),
    'network-interface.tag-key': each((eni) => Object.keys(eni.tags)),
    'network-interface.tag-value': each((eni) => Object.values(eni.tags)),
    'network-interface.vpc-id': each(() => [vpc.id]),
  };
}

/** What the model's indexes know about one value of a filter. */
function lookUp(vpc: VpcView, name: string, value: string): readonly string[] | undefined {
  switch (name) {
    case 'instance-id':
      return [value];
    case 'network-interface.network-interface-id':
      return instanceOf(vpc.findEni(value));
    case 'private-ip-address':
    case 'network-interface.addresses.private-ip-address':
    case 'network-interface.private-ip-address':
      return instanceOf(vpc.eniByAddress(value));
    case 'network-interface.mac-address':
      return instanceOf(vpc.eniByMac(value));
    default:
      return undefined;
  }
}

function instanceOf(eni: SimEni | undefined): readonly string[] {
  return eni?.attachment === undefined ? [] : [eni.attachment.instanceId];
}

/** Instances of one launch as EC2 groups them. */
export function reservationFields(
  { vpc, launches }: { readonly vpc: VpcView; readonly launches: Launches },
  machines: readonly SimInstance[],
): { readonly [name: string]: Xml } {
  const [first] = machines;
  return {
    reservationId: first?.reservationId,
    ownerId: vpc.ownerId,
    groupSet: '',
    instancesSet: items(machines.map((one) => instance(vpc, one, launches.tokenOf(one)))),
  };
}

/** Lists instances by reservation, as late or wrong as the answer is told to be. */
export const describeInstances: Action = (parameters, { launches }) => {
  const ids = parameters.ids('InstanceId', 'instance');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids, idsOrPages: true, filters });
  return (vpc) => {
    const candidates = candidateIds(filters, (name, value) => lookUp(vpc, name, value));
    const machines =
      ids.length > 0
        ? [...new Set(ids)].map((id) => vpc.instance(id))
        : (candidates?.flatMap((id) => vpc.findInstance(id) ?? []) ?? vpc.instances());
    const matching = applyFilters(machines, filters, instanceFilters(vpc, launches));
    const { items: found, nextToken } = takePage(matching, page, (one) => one.id);
    const reservations = Map.groupBy(found, (one) => one.reservationId);
    return {
      reservationSet: items([...reservations.values()].map((some) => reservationFields({ vpc, launches }, some))),
      nextToken,
    };
  };
};

import { eniStatus, privateDnsName, type SimEni, type VpcView } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, candidateIds, type FilterTable, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { networkInterface, zoneId } from '../shapes/index.ts';
import { items } from '../xml.ts';

/** EC2's filters of what the model has (API reference, DescribeNetworkInterfaces). */
function eniFilters(vpc: VpcView): FilterTable<SimEni> {
  const zoneOf = (eni: SimEni): string => vpc.subnet(eni.subnetId).availabilityZone;
  return {
    'addresses.primary': (eni) => eni.addresses.map((_, index) => index === 0),
    'addresses.private-ip-address': (eni) => eni.addresses,
    'attachment.attach-time': (eni) => [eni.attachment && new Date(eni.attachment.attachedAt).toISOString()],
    'attachment.attachment-id': (eni) => [eni.attachment?.id],
    'attachment.delete-on-termination': (eni) => [eni.attachment?.deleteOnTermination],
    'attachment.device-index': (eni) => [eni.attachment?.deviceIndex],
    'attachment.instance-id': (eni) => [eni.attachment?.instanceId],
    'attachment.instance-owner-id': (eni) => (eni.attachment ? [vpc.ownerId] : []),
    'attachment.status': (eni) => [eni.attachment?.state],
    'availability-zone': (eni) => [zoneOf(eni)],
    'availability-zone-id': (eni) => [zoneId(vpc, zoneOf(eni))],
    description: (eni) => [eni.description],
    'group-id': (eni) => eni.securityGroups,
    'interface-type': (eni) => [eni.interfaceType],
    'ipv6-addresses.ipv6-address': (eni) => eni.ipv6Addresses,
    'mac-address': (eni) => [eni.mac],
    'network-interface-id': (eni) => [eni.id],
    'operator.managed': () => [false],
    'owner-id': () => [vpc.ownerId],
    'private-dns-name': (eni) => eni.addresses.slice(0, 1).map((address) => privateDnsName(vpc, address)),
    // "The private IPv4 address or addresses", not the primary one alone.
    'private-ip-address': (eni) => eni.addresses,
    'requester-managed': () => [false],
    'source-dest-check': (eni) => [eni.sourceDestCheck],
    status: (eni) => [eniStatus(eni)],
    'subnet-id': (eni) => [eni.subnetId],
    'vpc-id': () => [vpc.id],
  };
}

/** What the model's indexes know about one value of a filter. */
function lookUp(vpc: VpcView, name: string, value: string): ReadonlySet<string> | readonly string[] | undefined {
  if (name.startsWith('tag:')) return vpc.eniIdsBy('tag', `${name.slice('tag:'.length)}\0${value}`);
  switch (name) {
    case 'attachment.instance-id':
      return vpc.eniIdsBy('instance-id', value);
    case 'attachment.attachment-id':
      return vpc.eniIdsBy('attachment-id', value);
    case 'subnet-id':
    case 'group-id':
    case 'status':
    case 'tag-key':
      return vpc.eniIdsBy(name, value);
    case 'network-interface-id':
      return [value];
    case 'mac-address':
      return idOf(vpc.eniByMac(value));
    case 'addresses.private-ip-address':
    case 'private-ip-address':
    case 'ipv6-addresses.ipv6-address':
      return idOf(vpc.eniByAddress(value));
    default:
      return undefined;
  }
}

function idOf(eni: SimEni | undefined): readonly string[] {
  return eni === undefined ? [] : [eni.id];
}

/** Lists ENIs, as late or wrong as the answer is told to be. */
export const describeNetworkInterfaces: Action = (parameters) => {
  const ids = parameters.ids('NetworkInterfaceId', 'network-interface');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids, idsOrPages: true, filters });
  return (vpc) => {
    const candidates = candidateIds(filters, (name, value) => lookUp(vpc, name, value));
    const enis =
      ids.length > 0
        ? [...new Set(ids)].map((id) => vpc.eni(id))
        : (candidates?.flatMap((id) => vpc.findEni(id) ?? []) ?? vpc.enis());
    const matching = applyFilters(enis, filters, eniFilters(vpc));
    const { items: found, nextToken } = takePage(matching, page, (eni) => eni.id);
    return { networkInterfaceSet: items(found.map((eni) => networkInterface(vpc, eni))), nextToken };
  };
};

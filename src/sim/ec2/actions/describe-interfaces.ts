import { privateDnsName, type SimEni, type SimInstance, type SimVpc } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, type FilterTable, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { instance, networkInterface, statusOf } from '../shapes.ts';
import { items } from '../xml.ts';

function eniFilters(vpc: SimVpc): FilterTable<SimEni> {
  return {
    'addresses.primary': (eni) => eni.addresses.map((_, index) => index === 0),
    'addresses.private-ip-address': (eni) => eni.addresses,
    'attachment.attachment-id': (eni) => [eni.attachment?.id],
    'attachment.delete-on-termination': (eni) => [eni.attachment?.deleteOnTermination],
    'attachment.device-index': (eni) => [eni.attachment?.deviceIndex],
    'attachment.instance-id': (eni) => [eni.attachment?.instanceId],
    'attachment.instance-owner-id': (eni) => (eni.attachment ? [vpc.ownerId] : []),
    'attachment.network-card-index': (eni) => [eni.attachment?.networkCardIndex],
    'attachment.status': (eni) => [eni.attachment?.state],
    'availability-zone': (eni) => [vpc.subnet(eni.subnetId).availabilityZone],
    description: (eni) => [eni.description],
    'group-id': (eni) => eni.securityGroups,
    'interface-type': () => ['interface'],
    'mac-address': (eni) => [eni.mac],
    'network-interface-id': (eni) => [eni.id],
    'owner-id': () => [vpc.ownerId],
    'private-dns-name': (eni) => eni.addresses.slice(0, 1).map((address) => privateDnsName(vpc, address)),
    'private-ip-address': (eni) => eni.addresses.slice(0, 1),
    'requester-managed': () => [false],
    'source-dest-check': () => [true],
    status: (eni) => [statusOf(eni)],
    'subnet-id': (eni) => [eni.subnetId],
    'vpc-id': () => [vpc.id],
  };
}

function instanceFilters(vpc: SimVpc): FilterTable<SimInstance> {
  return {
    'availability-zone': (one) => [vpc.subnet(one.subnetId).availabilityZone],
    'instance-id': (one) => [one.id],
    'instance-state-code': () => [16],
    'instance-state-name': () => ['running'],
    'instance-type': (one) => [one.instanceType],
    'network-interface.network-interface-id': (one) => vpc.enisOf(one.id).map((eni) => eni.id),
    'network-interface.addresses.private-ip-address': (one) => vpc.enisOf(one.id).flatMap((eni) => eni.addresses),
    'owner-id': () => [vpc.ownerId],
    'private-dns-name': (one) => primaryAddress(vpc, one).map((address) => privateDnsName(vpc, address)),
    'private-ip-address': (one) => primaryAddress(vpc, one),
    'subnet-id': (one) => [one.subnetId],
    'vpc-id': () => [vpc.id],
  };
}

export const describeNetworkInterfaces: Action = (parameters, { vpc }) => {
  const ids = parameters.list('NetworkInterfaceId');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids });
  return () => {
    const enis = ids.length > 0 ? ids.map((id) => vpc.eni(id)) : vpc.enis();
    const { items: found, nextToken } = takePage(applyFilters(enis, filters, eniFilters(vpc)), page);
    return { networkInterfaceSet: items(found.map((eni) => networkInterface(vpc, eni))), nextToken };
  };
};

export const describeInstances: Action = (parameters, { vpc }) => {
  const ids = parameters.list('InstanceId');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids });
  return () => {
    const machines = ids.length > 0 ? ids.map((id) => vpc.instance(id)) : vpc.instances();
    const { items: found, nextToken } = takePage(applyFilters(machines, filters, instanceFilters(vpc)), page);
    const reservations = found.map((one) => ({
      reservationId: one.id.replace(/^i-/, 'r-'),
      ownerId: vpc.ownerId,
      groupSet: '',
      instancesSet: items([instance(vpc, one)]),
    }));
    return { reservationSet: items(reservations), nextToken };
  };
};

function primaryAddress(vpc: SimVpc, one: SimInstance): SimEni['addresses'] {
  return vpc.enisOf(one.id)[0]?.addresses.slice(0, 1) ?? [];
}

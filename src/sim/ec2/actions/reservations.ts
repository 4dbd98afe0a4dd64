import { parseIpv4Cidr, parseIpv6Cidr } from '../../../addr/index.ts';
import { type Cidr, type CidrReservation, SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { isIpv6Cidr, reservation } from '../shapes/index.ts';
import { items } from '../xml.ts';
import { readTagSpecifications } from './requests.ts';

/** Keeps a part of a subnet for prefixes, or for addresses asked for by name. */
export const createSubnetCidrReservation: Action = (parameters, { vpc }) => {
  const subnetId = parameters.requiredId('SubnetId', 'subnet');
  const cidr = readCidr(parameters.required('Cidr'));
  parameters.required('ReservationType');
  const type = parameters.choice('ReservationType', ['prefix', 'explicit']) ?? 'prefix';
  const description = parameters.text('Description') ?? '';
  const tags = readTagSpecifications(parameters, ['subnet-cidr-reservation'])('subnet-cidr-reservation');
  return () => {
    const made = vpc.createReservation({ subnetId, cidr, type, description, tags });
    return { subnetCidrReservation: reservation(vpc, made) };
  };
};

/** Gives a part of a subnet free again. */
export const deleteSubnetCidrReservation: Action = (parameters, { vpc }) => {
  const id = parameters.requiredId('SubnetCidrReservationId', 'subnet-cidr-reservation');
  return () => ({ deletedSubnetCidrReservation: reservation(vpc, vpc.deleteReservation(id)) });
};

/** Lists what is kept of a subnet, IPv4 and IPv6 apart. */
export const getSubnetCidrReservations: Action = (parameters, { vpc }) => {
  const subnetId = parameters.requiredId('SubnetId', 'subnet');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 1000, ids: [], filters });
  return () => {
    vpc.subnet(subnetId);
    const matching = applyFilters(vpc.reservationsOf(subnetId), filters, {
      reservationType: ({ type }) => [type],
      'subnet-id': (one) => [one.subnetId],
    });
    const { items: found, nextToken } = takePage(matching, page, ({ id }) => id);
    const shown = (some: readonly CidrReservation[]) => items(some.map((one) => reservation(vpc, one)));
    return {
      subnetIpv4CidrReservationSet: shown(found.filter(({ cidr }) => !isIpv6Cidr(cidr))),
      subnetIpv6CidrReservationSet: shown(found.filter(({ cidr }) => isIpv6Cidr(cidr))),
      nextToken,
    };
  };
};

function readCidr(text: string): Cidr {
  try {
    return text.includes(':') ? parseIpv6Cidr(text) : parseIpv4Cidr(text);
  } catch {
    throw new SimFault('InvalidParameterValue', `Value (${text}) for parameter Cidr is invalid`);
  }
}

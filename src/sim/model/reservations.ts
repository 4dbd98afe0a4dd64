import { formatCidr, type Ipv4Cidr, type Ipv6Cidr, ipv6NetworkOf, networkOf } from '../../addr/index.ts';
import { holdsCidr, holdsCidr6, isIpv4Cidr, overlaps } from './cidrs.ts';
import { SimFault } from './fault.ts';
import { PREFIX6_LENGTH } from './holders.ts';
import { PREFIX_LENGTH } from './space.ts';
import { needSubnet, type SubnetRecord, type VpcState } from './state.ts';
import type { Cidr, CidrReservation, Tags } from './types.ts';

/** What a reservation is made from. */
export interface ReservationRequest {
  readonly subnetId: string;
  readonly cidr: Cidr;
  readonly type: CidrReservation['type'];
  readonly description?: string | undefined;
  readonly tags?: Tags | undefined;
}

/** Keeps a part of a subnet. Addresses in use there stay in use. */
export function createReservation(state: VpcState, request: ReservationRequest): CidrReservation {
  const record = needSubnet(state, request.subnetId);
  const cidr = isIpv4Cidr(request.cidr) ? networkOf(request.cidr) : ipv6NetworkOf(request.cidr);
  const text = formatCidr(cidr);
  if (!liesIn(record, cidr))
    throw new SimFault('InvalidParameterValue', `The CIDR '${text}' is not within subnet '${record.subnet.id}'`);
  if (cidr.prefixLength > (isIpv4Cidr(cidr) ? PREFIX_LENGTH : PREFIX6_LENGTH) && request.type === 'prefix')
    throw new SimFault('InvalidParameterValue', `The CIDR '${text}' has no room for a prefix`);
  const other = [...record.reservations.values()].find((one) => conflict(one.cidr, cidr));
  if (other !== undefined)
    throw new SimFault('InvalidParameterValue', `The CIDR '${text}' conflicts with reservation '${other.id}'`);
  const reservation: CidrReservation = {
    id: state.ids.next('scr'),
    subnetId: record.subnet.id,
    cidr,
    type: request.type,
    description: request.description ?? '',
    tags: request.tags ?? {},
  };
  record.reservations.set(reservation.id, reservation);
  state.subnetByReservation.set(reservation.id, record.subnet.id);
  if (isIpv4Cidr(cidr)) record.space.keep(cidr, true);
  return reservation;
}

/** Gives a part of a subnet free again; who holds addresses there keeps them. */
export function deleteReservation(state: VpcState, id: string): CidrReservation {
  const { record, reservation } = needReservation(state, id);
  record.reservations.delete(id);
  state.subnetByReservation.delete(id);
  if (isIpv4Cidr(reservation.cidr)) record.space.keep(reservation.cidr, false);
  return reservation;
}

/** The reservation with its subnet, or EC2's complaint. */
export function needReservation(
  state: VpcState,
  id: string,
): { readonly record: SubnetRecord; readonly reservation: CidrReservation } {
  const record = state.subnets.get(state.subnetByReservation.get(id) ?? '');
  const reservation = record?.reservations.get(id);
  if (record === undefined || reservation === undefined)
    throw new SimFault('InvalidSubnetCidrReservationID.NotFound', `The subnet CIDR reservation '${id}' does not exist`);
  return { record, reservation };
}

/** The parts of a subnet that only prefixes come from. */
export function prefixReservations(record: SubnetRecord): readonly Cidr[] {
  return [...record.reservations.values()].filter(({ type }) => type === 'prefix').map(({ cidr }) => cidr);
}

/** The reserved network that shares an address with this one. */
export function reservationOver(record: SubnetRecord, wanted: Ipv6Cidr): Ipv6Cidr | undefined {
  return [...record.reservations.values()]
    .flatMap(({ cidr }) => (isIpv4Cidr(cidr) ? [] : [cidr]))
    .find((cidr) => conflict(cidr, wanted));
}

function liesIn({ subnet }: SubnetRecord, cidr: Ipv4Cidr | Ipv6Cidr): boolean {
  if (isIpv4Cidr(cidr)) return holdsCidr(subnet.cidr, cidr);
  const block = subnet.ipv6?.cidr;
  return block !== undefined && !isIpv4Cidr(block) && holdsCidr6(block, cidr);
}

function conflict(one: Cidr, other: Cidr): boolean {
  if (isIpv4Cidr(one)) return isIpv4Cidr(other) && overlaps(one, other);
  return !isIpv4Cidr(other) && (holdsCidr6(one, other) || holdsCidr6(other, one));
}

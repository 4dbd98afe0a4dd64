import { expect } from 'bun:test';
import { cidrSize } from '../../../src/addr/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';

/** Ends and deletes everything in a VPC. Nothing may stand in the way, and nothing may be left but what EC2 never deletes. */
export function takeApart(vpc: SimVpc): void {
  for (const { id } of vpc.instances()) {
    vpc.terminateInstance(id);
    vpc.forgetInstance(id);
  }
  for (const { id } of vpc.trunkAssociations()) vpc.disassociateTrunk(id);
  for (const { id, securityGroups } of vpc.enis()) {
    if (securityGroups.length > 1) vpc.setSecurityGroups(id, securityGroups.slice(1));
    vpc.deleteEni(id);
  }
  for (const { id, cidr, ipv6 } of vpc.subnets()) {
    for (const reservation of vpc.reservationsOf(id)) vpc.deleteReservation(reservation.id);
    vpc.defragmentSubnet(id);
    vpc.releaseStrangers(id);
    expect(vpc.availableAddresses(id)).toBe(cidrSize(cidr) - 5);
    // Every /28 but the first and the last is whole again.
    vpc.fragmentSubnet(id);
    expect(vpc.strangersOf(id).length).toBe(Math.max(0, cidrSize(cidr) / 16 - 2));
    if (ipv6 !== undefined) vpc.disassociateSubnetCidr(ipv6.id);
    vpc.deleteSubnet(id);
  }
  for (const { id, rules } of vpc.securityGroups())
    vpc.revokeRules({ groupId: id, ruleIds: rules.map((one) => one.id) });
  for (const { id } of vpc.securityGroups()) if (id !== vpc.defaultGroupId) vpc.deleteSecurityGroup(id);
  for (const { id } of [...vpc.cidrs().slice(1), ...vpc.ipv6Cidrs()]) vpc.disassociateCidr(id);
  expect({
    enis: vpc.enis(),
    instances: vpc.instances(),
    associations: vpc.trunkAssociations(),
    subnets: vpc.subnets(),
    groups: vpc.securityGroups().map((one) => one.name),
    networks: [vpc.cidrs().length, vpc.ipv6Cidrs().length],
  }).toEqual({ enis: [], instances: [], associations: [], subnets: [], groups: ['default'], networks: [1, 0] });
}

import type { SimVpc } from '../../../src/sim/model/index.ts';
import { block64, cidr, smallVpc } from './support.ts';

/** The clock of a random run, in milliseconds. */
export interface RandomClock {
  now: number;
}

/** A VPC that is small in every way, so that a few steps reach each of its limits, with something in it to begin with. */
export function crampedVpc(clock: RandomClock): SimVpc {
  const vpc = smallVpc(
    { now: () => clock.now },
    {
      cidrs: [cidr('10.0.0.0/23')],
      ipv6: true,
      subnets: [],
      quotas: { enis: 12, groupsPerEni: 2, rulesPerDirection: 4, groups: 5, cidrs: 3 },
    },
  );
  vpc.createSubnet({ cidr: cidr('10.0.0.0/26'), ipv6Cidr: block64(vpc, 0) });
  vpc.createSubnet({ cidr: cidr('10.0.0.64/28'), availabilityZone: 'us-east-1b', ipv6Cidr: block64(vpc, 1) });
  vpc.createSubnet({ cidr: cidr('10.0.1.0/25') });
  const subnetId = vpc.subnets()[0]?.id ?? '';
  vpc.runInstance({
    name: 'n0',
    instanceType: 'm5.large',
    subnetId,
    interfaces: [{ deviceIndex: 2, interfaceType: 'trunk' }],
  });
  for (const interfaceType of ['interface', 'trunk', 'interface'] as const) vpc.createEni({ subnetId, interfaceType });
  for (const name of ['web', 'db']) vpc.createSecurityGroup({ name });
  return vpc;
}

import { describe, expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';
import { cidr, faultOf, smallVpc, subnetId } from './support.ts';

const networks = (vpc: SimVpc): readonly string[] => vpc.cidrs().map((one) => formatCidr(one.cidr));

describe('networks of a VPC', () => {
  test('the primary one comes first and stays, another comes with a subnet in it and goes without', () => {
    const vpc = smallVpc();
    const told: string[] = [];
    vpc.observe(({ kind }) => told.push(kind));
    const second = vpc.associateCidr({ cidr: cidr('100.64.0.5/16') });
    const { id } = vpc.createSubnet({ cidr: cidr('100.64.3.0/24') });
    expect([networks(vpc), formatCidr(vpc.cidr)]).toEqual([['10.0.0.0/16', '100.64.0.0/16'], '10.0.0.0/16']);
    expect(faultOf(() => vpc.disassociateCidr(second.id))).toBe('InvalidCidrBlock.InUse');
    vpc.deleteSubnet(id);
    expect(vpc.disassociateCidr(second.id)).toEqual(second);
    expect(faultOf(() => vpc.disassociateCidr(vpc.cidrs()[0]?.id ?? ''))).toBe('OperationNotPermitted');
    expect(told).toEqual(Array(4).fill('vpc-changed'));
  });

  const faults: readonly { name: string; code: string; run: (vpc: SimVpc) => unknown }[] = [
    {
      name: 'an overlapping network',
      code: 'CidrConflict',
      run: (v) => v.associateCidr({ cidr: cidr('10.0.9.0/24') }),
    },
    {
      name: 'a network too large',
      code: 'InvalidVpc.Range',
      run: (v) => v.associateCidr({ cidr: cidr('11.0.0.0/8') }),
    },
    {
      name: "a network of a private range that is not the primary one's",
      code: 'InvalidVpc.Range',
      run: (v) => v.associateCidr({ cidr: cidr('192.168.0.0/16') }),
    },
    {
      name: 'a sixth network',
      code: 'CidrLimitExceeded',
      run: (v) => {
        for (let n = 1; n <= 5; n += 1) v.associateCidr({ cidr: cidr(`10.${n}.0.0/16`) });
      },
    },
    {
      name: 'a 201st subnet',
      code: 'SubnetLimitExceeded',
      run: (v) => {
        for (let n = 0; n < 199; n += 1) v.createSubnet({ cidr: cidr(`10.0.${128 + (n >> 4)}.${(n % 16) * 16}/28`) });
      },
    },
    {
      name: 'to take away what is not there',
      code: 'InvalidVpcCidrBlockAssociationID.NotFound',
      run: (v) => v.disassociateCidr('vpc-cidr-assoc-0'),
    },
    {
      name: 'to take an IPv6 block away that is not there',
      code: 'InvalidSubnetCidrBlockAssociationID.NotFound',
      run: (v) => v.disassociateSubnetCidr('subnet-cidr-assoc-0'),
    },
    {
      name: 'a subnet too small',
      code: 'InvalidSubnet.Range',
      run: (v) => v.createSubnet({ cidr: cidr('10.0.9.0/29') }),
    },
    {
      name: 'a subnet in a zone of another region',
      code: 'InvalidParameterValue',
      run: (v) => v.createSubnet({ cidr: cidr('10.0.9.0/24'), availabilityZone: 'eu-west-1a' }),
    },
    {
      name: 'to delete a subnet with an ENI',
      code: 'DependencyViolation',
      run: (v) => {
        v.createEni({ subnetId: subnetId(v) });
        v.deleteSubnet(subnetId(v));
      },
    },
    {
      name: 'a reservation outside its subnet',
      code: 'InvalidParameterValue',
      run: (v) => v.createReservation({ subnetId: subnetId(v), cidr: cidr('10.0.9.0/28'), type: 'prefix' }),
    },
    {
      name: 'a reservation with no room for a prefix',
      code: 'InvalidParameterValue',
      run: (v) => v.createReservation({ subnetId: subnetId(v), cidr: cidr('10.0.1.16/29'), type: 'prefix' }),
    },
    {
      name: 'an ENI beyond the quota',
      code: 'NetworkInterfaceLimitExceeded',
      run: () => {
        const full = smallVpc(undefined, { quotas: { enis: 1 } });
        const request = { subnetId: subnetId(full) };
        full.createEni(request);
        full.createEni(request);
      },
    },
  ];
  for (const { name, code, run } of faults)
    test(`refuses ${name}`, () => expect(faultOf(() => run(smallVpc()))).toBe(code));

  test('tags go as they came: one, one with a value, or all', () => {
    const vpc = smallVpc();
    const id = subnetId(vpc);
    vpc.createTags({ resourceIds: [id, vpc.id], tags: { a: '1', b: '2' } });
    vpc.deleteTags({ resourceIds: [id], tags: [{ key: 'a', value: '9' }, { key: 'b' }, { key: 'none' }] });
    expect(vpc.subnet(id).tags).toEqual({ tier: 'pods', a: '1' });
    expect(faultOf(() => vpc.deleteTags({ resourceIds: [id, 'subnet-0'] }))).toBe('InvalidSubnetID.NotFound');
    vpc.deleteTags({ resourceIds: [id] });
    expect([vpc.subnet(id).tags, vpc.tags]).toEqual([{}, { a: '1', b: '2' }]);
  });
});

describe('quotas of an account, unless told otherwise', () => {
  const many = (most: number, make: (n: number) => unknown): void => {
    for (let n = 0; n < most; n += 1) make(n);
  };
  test('5,000 ENIs', () => {
    const vpc = smallVpc(undefined, { subnets: [{ cidr: cidr('10.0.0.0/19') }] });
    const create = (): unknown => vpc.createEni({ subnetId: subnetId(vpc) });
    many(5000, create);
    expect([faultOf(create), vpc.enis().length]).toEqual(['NetworkInterfaceLimitExceeded', 5000]);
  });

  test('2,500 security groups, the default one among them', () => {
    const vpc = smallVpc();
    const create = (n: number): unknown => vpc.createSecurityGroup({ name: `group ${n}`, description: 'x' });
    many(2499, create);
    expect([faultOf(() => create(2499)), vpc.securityGroups().length]).toEqual(['SecurityGroupLimitExceeded', 2500]);
  });
});

import { ipv6FromBigInt, ipv6ToBigInt, isIpv6 } from '../../../../src/addr/index.ts';
import type { SimVpc } from '../../../../src/sim/model/index.ts';
import { NEWER, NOT_IN_STORY, need, type Story } from './story.ts';

const SUBNET = ['enableDns64', 'ipv6Native', 'mapCustomerOwnedIpOnLaunch', 'privateDnsNameOptionsOnLaunch', 'tagSet'];

/** The `index`th /64 of the VPC's IPv6 block. */
function ipv6Subnet(vpc: SimVpc, index: number): string {
  const block = need(vpc.ipv6Cidrs()[0]).cidr.address;
  return `${ipv6FromBigInt((isIpv6(block) ? ipv6ToBigInt(block) : 0n) + (BigInt(index) << 64n))}/64`;
}

const lastSubnet = (vpc: SimVpc): string => need(vpc.subnets().at(-1)).id;

/** The VPC, its networks and subnets, and what is kept back in them. */
export const networks: Story = {
  name: 'networks',
  steps: [
    {
      action: 'AssociateVpcCidrBlock',
      input: ({ vpc }) => ({ VpcId: vpc.id, CidrBlock: '10.2.0.0/16' }),
    },
    {
      action: 'CreateTags',
      input: ({ vpc }) => ({ Resources: [vpc.id], Tags: [{ Key: 'Name', Value: 'MyVPC' }] }),
    },
    {
      action: 'DescribeVpcs',
      input: ({ vpc }) => ({ VpcIds: [vpc.id] }),
      differences: { 'the VPC of the example has no IPv6': ['+vpcSet.ipv6CidrBlockAssociationSet'] },
    },
    {
      action: 'CreateSubnet',
      input: ({ vpc }) => ({
        VpcId: vpc.id,
        CidrBlock: '10.2.0.0/24',
        AvailabilityZone: 'us-east-1b',
        Ipv6CidrBlock: ipv6Subnet(vpc, 7),
        TagSpecifications: [{ ResourceType: 'subnet', Tags: [{ Key: 'tier', Value: 'more' }] }],
      }),
      differences: {
        [NEWER]: SUBNET.map((name) => `+subnet.${name}`),
      },
    },
    {
      action: 'ModifySubnetAttribute',
      input: ({ vpc }) => ({ SubnetId: lastSubnet(vpc), MapPublicIpOnLaunch: { Value: true } }),
    },
    {
      action: 'DescribeSubnets',
      input: ({ vpc }) => ({
        Filters: [
          { Name: 'cidr-block', Values: ['10.2.*'] },
          { Name: 'vpc-id', Values: [vpc.id] },
        ],
      }),
      differences: {
        [NEWER]: SUBNET.map((name) => `+subnetSet.${name}`),
      },
    },
    {
      action: 'CreateSubnetCidrReservation',
      input: ({ vpc }) => ({
        SubnetId: lastSubnet(vpc),
        Cidr: '10.2.0.64/26',
        ReservationType: 'prefix',
        Description: 'for pods',
        TagSpecifications: [{ ResourceType: 'subnet-cidr-reservation', Tags: [{ Key: 'for', Value: 'pods' }] }],
      }),
    },
    {
      action: 'GetSubnetCidrReservations',
      input: ({ vpc }) => ({ SubnetId: lastSubnet(vpc), Filters: [{ Name: 'tag:for', Values: ['pods'] }] }),
      differences: {
        [NOT_IN_STORY]: [
          'cidr',
          'description',
          'ownerId',
          'reservationType',
          'subnetCidrReservationId',
          'subnetId',
          'tagSet',
        ].map((name) => `-subnetIpv6CidrReservationSet.${name}`),
      },
    },
    {
      action: 'DeleteSubnetCidrReservation',
      input: ({ vpc }) => ({ SubnetCidrReservationId: need(vpc.reservationsOf(lastSubnet(vpc))[0]).id }),
    },
    {
      action: 'DisassociateSubnetCidrBlock',
      input: ({ vpc }) => ({ AssociationId: need(need(vpc.subnets().at(-1)).ipv6).id }),
      differences: { [NEWER]: ['+requestId'] },
    },
    {
      action: 'AssociateSubnetCidrBlock',
      input: ({ vpc }) => ({ SubnetId: lastSubnet(vpc), Ipv6CidrBlock: ipv6Subnet(vpc, 8) }),
    },
    {
      action: 'DeleteSubnet',
      input: ({ vpc }) => ({ SubnetId: lastSubnet(vpc) }),
    },
    {
      action: 'AssociateVpcCidrBlock',
      input: ({ vpc }) => ({ VpcId: vpc.id, AmazonProvidedIpv6CidrBlock: true }),
      differences: {
        'the example is of an IPv4 network': ['+ipv6CidrBlockAssociation', '-cidrBlockAssociation'],
      },
    },
    {
      action: 'DisassociateVpcCidrBlock',
      input: ({ vpc }) => ({ AssociationId: need(vpc.ipv6Cidrs().at(-1)).id }),
      differences: {
        [NEWER]: ['+requestId', '+ipv6CidrBlockAssociation.ipv6Pool', '+ipv6CidrBlockAssociation.networkBorderGroup'],
      },
    },
    {
      action: 'DescribeAvailabilityZones',
      input: () => ({ ZoneNames: ['us-east-1a'] }),
      differences: {
        'the simulator knows no geography': ['geographySet', 'groupLongName', 'subGeographySet'].map(
          (name) => `-availabilityZoneInfo.${name}`,
        ),
      },
    },
  ],
};

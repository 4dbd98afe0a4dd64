import { expect, test } from 'bun:test';
import { parseIpv4, parseMac } from '../../src/addr/index.ts';
import { parseEni, parseLimits, parseSubnet } from '../../src/aws/parse-ec2.ts';
import { toHostError } from '../../src/errors/index.ts';

const ENI = { NetworkInterfaceId: 'eni-1', MacAddress: '02:00:00:00:00:01', SubnetId: 'subnet-1' };
const attachment = { AttachmentId: 'eni-attach-1', DeviceIndex: 1, Status: 'attached' } as const;

test('parseEni() puts the primary address first, whatever the order of the answer', () => {
  const { addresses, primaryAddress } = parseEni('DescribeNetworkInterfaces', {
    ...ENI,
    PrivateIpAddresses: [
      { PrivateIpAddress: '10.0.0.12', Primary: false },
      { PrivateIpAddress: '10.0.0.11' },
      { PrivateIpAddress: '10.0.0.10', Primary: true },
    ],
  });
  expect([primaryAddress, addresses]).toEqual([
    parseIpv4('10.0.0.10'),
    ['10.0.0.10', '10.0.0.12', '10.0.0.11'].map(parseIpv4),
  ]);
});

test('parseEni() reads an ENI that has nothing but its name', () => {
  expect(parseEni('DescribeNetworkInterfaces', ENI)).toEqual({
    id: 'eni-1',
    mac: parseMac('02:00:00:00:00:01'),
    subnetId: 'subnet-1',
    addresses: [],
    primaryAddress: undefined,
    prefixes: [],
    ipv6Prefixes: [],
    attachment: undefined,
    interfaceType: 'interface',
    description: '',
    tags: {},
    securityGroups: [],
  });
});

test('parseSubnet() passes over a subnet of IPv6 alone, and knows one that says nothing', () => {
  const action = 'DescribeSubnets';
  expect(parseSubnet(action, { SubnetId: 'subnet-1', Ipv6Native: true })).toBeUndefined();
  expect(() => parseSubnet(action, { SubnetId: 'subnet-1' })).toThrow('EC2 answered DescribeSubnets without CidrBlock');
});

const bad = [
  { name: 'no id', eni: { ...ENI, NetworkInterfaceId: undefined }, missing: 'NetworkInterfaceId' },
  {
    name: 'a MAC that is none',
    eni: { ...ENI, MacAddress: '02' },
    missing: 'a valid MacAddress ("02" is not a MAC address)',
  },
  {
    name: 'an attachment without a device',
    eni: { ...ENI, Attachment: { ...attachment, DeviceIndex: undefined } },
    missing: 'Attachment.DeviceIndex',
  },
  {
    name: 'an address that is none',
    eni: { ...ENI, PrivateIpAddresses: [{ PrivateIpAddress: 'x', Primary: true }] },
    missing: 'a valid PrivateIpAddress ("x" is not an IPv4 address)',
  },
];
for (const { name, eni, missing } of bad) {
  test(`parseEni() names ${name}`, () => {
    let failure: unknown;
    try {
      parseEni('DescribeNetworkInterfaces', eni);
    } catch (error) {
      failure = toHostError(error);
    }
    expect(failure).toMatchObject({
      code: 'EC2_BAD_ANSWER',
      details: { action: 'DescribeNetworkInterfaces', missing },
    });
  });
}

test('parseLimits() takes the figures of the default card', () => {
  expect(
    parseLimits('DescribeInstanceTypes', {
      InstanceType: 'p4d.24xlarge',
      BareMetal: false,
      Hypervisor: 'nitro',
      NetworkInfo: {
        MaximumNetworkInterfaces: 60,
        Ipv4AddressesPerInterface: 50,
        DefaultNetworkCardIndex: 0,
        NetworkCards: [
          { NetworkCardIndex: 1, MaximumNetworkInterfaces: 14 },
          { NetworkCardIndex: 0, MaximumNetworkInterfaces: 15 },
        ],
      },
    }),
  ).toEqual({
    instanceType: 'p4d.24xlarge',
    maxEnis: 15,
    ipv4PerEni: 50,
    cards: [15, 14],
    hypervisor: 'nitro',
    bareMetal: false,
  });
});

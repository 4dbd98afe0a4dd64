import { lastEni, NEWER, need, type Story } from './story.ts';

const ENI = ['+networkInterface.availabilityZoneId', '+networkInterface.interfaceType', '+networkInterface.operator'];

/** ENIs from the first to the last of their days. */
export const interfaces: Story = {
  name: 'interfaces',
  steps: [
    {
      action: 'CreateNetworkInterface',
      input: ({ subnet }) => ({ SubnetId: subnet, ClientToken: 'story' }),
      differences: { [NEWER]: [...ENI, '+clientToken'] },
    },
    {
      action: 'AttachNetworkInterface',
      input: ({ vpc, node }) => ({ NetworkInterfaceId: lastEni(vpc).id, InstanceId: node, DeviceIndex: 1 }),
      passing: 1500,
      differences: { [NEWER]: ['+networkCardIndex'] },
    },
    {
      action: 'ModifyNetworkInterfaceAttribute',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, SourceDestCheck: { Value: false } }),
    },
    {
      action: 'ModifyNetworkInterfaceAttribute',
      input: ({ vpc }) => ({
        NetworkInterfaceId: lastEni(vpc).id,
        Attachment: { AttachmentId: need(lastEni(vpc).attachment).id, DeleteOnTermination: true },
      }),
    },
    {
      action: 'DescribeNetworkInterfaceAttribute',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, Attribute: 'sourceDestCheck' }),
    },
    {
      action: 'AssignPrivateIpAddresses',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, PrivateIpAddresses: ['10.0.1.50', '10.0.1.51'] }),
    },
    {
      action: 'AssignIpv6Addresses',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, Ipv6AddressCount: 2 }),
    },
    {
      action: 'DescribeNetworkInterfaces',
      input: ({ vpc }) => ({ NetworkInterfaceIds: [lastEni(vpc).id] }),
      differences: {
        [NEWER]: [
          'availabilityZoneId',
          'attachment.networkCardIndex',
          'interfaceType',
          'ipv6Address',
          'ipv6AddressesSet.isPrimaryIpv6',
          'operator',
          'privateDnsName',
          'privateIpAddressesSet.privateDnsName',
        ].map((name) => `+networkInterfaceSet.${name}`),
      },
    },
    {
      action: 'UnassignPrivateIpAddresses',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, PrivateIpAddresses: ['10.0.1.51'] }),
    },
    {
      action: 'UnassignIpv6Addresses',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id, Ipv6Addresses: lastEni(vpc).ipv6Addresses }),
    },
    {
      action: 'DetachNetworkInterface',
      input: ({ vpc }) => ({ AttachmentId: need(lastEni(vpc).attachment).id }),
      passing: 1000,
    },
    {
      action: 'DeleteNetworkInterface',
      input: ({ vpc }) => ({ NetworkInterfaceId: lastEni(vpc).id }),
    },
  ],
};

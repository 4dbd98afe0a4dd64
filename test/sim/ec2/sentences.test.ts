import { expect, test } from 'bun:test';
import { faultOf } from './stories/parse-answer.ts';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

/**
 * Sentences that programs take apart, or that people search for: as EC2 has them, word for word (public issues of
 * amazon-vpc-cni-k8s, cilium, terraform-provider-aws and others quote them).
 */
const sentences: readonly (readonly [
  name: string,
  action: string,
  input: (stage: StoryStage) => object,
  sentence: string,
])[] = [
  [
    'an ENI that is not there',
    'DescribeNetworkInterfaces',
    ({ spare }) => ({ NetworkInterfaceIds: [spare, 'eni-0123abcd', 'eni-0123abce'] }),
    "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-0123abcd' does not exist",
  ],
  [
    'an ENI in use, to be deleted',
    'DeleteNetworkInterface',
    ({ vpc, node }) => ({ NetworkInterfaceId: vpc.enisOf(node)[0]?.id }),
    "InvalidParameterValue: Network interface 'ENI' is currently in use.",
  ],
  [
    'an ENI in use, to be attached',
    'AttachNetworkInterface',
    ({ vpc, node }) => ({ NetworkInterfaceId: vpc.enisOf(node)[0]?.id, InstanceId: node, DeviceIndex: 1 }),
    'InvalidNetworkInterface.InUse: Interface: [ENI] in use.',
  ],
  [
    'an ENI too many',
    'AttachNetworkInterface',
    ({ vpc, node, spare, subnet }) => {
      for (const deviceIndex of [1, 2])
        vpc.beginAttach({ eniId: vpc.createEni({ subnetId: subnet }).id, instanceId: node, deviceIndex });
      return { NetworkInterfaceId: spare, InstanceId: node, DeviceIndex: 3 };
    },
    'AttachmentLimitExceeded: Interface count 4 exceeds the limit for m5.large',
  ],
  [
    'a device that is taken',
    'AttachNetworkInterface',
    ({ node, spare }) => ({ NetworkInterfaceId: spare, InstanceId: node, DeviceIndex: 0 }),
    "InvalidParameterValue: Instance 'NODE' already has an interface attached at device index '0'.",
  ],
  [
    'the primary ENI, to be detached',
    'DetachNetworkInterface',
    ({ vpc, node }) => ({ AttachmentId: vpc.enisOf(node)[0]?.attachment?.id }),
    'OperationNotPermitted: The network interface at device index 0 cannot be detached.',
  ],
  [
    'an address of somebody else',
    'UnassignPrivateIpAddresses',
    ({ spare }) => ({ NetworkInterfaceId: spare, PrivateIpAddresses: ['10.0.1.99'] }),
    'InvalidParameterValue: Some of the specified addresses are not assigned to interface SPARE',
  ],
  [
    'a full subnet',
    'AssignPrivateIpAddresses',
    ({ vpc, spare, subnet }) => {
      vpc.exhaustSubnet(subnet);
      return { NetworkInterfaceId: spare, SecondaryPrivateIpAddressCount: 1 };
    },
    'InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy the request.',
  ],
  [
    'a subnet in pieces',
    'AssignPrivateIpAddresses',
    ({ vpc, spare, subnet }) => {
      vpc.fragmentSubnet(subnet);
      return { NetworkInterfaceId: spare, Ipv4PrefixCount: 1 };
    },
    'InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy the request.',
  ],
  [
    'a subnet too full for a prefix',
    'CreateNetworkInterface',
    ({ vpc, subnet }) => {
      vpc.exhaustSubnet(subnet, 9);
      return { SubnetId: subnet, Ipv4PrefixCount: 1 };
    },
    "InvalidParameterValue: There aren't sufficient free Ipv4 addresses or prefixes",
  ],
];

for (const [name, action, input, sentence] of sentences) {
  test(`EC2's sentence for ${name}`, async () => {
    await using stage = storyStage();
    const code = await refusalOf(stage.send(action, input(stage)));
    const fault = faultOf(stage.last().answer);
    const expected = sentence
      .replace('ENI]', `${stage.vpc.enisOf(stage.node)[0]?.id}]`)
      .replace("'ENI'", `'${stage.vpc.enisOf(stage.node)[0]?.id}'`)
      .replace('NODE', stage.node)
      .replace('SPARE', stage.spare);
    expect([`${fault.code}: ${fault.message}`, code]).toEqual([expected, `${fault.code} 400`]);
  });
}

import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Sdk } from './sdk.ts';
import type { Ec2Action } from './types.ts';

/** The objects that dry runs are about: the ENI an instance was launched with. */
export interface RightsSubject {
  readonly instanceId: string;
  readonly subnetId: string;
  readonly primaryEniId: string;
  readonly primaryAddress: string;
  readonly securityGroups: readonly string[];
  /** Whether pods have IPv6 addresses. */
  readonly ipv6: boolean;
}

type DryRun = (sdk: Sdk, client: EC2Client) => Promise<unknown>;

type DryEni = { readonly DryRun: true; readonly NetworkInterfaceId: string };
type Runs = readonly (readonly [Ec2Action, DryRun])[];

const ipv6Runs = (eni: DryEni): Runs => [
  [
    'AssignIpv6Addresses',
    (sdk, client) => client.send(new sdk.AssignIpv6AddressesCommand({ ...eni, Ipv6PrefixCount: 1 })),
  ],
];

const ipv4Runs = (eni: DryEni, primaryAddress: string): Runs => [
  [
    'AssignPrivateIpAddresses',
    (sdk, client) =>
      client.send(new sdk.AssignPrivateIpAddressesCommand({ ...eni, SecondaryPrivateIpAddressCount: 1 })),
  ],
  [
    'UnassignPrivateIpAddresses',
    (sdk, client) =>
      client.send(new sdk.UnassignPrivateIpAddressesCommand({ ...eni, PrivateIpAddresses: [primaryAddress] })),
  ],
];

/**
 * Every change that the pool asks EC2 for, as a dry run: EC2 checks the right to it and does nothing. Each is about the
 * primary ENI in a way that EC2 would refuse to carry out, or that changes nothing, were it no dry run.
 */
export function dryRuns(subject: RightsSubject): Runs {
  const { instanceId, subnetId, primaryEniId, primaryAddress, securityGroups, ipv6 } = subject;
  const eni: DryEni = { DryRun: true, NetworkInterfaceId: primaryEniId };
  return [
    [
      'CreateNetworkInterface',
      (sdk, client) =>
        client.send(
          new sdk.CreateNetworkInterfaceCommand({ DryRun: true, SubnetId: subnetId, Groups: [...securityGroups] }),
        ),
    ],
    [
      'AttachNetworkInterface',
      (sdk, client) =>
        client.send(new sdk.AttachNetworkInterfaceCommand({ ...eni, InstanceId: instanceId, DeviceIndex: 0 })),
    ],
    [
      'ModifyNetworkInterfaceAttribute',
      (sdk, client) =>
        client.send(new sdk.ModifyNetworkInterfaceAttributeCommand({ ...eni, Groups: [...securityGroups] })),
    ],
    [
      'CreateTags',
      (sdk, client) =>
        client.send(
          new sdk.CreateTagsCommand({
            DryRun: true,
            Resources: [primaryEniId],
            Tags: [{ Key: 'vpc-cni-host/dry-run', Value: '' }],
          }),
        ),
    ],
    ['DeleteNetworkInterface', (sdk, client) => client.send(new sdk.DeleteNetworkInterfaceCommand(eni))],
    ...(ipv6 ? ipv6Runs(eni) : ipv4Runs(eni, primaryAddress)),
  ];
}

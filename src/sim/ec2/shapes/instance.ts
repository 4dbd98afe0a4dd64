import { architectureOf, limitsOf } from '../../../vpc/index.ts';
import {
  type InstanceState,
  type MetadataOptions,
  privateDnsName,
  type SimInstance,
  type VpcView,
} from '../../model/index.ts';
import { items, timestamp, type Xml } from '../xml.ts';
import { groupSet, tagSet, zoneId } from './common.ts';
import { instanceInterface } from './interface.ts';

/** EC2's numbers of the states (API reference, InstanceState). */
const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
};

/** A state with its number. */
export function stateOf(state: InstanceState): { readonly code: number; readonly name: InstanceState } {
  return { code: STATE_CODES[state], name: state };
}

/** Whether its ENIs are driven by ENA: so on Nitro and bare metal. */
export function hasEna(instanceType: string): boolean {
  return limitsOf(instanceType)?.hypervisor !== 'xen';
}

/** An instance as DescribeInstances and RunInstances show it. */
export function instance(vpc: VpcView, machine: SimInstance, clientToken: string): Xml {
  const enis = vpc.enisOf(machine.id);
  const primary = enis.find((eni) => eni.attachment?.deviceIndex === 0 && eni.attachment.networkCardIndex === 0);
  const address = primary?.addresses[0];
  // A terminated instance is remembered longer than its subnet has to be there.
  const zone = vpc.findSubnet(machine.subnetId)?.availabilityZone;
  // A terminated instance has left its network (EC2 user guide, "Terminate instances").
  const placed = machine.state !== 'terminated';
  return {
    instanceId: machine.id,
    imageId: machine.imageId,
    instanceState: stateOf(machine.state),
    privateDnsName: address === undefined ? '' : privateDnsName(vpc, address),
    dnsName: '',
    reason: machine.terminatedAt === undefined ? '' : `User initiated (${timestamp(machine.terminatedAt)})`,
    amiLaunchIndex: machine.launchIndex,
    productCodes: '',
    operator: { managed: false },
    instanceType: machine.instanceType,
    launchTime: timestamp(machine.launchedAt),
    placement: {
      availabilityZone: zone,
      availabilityZoneId: zone && zoneId(vpc, zone),
      groupName: '',
      tenancy: 'default',
    },
    monitoring: { state: 'disabled' },
    subnetId: placed ? machine.subnetId : undefined,
    vpcId: placed ? vpc.id : undefined,
    privateIpAddress: address,
    ipv6Address: primary?.ipv6Addresses[0],
    sourceDestCheck: primary?.sourceDestCheck,
    groupSet: groupSet(vpc, primary?.securityGroups ?? []),
    stateReason: reasonOf(machine.state),
    architecture: architectureOf(machine.instanceType),
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    blockDeviceMapping: '',
    virtualizationType: 'hvm',
    clientToken,
    tagSet: tagSet(machine.tags),
    // The only hypervisors EC2 names here are ovm and xen, and xen stands for Nitro as well (API reference, Instance).
    hypervisor: 'xen',
    networkInterfaceSet: items(enis.map((eni) => instanceInterface(vpc, eni))),
    ebsOptimized: false,
    enaSupport: hasEna(machine.instanceType),
    metadataOptions: metadataOptions(machine.metadata),
  };
}

/** Metadata options as EC2 shows them. */
export function metadataOptions(options: MetadataOptions): Xml {
  return {
    state: 'applied',
    httpTokens: options.tokensOptional ? 'optional' : 'required',
    httpPutResponseHopLimit: options.hopLimit,
    httpEndpoint: 'enabled',
    httpProtocolIpv6: 'disabled',
    instanceMetadataTags: options.instanceTags ? 'enabled' : 'disabled',
  };
}

function reasonOf(state: InstanceState): Xml {
  if (state === 'pending') return { code: 'pending', message: 'pending' };
  if (state === 'running') return undefined;
  return { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' };
}

import { HostError } from '../errors/index.ts';
import type { Imds } from './imds.ts';
import { type ListedInterface, readInterfaces } from './imds-interfaces.ts';
import { NO_TRAFFIC } from './traffic.ts';
import type { Ec2, Ec2Action, EniDescription } from './types.ts';

/**
 * EC2 as a node knows it that must not ask EC2: its own ENIs, from the metadata, and a refusal of everything else. No
 * SDK is loaded, no request is sent.
 */
export function metadataOnlyEc2(imds: Imds, instanceId: string): Ec2 {
  const off = (action: Ec2Action) => async (): Promise<never> => {
    throw new HostError('EC2_OFF', { action });
  };
  const list = async (): Promise<readonly EniDescription[]> =>
    (await readInterfaces(imds)).map((each) => describe(each, instanceId));
  return {
    calls: new Map(),
    traffic: NO_TRAFFIC,
    describeEnis: list,
    describeEni: async ({ eniId }) => (await list()).find(({ id }) => id === eniId),
    findEnis: off('DescribeNetworkInterfaces'),
    findUnattachedEnis: off('DescribeNetworkInterfaces'),
    createEni: off('CreateNetworkInterface'),
    attachEni: off('AttachNetworkInterface'),
    setDeleteOnTermination: off('ModifyNetworkInterfaceAttribute'),
    setSecurityGroups: off('ModifyNetworkInterfaceAttribute'),
    assignAddresses: off('AssignPrivateIpAddresses'),
    assignPrefixes: off('AssignPrivateIpAddresses'),
    unassignAddresses: off('UnassignPrivateIpAddresses'),
    unassignPrefixes: off('UnassignPrivateIpAddresses'),
    assignIpv6Prefixes: off('AssignIpv6Addresses'),
    unassignIpv6Prefixes: off('UnassignIpv6Addresses'),
    tagEni: off('CreateTags'),
    describeSubnets: off('DescribeSubnets'),
    detachEni: off('DetachNetworkInterface'),
    deleteEni: off('DeleteNetworkInterface'),
    describeInstanceType: off('DescribeInstanceTypes'),
  };
}

/** The metadata knows neither tags nor types: whatever has an address counts as for pods (ipamd reference §1.2). */
function describe(listed: ListedInterface, instanceId: string): EniDescription {
  const { eniId, mac, subnetId, addresses, prefixes, ipv6Prefixes, device, card } = listed;
  return {
    id: eniId,
    mac,
    subnetId,
    addresses,
    primaryAddress: addresses[0],
    prefixes,
    ipv6Prefixes,
    attachment: {
      id: '',
      instanceId,
      deviceIndex: device,
      cardIndex: card,
      state: 'attached',
      deleteOnTermination: true,
    },
    interfaceType: addresses.length === 0 ? 'efa-only' : 'interface',
    description: '',
    tags: {},
    securityGroups: [],
  };
}

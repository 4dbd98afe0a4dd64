import { formatCidr } from '../addr/index.ts';
import { type Ask, renderTags } from './ask.ts';
import type { DescribingMethods } from './ec2-describe.ts';
import { parseAssigned, parseAssignedIpv6, parseAssignedPrefixes, parseEni, present } from './parse-ec2.ts';
import type { Ec2 } from './types.ts';

/** How CreateNetworkInterface calls the number of each. */
const COUNT_OF = {
  address: 'SecondaryPrivateIpAddressCount',
  prefix: 'Ipv4PrefixCount',
  'ipv6-prefix': 'Ipv6PrefixCount',
} as const;

/** The methods that change something in EC2. */
export function changingMethods(ask: Ask): Omit<Ec2, keyof DescribingMethods | 'calls' | 'traffic'> {
  return {
    async createEni({ subnetId, securityGroups, holding, description, tags, clientToken }) {
      const action = 'CreateNetworkInterface';
      const answer = await ask(action, { subnetId }, (sdk, client) =>
        client.send(
          new sdk.CreateNetworkInterfaceCommand({
            SubnetId: subnetId,
            Groups: [...securityGroups],
            Description: description,
            ClientToken: clientToken,
            // EC2 refuses a count of zero and a specification without tags.
            ...(holding.count > 0 ? { [COUNT_OF[holding.unit]]: holding.count } : {}),
            ...(Object.keys(tags).length > 0
              ? { TagSpecifications: [{ ResourceType: 'network-interface', Tags: renderTags(tags) }] }
              : {}),
          }),
        ),
      );
      return parseEni(action, present(action, 'NetworkInterface', answer.NetworkInterface));
    },

    async attachEni({ eniId, instanceId, deviceIndex, cardIndex }) {
      const action = 'AttachNetworkInterface';
      const answer = await ask(action, { eniId, instanceId }, (sdk, client) =>
        client.send(
          new sdk.AttachNetworkInterfaceCommand({
            NetworkInterfaceId: eniId,
            InstanceId: instanceId,
            DeviceIndex: deviceIndex,
            // Card 0 is the default; only types with several cards know the parameter.
            ...(cardIndex > 0 ? { NetworkCardIndex: cardIndex } : {}),
          }),
        ),
      );
      return present(action, 'AttachmentId', answer.AttachmentId);
    },

    async setDeleteOnTermination({ eniId, attachmentId }) {
      const attachment = { AttachmentId: attachmentId, DeleteOnTermination: true };
      await ask('ModifyNetworkInterfaceAttribute', { eniId }, (sdk, client) =>
        client.send(
          new sdk.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eniId, Attachment: attachment }),
        ),
      );
    },

    async assignAddresses({ eniId, subnetId, count }) {
      const action = 'AssignPrivateIpAddresses';
      const answer = await ask(action, { eniId, subnetId }, (sdk, client) =>
        client.send(
          new sdk.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eniId, SecondaryPrivateIpAddressCount: count }),
        ),
      );
      return parseAssigned(action, answer);
    },

    async unassignAddresses({ eniId, addresses }) {
      await ask('UnassignPrivateIpAddresses', { eniId }, (sdk, client) =>
        client.send(
          new sdk.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: eniId, PrivateIpAddresses: [...addresses] }),
        ),
      );
    },

    async assignPrefixes({ eniId, subnetId, count }) {
      const action = 'AssignPrivateIpAddresses';
      const answer = await ask(action, { eniId, subnetId }, (sdk, client) =>
        client.send(new sdk.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eniId, Ipv4PrefixCount: count })),
      );
      return parseAssignedPrefixes(action, answer);
    },

    async unassignPrefixes({ eniId, prefixes }) {
      await ask('UnassignPrivateIpAddresses', { eniId }, (sdk, client) =>
        client.send(
          new sdk.UnassignPrivateIpAddressesCommand({
            NetworkInterfaceId: eniId,
            Ipv4Prefixes: prefixes.map(formatCidr),
          }),
        ),
      );
    },

    async assignIpv6Prefixes({ eniId, count }) {
      const action = 'AssignIpv6Addresses';
      const answer = await ask(action, { eniId }, (sdk, client) =>
        client.send(new sdk.AssignIpv6AddressesCommand({ NetworkInterfaceId: eniId, Ipv6PrefixCount: count })),
      );
      return parseAssignedIpv6(action, answer.AssignedIpv6Prefixes);
    },

    async unassignIpv6Prefixes({ eniId, prefixes }) {
      await ask('UnassignIpv6Addresses', { eniId }, (sdk, client) =>
        client.send(
          new sdk.UnassignIpv6AddressesCommand({ NetworkInterfaceId: eniId, Ipv6Prefixes: prefixes.map(formatCidr) }),
        ),
      );
    },

    async setSecurityGroups({ eniId, securityGroups }) {
      await ask('ModifyNetworkInterfaceAttribute', { eniId }, (sdk, client) =>
        client.send(
          new sdk.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eniId, Groups: [...securityGroups] }),
        ),
      );
    },

    async tagEni({ eniId, tags }) {
      await ask('CreateTags', { eniId }, (sdk, client) =>
        client.send(new sdk.CreateTagsCommand({ Resources: [eniId], Tags: renderTags(tags) })),
      );
    },

    async detachEni({ attachmentId }) {
      await ask('DetachNetworkInterface', {}, (sdk, client) =>
        client.send(new sdk.DetachNetworkInterfaceCommand({ AttachmentId: attachmentId })),
      );
    },

    async deleteEni({ eniId }) {
      await ask('DeleteNetworkInterface', { eniId }, (sdk, client) =>
        client.send(new sdk.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eniId })),
      );
    },
  };
}

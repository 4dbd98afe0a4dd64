import { type Ask, renderTags } from './ask.ts';
import type { DescribingMethods } from './ec2-describe.ts';
import { parseAssigned, parseEni, present } from './parse-ec2.ts';
import type { Ec2 } from './types.ts';

/** The methods that change something in EC2. */
export function changingMethods(ask: Ask): Omit<Ec2, keyof DescribingMethods | 'calls'> {
  return {
    async createEni({ subnetId, securityGroups, secondaryCount, description, tags, clientToken }) {
      const action = 'CreateNetworkInterface';
      const answer = await ask(action, { subnetId }, (sdk, client) =>
        client.send(
          new sdk.CreateNetworkInterfaceCommand({
            SubnetId: subnetId,
            Groups: [...securityGroups],
            Description: description,
            ClientToken: clientToken,
            // EC2 refuses a count of zero and a specification without tags.
            ...(secondaryCount > 0 ? { SecondaryPrivateIpAddressCount: secondaryCount } : {}),
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

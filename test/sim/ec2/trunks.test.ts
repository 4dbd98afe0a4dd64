import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

async function trunkOf({ client, subnet }: StoryStage): Promise<string> {
  const command = new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, InterfaceType: 'trunk' });
  return (await client.send(command)).NetworkInterface?.NetworkInterfaceId ?? '';
}

test('a branch hangs on a trunk by its VLAN, once for a token, and comes off it', async () => {
  await using stage = storyStage();
  const TrunkInterfaceId = await trunkOf(stage);
  const associate = (input: Partial<ec2.AssociateTrunkInterfaceCommandInput>) =>
    stage.client.send(
      new ec2.AssociateTrunkInterfaceCommand({ TrunkInterfaceId, BranchInterfaceId: stage.spare, VlanId: 7, ...input }),
    );
  const { InterfaceAssociation: made, ClientToken } = await associate({ ClientToken: 'one' });
  expect([made?.VlanId, made?.InterfaceProtocol, ClientToken]).toEqual([7, 'VLAN', 'one']);
  const again = await associate({ ClientToken: 'one' });
  expect(again.InterfaceAssociation?.AssociationId).toBe(made?.AssociationId ?? '');
  expect(await refusalOf(associate({ ClientToken: 'one', VlanId: 8 }))).toBe('IdempotentParameterMismatch 400');
  expect(await refusalOf(associate({ VlanId: undefined }))).toBe('MissingParameter 400');
  expect(await refusalOf(associate({ VlanId: undefined, GreKey: 1 }))).toBe('UnsupportedOperation 400');
  expect(await refusalOf(associate({ BranchInterfaceId: TrunkInterfaceId }))).toBe('InvalidParameterValue 400');
  const describe = async (input: ec2.DescribeTrunkInterfaceAssociationsCommandInput) => {
    const command = new ec2.DescribeTrunkInterfaceAssociationsCommand(input);
    const { InterfaceAssociations = [] } = await stage.client.send(command);
    return InterfaceAssociations.map((one) => `${one.BranchInterfaceId} ${one.VlanId}`).join();
  };
  const shown = `${stage.spare} 7`;
  const AssociationId = made?.AssociationId ?? '';
  expect([
    await describe({}),
    await describe({ AssociationIds: [AssociationId] }),
    await describe({ Filters: [{ Name: 'interface-protocol', Values: ['VLAN'] }] }),
    await describe({ Filters: [{ Name: 'interface-protocol', Values: ['GRE'] }] }),
  ]).toEqual([shown, shown, shown, '']);
  const { NetworkInterfaces } = await stage.client.send(
    new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'interface-type', Values: ['branch'] }] }),
  );
  expect(NetworkInterfaces?.map((eni) => `${eni.NetworkInterfaceId} ${eni.Status}`)).toEqual([`${stage.spare} in-use`]);
  const drop = (token: string) =>
    stage.client.send(new ec2.DisassociateTrunkInterfaceCommand({ AssociationId, ClientToken: token }));
  expect((await drop('two')).Return).toBe(true);
  expect((await drop('two')).ClientToken).toBe('two');
  expect(await refusalOf(drop('three'))).toBe('InvalidAssociationID.NotFound 400');
  expect(await describe({})).toBe('');
});

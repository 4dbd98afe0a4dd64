import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { refusalOf, stage } from './support.ts';

test('CreateNetworkInterface makes an ENI with addresses, groups and tags', async () => {
  await using s = stage();
  const group = s.vpc.createSecurityGroup({ name: 'pods' }).id;
  const answer = await s.client.send(
    new ec2.CreateNetworkInterfaceCommand({
      SubnetId: s.subnet,
      Description: 'aws-K8S-<&>"é',
      Groups: [group],
      SecondaryPrivateIpAddressCount: 2,
      TagSpecifications: [
        {
          ResourceType: 'network-interface',
          Tags: [
            { Key: 'owner', Value: 'a & b' },
            { Key: 'number', Value: '007' },
          ],
        },
      ],
    }),
  );
  const eni = s.vpc.enis().at(-1);
  expect(answer.NetworkInterface).toMatchObject({
    NetworkInterfaceId: eni?.id ?? '',
    Description: 'aws-K8S-<&>"é',
    SubnetId: s.subnet,
    VpcId: s.vpc.id,
    AvailabilityZone: 'us-east-1a',
    MacAddress: eni?.mac ?? '',
    Status: 'pending',
    OwnerId: '123456789012',
    PrivateIpAddress: '10.0.1.5',
    Groups: [{ GroupId: group, GroupName: 'pods' }],
    TagSet: [
      { Key: 'owner', Value: 'a & b' },
      { Key: 'number', Value: '007' },
    ],
  });
  expect(answer.NetworkInterface?.PrivateIpAddresses?.map((a) => [a.PrivateIpAddress, a.Primary])).toEqual([
    ['10.0.1.5', true],
    ['10.0.1.6', false],
    ['10.0.1.7', false],
  ]);
  expect(answer.NetworkInterface?.Attachment).toBeUndefined();
});

test('CreateNetworkInterface takes the primary and secondary addresses by name', async () => {
  await using s = stage();
  const { NetworkInterface } = await s.client.send(
    new ec2.CreateNetworkInterfaceCommand({
      SubnetId: s.subnet,
      PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.60' }, { PrivateIpAddress: '10.0.1.50', Primary: true }],
    }),
  );
  expect(NetworkInterface?.PrivateIpAddresses?.map((a) => a.PrivateIpAddress)).toEqual(['10.0.1.50', '10.0.1.60']);
});

test('the same client token answers with the same ENI', async () => {
  await using s = stage();
  const create = (count: number): Promise<ec2.CreateNetworkInterfaceCommandOutput> =>
    s.client.send(
      new ec2.CreateNetworkInterfaceCommand({
        SubnetId: s.subnet,
        ClientToken: 'one',
        SecondaryPrivateIpAddressCount: count,
      }),
    );
  const [first, second] = [await create(1), await create(1)];
  expect(second.NetworkInterface).toEqual(first.NetworkInterface);
  expect(second.ClientToken).toBe('one');
  expect(await refusalOf(create(2))).toBe('IdempotentParameterMismatch 400');
});

test('an ENI is attached after the attach time, marked, detached after the detach time, and deleted', async () => {
  await using s = stage();
  const NetworkInterfaceId = s.vpc.createEni({ subnetId: s.subnet }).id;
  const describe = async (): Promise<string> => {
    const { NetworkInterfaces = [] } = await s.client.send(
      new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
    );
    const [{ Status, Attachment } = {}] = NetworkInterfaces;
    return `${Status} ${Attachment?.Status} ${Attachment?.DeleteOnTermination}`;
  };
  const attach = new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: s.node, DeviceIndex: 1 });
  const { AttachmentId, NetworkCardIndex } = await s.client.send(attach);
  expect([AttachmentId, NetworkCardIndex]).toEqual([s.vpc.eni(NetworkInterfaceId).attachment?.id, 0]);
  expect(await describe()).toBe('in-use attaching false');
  await s.clock.advance(1499);
  expect(await describe()).toBe('in-use attaching false');
  await s.clock.advance(1);
  expect(await describe()).toBe('in-use attached false');
  const modify = { NetworkInterfaceId, Attachment: { AttachmentId, DeleteOnTermination: true } };
  await s.client.send(new ec2.ModifyNetworkInterfaceAttributeCommand(modify));
  expect(await describe()).toBe('in-use attached true');
  const remove = new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId });
  expect(await refusalOf(s.client.send(remove))).toBe('InvalidParameterValue 400');
  await s.client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }));
  expect(await describe()).toBe('in-use detaching true');
  await s.clock.advance(1000);
  expect(await describe()).toBe('available undefined undefined');
  await s.client.send(remove);
  expect(await refusalOf(s.client.send(remove))).toBe('InvalidNetworkInterfaceID.NotFound 400');
});

test('ModifyNetworkInterfaceAttribute changes groups and description, one at a time', async () => {
  await using s = stage();
  const group = s.vpc.createSecurityGroup({ name: 'pods' }).id;
  const modify = (change: Partial<ec2.ModifyNetworkInterfaceAttributeCommandInput>): Promise<unknown> =>
    s.client.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: s.primary, ...change }));
  await modify({ Groups: [group] });
  await modify({ Description: { Value: 'first' } });
  expect(s.vpc.eni(s.primary)).toMatchObject({ securityGroups: [group], description: 'first' });
  const both = modify({ Groups: [group], Description: { Value: 'x' } });
  expect(await refusalOf(both)).toBe('InvalidParameterCombination 400');
  expect(await refusalOf(modify({}))).toBe('MissingParameter 400');
  expect(await refusalOf(modify({ EnablePrimaryIpv6: true }))).toBe('UnsupportedOperation 400');
  await modify({ SourceDestCheck: { Value: false } });
  expect(s.vpc.eni(s.primary).sourceDestCheck).toBe(false);
});

test('AssignPrivateIpAddresses and UnassignPrivateIpAddresses by number and by name', async () => {
  await using s = stage();
  const NetworkInterfaceId = s.primary;
  const assign = (change: Partial<ec2.AssignPrivateIpAddressesCommandInput>): Promise<string[]> =>
    s.client
      .send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...change }))
      .then((answer) => (answer.AssignedPrivateIpAddresses ?? []).map((one) => one.PrivateIpAddress ?? ''));
  const unassign = (...PrivateIpAddresses: string[]): Promise<unknown> =>
    s.client.send(new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
  expect(await assign({ SecondaryPrivateIpAddressCount: 2 })).toEqual(['10.0.1.5', '10.0.1.6']);
  expect(await assign({ PrivateIpAddresses: ['10.0.1.77'] })).toEqual(['10.0.1.77']);
  expect(await refusalOf(assign({ SecondaryPrivateIpAddressCount: 1 }))).toBe('PrivateIpAddressLimitExceeded 400');
  expect(await refusalOf(unassign('10.0.1.4'))).toBe('InvalidParameterValue 400');
  expect(await refusalOf(unassign('10.0.1.99'))).toBe('InvalidParameterValue 400');
  await unassign('10.0.1.5', '10.0.1.77');
  expect(s.vpc.eni(s.primary).addresses.join()).toBe('10.0.1.4,10.0.1.6');
  const other = s.vpc.createEni({ subnetId: s.subnet, secondaryCount: 1 }).addresses[1] ?? '';
  expect(await refusalOf(assign({ PrivateIpAddresses: [other] }))).toBe('InvalidParameterValue 400');
  expect(await assign({ PrivateIpAddresses: [other], AllowReassignment: true })).toEqual([other]);
  expect(await refusalOf(assign({}))).toBe('MissingParameter 400');
  const prefix = { SecondaryPrivateIpAddressCount: 1, Ipv4PrefixCount: 1 };
  expect(await refusalOf(assign(prefix))).toBe('InvalidParameterCombination 400');
  const both = assign({ PrivateIpAddresses: ['10.0.1.9'], SecondaryPrivateIpAddressCount: 1 });
  expect(await refusalOf(both)).toBe('InvalidParameterCombination 400');
});

test('CreateTags writes and DescribeTags finds', async () => {
  await using s = stage();
  const Tags = [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: s.node }];
  await s.client.send(new ec2.CreateTagsCommand({ Resources: [s.primary], Tags }));
  const { Tags: found } = await s.client.send(
    new ec2.DescribeTagsCommand({ Filters: [{ Name: 'resource-type', Values: ['network-interface'] }] }),
  );
  expect(found).toEqual([{ ResourceId: s.primary, ResourceType: 'network-interface', ...Tags[0] }]);
  const missing = s.client.send(new ec2.CreateTagsCommand({ Resources: ['eni-00000001'], Tags }));
  expect(await refusalOf(missing)).toBe('InvalidNetworkInterfaceID.NotFound 400');
});

test('the error of a full subnet, a full instance and an unknown instance', async () => {
  await using s = stage();
  const create = (SubnetId: string, count: number): Promise<unknown> =>
    s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: count }));
  expect(await refusalOf(create(s.vpc.subnets()[1]?.id ?? '', 11))).toBe('InsufficientFreeAddressesInSubnet 400');
  expect(await refusalOf(create('subnet-00000001', 1))).toBe('InvalidSubnetID.NotFound 400');
  const attach = (InstanceId: string, DeviceIndex: number): Promise<unknown> => {
    const NetworkInterfaceId = s.vpc.createEni({ subnetId: s.subnet }).id;
    return s.client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex }));
  };
  await attach(s.node, 1);
  await attach(s.node, 2);
  expect(await refusalOf(attach(s.node, 3))).toBe('AttachmentLimitExceeded 400');
  expect(await refusalOf(attach('i-00000001', 1))).toBe('InvalidInstanceID.NotFound 400');
  const detach = (AttachmentId: string): Promise<unknown> =>
    s.client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }));
  expect(await refusalOf(detach(s.vpc.eni(s.primary).attachment?.id ?? ''))).toBe('OperationNotPermitted 400');
  expect(await refusalOf(detach('eni-attach-00000001'))).toBe('InvalidAttachmentID.NotFound 400');
});

test('DryRun says that the request would have succeeded and does nothing', async () => {
  await using s = stage();
  const remove = s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet, DryRun: true }));
  expect(await refusalOf(remove)).toBe('DryRunOperation 412');
  expect(s.vpc.enis().length).toBe(1);
});

test('DryRun of a denied action says that it is denied, and of a malformed one what is wrong', async () => {
  await using s = stage();
  const create = (SubnetId: string): Promise<string> =>
    refusalOf(s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId, DryRun: true })));
  expect(await create('subnet-1')).toBe('InvalidSubnetID.Malformed 400');
  s.dials.set({ action: 'CreateNetworkInterface', denied: true });
  expect(await create(s.subnet)).toBe('UnauthorizedOperation 403');
});

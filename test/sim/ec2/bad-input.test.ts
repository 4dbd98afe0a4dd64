import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { faultOf } from './stories/parse-answer.ts';
import { storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

/** Ids of every kind where another kind belongs, and what EC2 documents for it. */
const ids: readonly (readonly [action: string, input: object, code: string])[] = [
  ['DeleteNetworkInterface', { NetworkInterfaceId: 'NODE' }, 'InvalidNetworkInterfaceId.Malformed'],
  ['DeleteNetworkInterface', { NetworkInterfaceId: 'eni-1' }, 'InvalidNetworkInterfaceId.Malformed'],
  ['DeleteNetworkInterface', { NetworkInterfaceId: 'eni-0123456789abcdef0' }, 'InvalidNetworkInterfaceID.NotFound'],
  ['DeleteNetworkInterface', { NetworkInterfaceId: '' }, 'MissingParameter'],
  [
    'DescribeNetworkInterfaces',
    { NetworkInterfaceIds: ['eni-0123abcd', 'sg-0123abcd'] },
    'InvalidNetworkInterfaceId.Malformed',
  ],
  ['DetachNetworkInterface', { AttachmentId: 'eni-0123abcd' }, 'InvalidNetworkInterfaceAttachmentId.Malformed'],
  ['DetachNetworkInterface', { AttachmentId: 'eni-attach-0123abcd' }, 'InvalidAttachmentID.NotFound'],
  ['TerminateInstances', { InstanceIds: ['eni-0123abcd'] }, 'InvalidInstanceID.Malformed'],
  ['TerminateInstances', { InstanceIds: ['NODE', 'i-0123abcd'] }, 'InvalidInstanceID.NotFound'],
  ['RebootInstances', { InstanceIds: ['i-0123ABCD'] }, 'InvalidInstanceID.Malformed'],
  ['DeleteSubnet', { SubnetId: 'vpc-0123abcd' }, 'InvalidSubnetID.Malformed'],
  ['DeleteSubnet', { SubnetId: 'subnet-0123abcd' }, 'InvalidSubnetID.NotFound'],
  ['DescribeVpcs', { VpcIds: ['subnet-0123abcd'] }, 'InvalidVpcID.Malformed'],
  ['DescribeVpcs', { VpcIds: ['vpc-0123abcd'] }, 'InvalidVpcID.NotFound'],
  ['DeleteSecurityGroup', { GroupId: 'sgr-0123abcd' }, 'InvalidGroupId.Malformed'],
  ['DeleteSecurityGroup', { GroupId: 'sg-0123abcd' }, 'InvalidGroup.NotFound'],
  ['DeleteSecurityGroup', { GroupName: 'nobody' }, 'InvalidGroup.NotFound'],
  ['DescribeSecurityGroupRules', { SecurityGroupRuleIds: ['sg-0123abcd'] }, 'InvalidSecurityGroupRuleId.Malformed'],
  ['DescribeSecurityGroupRules', { SecurityGroupRuleIds: ['sgr-0123abcd'] }, 'InvalidSecurityGroupRuleId.NotFound'],
  ['DisassociateTrunkInterface', { AssociationId: 'eni-0123abcd' }, 'InvalidAssociationID.Malformed'],
  ['DisassociateTrunkInterface', { AssociationId: 'trunk-assoc-0123abcd' }, 'InvalidAssociationID.NotFound'],
  ['DeleteSubnetCidrReservation', { SubnetCidrReservationId: 'subnet-1' }, 'InvalidSubnetCidrReservationID.Malformed'],
  [
    'DisassociateSubnetCidrBlock',
    { AssociationId: 'subnet-0123abcd' },
    'InvalidSubnetCidrBlockAssociationID.Malformed',
  ],
  ['DisassociateVpcCidrBlock', { AssociationId: 'vpc-0123abcd' }, 'InvalidVpcCidrBlockAssociationID.Malformed'],
  ['RunInstances', { ImageId: 'i-0123abcd', MinCount: 1, MaxCount: 1 }, 'InvalidAMIID.Malformed'],
  [
    'CreateTags',
    { Resources: ['NODE'], Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: '' })) },
    'TagLimitExceeded',
  ],
  ['CreateTags', { Resources: ['ami-0123abcd'], Tags: [{ Key: 'a', Value: 'b' }] }, 'InvalidID'],
];

for (const [action, input, code] of ids) {
  test(`${action} with ${JSON.stringify(input).slice(0, 100)} is refused with ${code}`, async () => {
    await using stage = storyStage();
    const sent: object = JSON.parse(JSON.stringify(input).replace('NODE', stage.node));
    expect(await refusalOf(stage.send(action, sent))).toBe(`${code} 400`);
    expect(stage.vpc.instance(stage.node).state).toBe('running');
  });
}

const forms: readonly (readonly [name: string, form: string, code: string])[] = [
  [
    'a tag for another type of resource',
    'Action=CreateNetworkInterface&SubnetId=SUBNET&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a',
    'InvalidParameterValue',
  ],
  [
    'tags for one type twice',
    'Action=CreateNetworkInterface&SubnetId=SUBNET&TagSpecification.1.ResourceType=network-interface&TagSpecification.2.ResourceType=network-interface',
    'InvalidParameterValue',
  ],
  ['a tag key twice', 'Action=CreateTags&ResourceId.1=SUBNET&Tag.1.Key=a&Tag.2.Key=a', 'InvalidParameterValue'],
  ['a reserved tag key', 'Action=CreateTags&ResourceId.1=SUBNET&Tag.1.Key=aws:a', 'InvalidParameterValue'],
  ['a filter without a name', 'Action=DescribeSubnets&Filter.1.Value.1=a', 'MissingParameter'],
  ['a filter EC2 has not', 'Action=DescribeSubnets&Filter.1.Name=colour&Filter.1.Value.1=a', 'InvalidParameterValue'],
  ['a filter without a number', 'Action=DescribeSubnets&Filter.Name=state&Filter.Value=a', 'UnknownParameter'],
  [
    'more filter values than EC2 takes',
    `Action=DescribeSubnets&Filter.1.Name=state${Array.from({ length: 201 }, (_, n) => `&Filter.1.Value.${n + 1}=a`).join('')}`,
    'FilterLimitExceeded',
  ],
  [
    'more filters than EC2 takes',
    `Action=DescribeSubnets${Array.from({ length: 51 }, (_, n) => `&Filter.${n + 1}.Name=state`).join('')}`,
    'FilterLimitExceeded',
  ],
  [
    'a filter value that is too long',
    `Action=DescribeSubnets&Filter.1.Name=state&Filter.1.Value.1=${'a'.repeat(256)}`,
    'InvalidParameterValue',
  ],
  ['a control character in a name', 'Action=DescribeSubnets&%01=a', 'InvalidQueryParameter'],
  ['a sign that XML has not', 'Action=CreateTags&ResourceId.1=SUBNET&Tag.1.Key=%EF%BF%BF', 'InvalidParameterValue'],
  ['a reserved tag key to delete', 'Action=DeleteTags&ResourceId.1=SUBNET&Tag.1.Key=AWS:a', 'InvalidParameterValue'],
  [
    'an ENI that exists, and that goes with the instance',
    'Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-0123abcd&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.NetworkInterfaceId=SPARE&NetworkInterface.1.DeleteOnTermination=true',
    'InvalidParameterCombination',
  ],
  [
    'a negative number',
    'Action=AssignPrivateIpAddresses&NetworkInterfaceId=SPARE&SecondaryPrivateIpAddressCount=-1',
    'InvalidParameterValue',
  ],
  [
    'none of something',
    'Action=AssignPrivateIpAddresses&NetworkInterfaceId=SPARE&SecondaryPrivateIpAddressCount=0',
    'InvalidParameterValue',
  ],
  [
    'an address that is none',
    'Action=AssignPrivateIpAddresses&NetworkInterfaceId=SPARE&PrivateIpAddress.1=10.0.1',
    'InvalidParameterValue',
  ],
  [
    'a prefix that is none',
    'Action=AssignPrivateIpAddresses&NetworkInterfaceId=SPARE&Ipv4Prefix.1=10.0.1.0',
    'InvalidParameterValue',
  ],
  [
    'an IPv6 address where IPv4 belongs',
    'Action=AssignPrivateIpAddresses&NetworkInterfaceId=SPARE&PrivateIpAddress.1=2001:db8::1',
    'InvalidParameterValue',
  ],
  [
    'a word that is no flag',
    'Action=DetachNetworkInterface&AttachmentId=eni-attach-0123abcd&Force=perhaps',
    'InvalidParameterValue',
  ],
  [
    'a word EC2 has not',
    'Action=CreateNetworkInterface&SubnetId=SUBNET&InterfaceType=carrier-pigeon',
    'InvalidParameterValue',
  ],
  [
    'user data that is not base64',
    'Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-0123abcd&SubnetId=SUBNET&UserData=%23!',
    'InvalidParameterValue',
  ],
  [
    'user data that is too long',
    `Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-0123abcd&SubnetId=SUBNET&UserData=${'AAAA'.repeat(6000)}`,
    'InvalidParameterValue',
  ],
  ['no image', 'Action=RunInstances&MinCount=1&MaxCount=1&SubnetId=SUBNET', 'MissingParameter'],
  ['no subnet', 'Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-0123abcd', 'VPCIdNotSpecified'],
  [
    'an instance type EC2 has not',
    'Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-0123abcd&SubnetId=SUBNET&InstanceType=x9.huge',
    'InvalidInstanceType',
  ],
  [
    'fewer than the least',
    'Action=RunInstances&MinCount=2&MaxCount=1&ImageId=ami-0123abcd&SubnetId=SUBNET',
    'InvalidParameterValue',
  ],
  [
    'a client token that is too long',
    `Action=CreateNetworkInterface&SubnetId=SUBNET&ClientToken=${'x'.repeat(65)}`,
    'InvalidParameterValue',
  ],
  [
    'a client token that is not ASCII',
    'Action=CreateNetworkInterface&SubnetId=SUBNET&ClientToken=%C3%A9',
    'InvalidParameterValue',
  ],
  ['a part of a list twice', 'Action=DescribeSubnets&SubnetId.1=SUBNET&SubnetId.1=SUBNET', 'InvalidQueryParameter'],
  ['a parameter that nests too deep', 'Action=DescribeSubnets&a.b.c.d.e.f.g.h.i=1', 'InvalidQueryParameter'],
  [
    'a name from the prototype of objects',
    'Action=DescribeSubnets&Filter.1.Name=__proto__&Filter.1.Value.1=a',
    'InvalidParameterValue',
  ],
  ['an action from the prototype of objects', 'Action=constructor', 'InvalidAction'],
];

for (const [name, form, code] of forms) {
  test(`${name} is refused with ${code}`, async () => {
    await using stage = storyStage();
    const before = [stage.vpc.enis(), stage.vpc.instances(), stage.vpc.allTags()];
    await stage.client.send(new ec2.DescribeVpcsCommand({}));
    const kept = ['authorization', 'content-type', 'x-amz-date'].map((one) => [
      one,
      stage.last().headers.get(one) ?? '',
    ]);
    const body = `${form.replaceAll('SUBNET', stage.subnet).replaceAll('SPARE', stage.spare)}&Version=2016-11-15`;
    const response = await fetch(stage.url, { method: 'POST', headers: Object.fromEntries(kept), body });
    expect([response.status, faultOf(await response.text()).code]).toEqual([400, code]);
    expect([stage.vpc.enis(), stage.vpc.instances(), stage.vpc.allTags()]).toEqual(before);
  });
}

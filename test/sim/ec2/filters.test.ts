import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { need } from './stories/story.ts';
import { refusalOf } from './support.ts';

/** A stage whose node has a tag, IPv6 and a prefix, and whose spare ENI has not; with what stands for its names. */
function filterStage(): { readonly stage: StoryStage; readonly names: Readonly<Record<string, string>> } {
  const stage = storyStage();
  const { vpc, node } = stage;
  const primary = need(vpc.enisOf(node)[0]).id;
  vpc.assignIpv6({ eniId: primary, count: 1 });
  vpc.assignPrefixes({ eniId: primary, count: 1 });
  vpc.setDescription(primary, 'primary of node-a');
  vpc.createTags({ resourceIds: [primary, node], tags: { team: 'net' } });
  const eni = vpc.eni(primary);
  return {
    stage,
    names: {
      NODE: node,
      PRIMARY: primary,
      ATTACHMENT: need(eni.attachment).id,
      MAC: eni.mac,
      IPV6: need(eni.ipv6Addresses[0]),
      PREFIX: `${need(eni.prefixes[0]).address}/28`,
      ADDRESS: need(eni.addresses[0]),
      SUBNET: stage.subnet,
      GROUP: vpc.defaultGroupId,
      VPC: vpc.id,
      RESERVATION: node.replace(/^i-/, 'r-'),
    },
  };
}

/** Filters that find the node's ENI and leave the spare one, or find both (`both`). */
const eniFilters: readonly (readonly [name: string, value: string, both?: 'both'])[] = [
  ['addresses.primary', 'true', 'both'],
  ['addresses.private-ip-address', 'ADDRESS'],
  ['attachment.attach-time', '2023-11-14T22:13:20.000Z'],
  ['attachment.attach-time', '2023-11-14*'],
  ['attachment.attachment-id', 'ATTACHMENT'],
  ['attachment.delete-on-termination', 'true'],
  ['attachment.device-index', '0'],
  ['attachment.instance-id', 'NODE'],
  ['attachment.instance-id', 'i-*'],
  ['attachment.instance-owner-id', '123456789012'],
  ['attachment.status', 'attached'],
  ['availability-zone', 'us-east-1a', 'both'],
  ['availability-zone-id', 'use1-az1', 'both'],
  ['description', 'primary of *'],
  ['group-id', 'GROUP', 'both'],
  ['interface-type', 'interface', 'both'],
  ['ipv6-addresses.ipv6-address', 'IPV6'],
  ['mac-address', 'MAC'],
  ['network-interface-id', 'PRIMARY'],
  ['operator.managed', 'false', 'both'],
  ['owner-id', '123456789012', 'both'],
  ['private-dns-name', 'ip-10-0-1-4.ec2.internal'],
  ['private-ip-address', 'ADDRESS'],
  ['requester-managed', 'false', 'both'],
  ['source-dest-check', 'true', 'both'],
  ['status', 'in-use'],
  ['subnet-id', 'SUBNET', 'both'],
  ['tag:team', 'net'],
  ['tag:team', 'n?t'],
  ['tag-key', 'team'],
  ['vpc-id', 'VPC', 'both'],
];

for (const [Name, value, both] of eniFilters) {
  test(`DescribeNetworkInterfaces filters by ${Name}=${value}`, async () => {
    const { stage, names } = filterStage();
    await using _ = stage;
    const find = async (...Values: string[]) => {
      const input: ec2.DescribeNetworkInterfacesCommandInput = { Filters: [{ Name, Values }] };
      await stage.send('DescribeNetworkInterfaces', input);
      const { answer } = stage.last();
      return stage.vpc.enis().flatMap(({ id }) => (answer.includes(`<networkInterfaceId>${id}<`) ? [id] : []));
    };
    const wanted = both === 'both' ? [names['PRIMARY'], stage.spare] : [names['PRIMARY']];
    expect((await find(names[value] ?? value)).sort()).toEqual(wanted.map((id) => id ?? '').sort());
    expect(await find('nothing')).toEqual([]);
    expect((await find('nothing', names[value] ?? value)).length).toBe(wanted.length);
  });
}

const instanceFilters: readonly (readonly [name: string, value: string])[] = [
  ['ebs-optimized', 'false'],
  ['ena-support', 'true'],
  ['ipv6-address', 'IPV6'],
  ['metadata-options.http-endpoint', 'enabled'],
  ['metadata-options.http-protocol-ipv4', 'enabled'],
  ['metadata-options.http-protocol-ipv6', 'disabled'],
  ['metadata-options.state', 'applied'],
  ['monitoring-state', 'disabled'],
  ['network-interface.addresses.primary', 'true'],
  ['network-interface.addresses.private-dns-name', 'ip-10-0-1-4.ec2.internal'],
  ['network-interface.attachment.attach-time', '2023-11-14T*'],
  ['network-interface.attachment.delete-on-termination', 'true'],
  ['network-interface.attachment.instance-id', 'NODE'],
  ['network-interface.attachment.instance-owner-id', '123456789012'],
  ['network-interface.attachment.network-card-index', '0'],
  ['network-interface.availability-zone', 'us-east-1a'],
  ['network-interface.group-name', 'default'],
  ['network-interface.ipv6-address', 'IPV6'],
  ['network-interface.ipv6-addresses.is-primary-ipv6', 'false'],
  ['network-interface.operator.managed', 'false'],
  ['network-interface.owner-id', '123456789012'],
  ['network-interface.private-dns-name', 'ip-10-0-1-4.ec2.internal'],
  ['network-interface.requester-managed', 'false'],
  ['network-interface.source-dest-check', 'true'],
  ['network-interface.tag-key', 'team'],
  ['network-interface.tag-value', 'net'],
  ['network-interface.vpc-id', 'VPC'],
  ['operator.managed', 'false'],
  ['root-device-name', '/dev/xvda'],
  ['root-device-type', 'ebs'],
  ['architecture', 'x86_64'],
  ['availability-zone', 'us-east-1a'],
  ['availability-zone-id', 'use1-az1'],
  ['hypervisor', 'xen'],
  ['image-id', 'ami-00000000000000000'],
  ['instance-id', 'NODE'],
  ['instance-state-code', '16'],
  ['instance-state-name', 'running'],
  ['instance-type', 'm5.*'],
  ['instance.group-id', 'GROUP'],
  ['instance.group-name', 'default'],
  ['launch-index', '0'],
  ['launch-time', '2023-11-14T*'],
  ['metadata-options.http-put-response-hop-limit', '1'],
  ['metadata-options.http-tokens', 'required'],
  ['metadata-options.instance-metadata-tags', 'disabled'],
  ['network-interface.addresses.private-ip-address', 'ADDRESS'],
  ['network-interface.attachment.attachment-id', 'ATTACHMENT'],
  ['network-interface.attachment.device-index', '0'],
  ['network-interface.attachment.status', 'attached'],
  ['network-interface.description', 'primary*'],
  ['network-interface.group-id', 'GROUP'],
  ['network-interface.ipv4-prefixes.ipv4-prefix', 'PREFIX'],
  ['network-interface.ipv6-addresses.ipv6-address', 'IPV6'],
  ['network-interface.mac-address', 'MAC'],
  ['network-interface.network-interface-id', 'PRIMARY'],
  ['network-interface.private-ip-address', 'ADDRESS'],
  ['network-interface.status', 'in-use'],
  ['network-interface.subnet-id', 'SUBNET'],
  ['owner-id', '123456789012'],
  ['private-dns-name', 'ip-10-0-1-4.ec2.internal'],
  ['private-ip-address', 'ADDRESS'],
  ['reservation-id', 'RESERVATION'],
  ['source-dest-check', 'true'],
  ['subnet-id', 'SUBNET'],
  ['tag:Name', 'node-a'],
  ['tag-key', 'team'],
  ['tenancy', 'default'],
  ['virtualization-type', 'hvm'],
  ['vpc-id', 'VPC'],
];

for (const [Name, value] of instanceFilters) {
  test(`DescribeInstances filters by ${Name}`, async () => {
    const { stage, names } = filterStage();
    await using _ = stage;
    const finds = async (wanted: string): Promise<boolean> => {
      await stage.send('DescribeInstances', { Filters: [{ Name, Values: [wanted] }] });
      return stage.last().answer.includes(`<instanceId>${stage.node}<`);
    };
    expect([await finds(names[value] ?? value), await finds('nothing')]).toEqual([true, false]);
  });
}

/** What EC2 documents and the simulator has nothing for, and what EC2 does not know for this listing. */
const refused: Readonly<Record<string, readonly string[]>> = {
  DescribeInstances: ['ip-address', 'key-name', 'iam-instance-profile.arn', 'block-device-mapping.status', 'group-id'],
  DescribeNetworkInterfaces: ['association.public-ip', 'requester-id', 'ipv4-prefixes.ipv4-prefix', 'group-name'],
  DescribeSubnets: ['outpost-arn', 'customer-owned-ipv4-pool', 'zone'],
  DescribeSecurityGroups: ['ip-permission.prefix-list-id', 'port'],
  DescribeVpcs: ['cidr-block'],
};

for (const [action, names] of Object.entries(refused)) {
  test(`${action} refuses filters it cannot honour: ${names.join(', ')}`, async () => {
    await using stage = storyStage();
    for (const Name of names)
      expect([Name, await refusalOf(stage.send(action, { Filters: [{ Name, Values: ['x'] }] }))]).toEqual([
        Name,
        'InvalidParameterValue 400',
      ]);
  });
}

test('all filters of a request must be passed, whichever of them an index narrows', async () => {
  const { stage, names } = filterStage();
  await using _ = stage;
  const find = async (...Filters: ec2.Filter[]) => {
    await stage.send('DescribeNetworkInterfaces', { Filters });
    return [...stage.last().answer.matchAll(/<networkInterfaceId>([^<]+)</g)].map(([, id]) => id ?? '');
  };
  const subnet = { Name: 'subnet-id', Values: [stage.subnet] };
  const primary = names['PRIMARY'] ?? '';
  expect([
    await find(subnet, { Name: 'tag:team', Values: ['net'] }),
    await find({ Name: 'tag:team', Values: ['*'] }, subnet),
    await find(subnet, { Name: 'status', Values: ['available'] }, { Name: 'tag-key', Values: ['team'] }),
    await find({ Name: 'attachment.instance-id', Values: [stage.node] }, { Name: 'vpc-id', Values: ['vpc-other'] }),
  ]).toEqual([[primary], [primary], [], []]);
});

test('each filter takes 200 values of its own', async () => {
  await using stage = storyStage();
  const many = Array.from({ length: 199 }, (_, n) => `no-${n}`);
  const Filters = [
    { Name: 'status', Values: [...many, 'available'] },
    { Name: 'subnet-id', Values: [...many, stage.subnet] },
  ];
  const { NetworkInterfaces } = await stage.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
  expect(NetworkInterfaces?.map(({ NetworkInterfaceId = '' }) => NetworkInterfaceId)).toEqual([stage.spare]);
});

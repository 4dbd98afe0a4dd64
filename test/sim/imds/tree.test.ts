import { expect, test } from 'bun:test';
import { formatCidr, parseIpv4Cidr, parseIpv6Cidr } from '../../../src/addr/index.ts';
import { type SimEni, SimVpc } from '../../../src/sim/model/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';
import { below, lines, plain } from './expected.ts';
import { type Stage, stage } from './support.ts';

const META = '/latest/meta-data/';

/** Every text below a directory by its path, as a client finds them that follows the listings. */
async function crawl(s: Stage, directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await s.read(directory)).split('\n')) {
    if (name.endsWith('/'))
      for (const [path, text] of Object.entries(await crawl(s, directory + name))) found[name + path] = text;
    else found[name] = await s.read(directory + name);
  }
  return found;
}

test('the whole tree of a small instance', async () => {
  await using s = stage({ launch: { imageId: 'ami-0123456789abcdef0' } });
  const [primary] = s.vpc.enisOf(s.node);
  if (primary === undefined) throw new Error('no ENI');
  const tree = await crawl(s, META);
  expect(tree).toEqual({
    'ami-id': 'ami-0123456789abcdef0',
    'ami-launch-index': '0',
    'ami-manifest-path': '(unknown)',
    'block-device-mapping/ami': '/dev/xvda',
    'block-device-mapping/root': '/dev/xvda',
    'events/maintenance/history': '[]',
    'events/maintenance/scheduled': '[]',
    hostname: 'ip-10-0-1-4.ec2.internal',
    'iam/info': expect.stringContaining('arn:aws:iam::123456789012:instance-profile/node-role'),
    'iam/security-credentials/node-role': expect.stringContaining('"AccessKeyId": "ASIA'),
    'instance-action': 'none',
    'instance-id': s.node,
    'instance-life-cycle': 'on-demand',
    'instance-type': 't3.small',
    'local-hostname': 'ip-10-0-1-4.ec2.internal',
    'local-ipv4': '10.0.1.4',
    mac: primary.mac,
    ...below(
      `network/interfaces/macs/${primary.mac}`,
      plain(s.vpc, primary, { 'local-hostname': 'ip-10-0-1-4.ec2.internal', 'local-ipv4s': '10.0.1.4' }),
    ),
    'placement/availability-zone': 'us-east-1a',
    'placement/availability-zone-id': 'use1-az1',
    'placement/region': 'us-east-1',
    profile: 'default-hvm',
    'reservation-id': s.node.replace('i-', 'r-'),
    'security-groups': 'default',
    'services/domain': 'amazonaws.com',
    'services/partition': 'aws',
    system: 'nitro',
  });
});

test('ENIs on several cards, with prefixes, IPv6 and without any address; what is not attached is not there', async () => {
  const vpc = new SimVpc({
    now: () => 1_700_000_000_000,
    cidrs: [parseIpv4Cidr('10.0.0.0/16'), parseIpv4Cidr('100.64.0.0/16')],
    ipv6: true,
    subnets: [{ cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1a' }],
  });
  const [v6] = vpc.ipv6Cidrs().map(({ cidr }) => formatCidr(cidr));
  const ipv6Cidr = parseIpv6Cidr(`${v6?.replace(/\/\d+$/, '')}/64`);
  vpc.associateSubnetCidr({ subnetId: subnetId(vpc), ipv6Cidr });
  const pods = vpc.createSubnet({ cidr: parseIpv4Cidr('100.64.0.0/24'), availabilityZone: 'us-east-1a' });
  const group = vpc.createSecurityGroup({ name: 'pods' });
  await using s = stage({
    vpc,
    launch: {
      instanceType: 'p4d.24xlarge',
      ipv6Count: 1,
      interfaces: [
        { deviceIndex: 1, prefixCount: 2, subnetId: pods.id, securityGroups: [group.id, vpc.defaultGroupId] },
        { deviceIndex: 1, networkCardIndex: 1, interfaceType: 'efa-only' },
        { deviceIndex: 1, networkCardIndex: 2, ipv6PrefixCount: 1, secondaryCount: 2 },
      ],
    },
  });
  const waiting = vpc.createEni({ subnetId: subnetId(vpc) });
  vpc.beginAttach({ eniId: waiting.id, instanceId: s.node, deviceIndex: 2 });
  const [primary, prefixed, bare, third] = vpc.enisOf(s.node).filter(({ id }) => id !== waiting.id);
  if (primary === undefined || prefixed === undefined || bare === undefined || third === undefined)
    throw new Error('an ENI is missing');
  const here = {
    'subnet-ipv6-cidr-blocks': formatCidr(ipv6Cidr),
    'vpc-ipv4-cidr-blocks': '10.0.0.0/16\n100.64.0.0/16',
    'vpc-ipv6-cidr-blocks': v6 ?? '',
  };
  const { 'subnet-ipv6-cidr-blocks': _, ...elsewhere } = here;
  const name = (eni: SimEni): string => `ip-${eni.addresses[0]?.replaceAll('.', '-')}.ec2.internal`;
  expect(await crawl(s, `${META}network/interfaces/macs/`)).toEqual({
    ...below(
      primary.mac,
      plain(vpc, primary, {
        ...here,
        ipv6s: lines(primary.ipv6Addresses),
        'local-hostname': name(primary),
        'local-ipv4s': lines(primary.addresses),
      }),
    ),
    ...below(
      prefixed.mac,
      plain(vpc, prefixed, {
        ...elsewhere,
        'ipv4-prefix': lines(prefixed.prefixes.map(formatCidr)),
        'local-hostname': name(prefixed),
        'local-ipv4s': lines(prefixed.addresses),
      }),
    ),
    ...below(bare.mac, plain(vpc, bare, { ...here, 'network-card': '1' })),
    ...below(
      third.mac,
      plain(vpc, third, {
        ...here,
        'ipv6-prefix': lines(third.ipv6Prefixes.map(formatCidr)),
        'local-hostname': name(third),
        'local-ipv4s': lines(third.addresses),
        'network-card': '2',
      }),
    ),
  });
  expect([prefixed.prefixes.length, third.ipv6Prefixes.length, third.addresses.length]).toEqual([2, 1, 3]);
  expect([await s.read(`${META}ipv6`), await s.read(`${META}system`)]).toEqual([
    primary.ipv6Addresses[0] ?? '',
    'nitro',
  ]);
});

test('a branch ENI never shows, and what it sends is known to come from the instance', async () => {
  await using s = stage({
    launch: { instanceType: 'm5.large', interfaces: [{ deviceIndex: 1, interfaceType: 'trunk' }] },
  });
  const [primary, trunk] = s.vpc.enisOf(s.node);
  const branch = s.vpc.createEni({ subnetId: subnetId(s.vpc), interfaceType: 'branch' });
  s.vpc.associateTrunk({ trunkEniId: trunk?.id ?? '', branchEniId: branch.id, vlanId: 7 });
  expect((await s.read(`${META}network/interfaces/macs/`)).split('\n')).toEqual(
    [`${primary?.mac}/`, `${trunk?.mac}/`].sort(),
  );
  expect(await s.readFrom(branch.addresses[0] ?? '', `${META}instance-id`)).toBe(s.node);
});

test('an ENI shows once its attach is done, and no longer once it is being detached', async () => {
  await using s = stage();
  const eni = s.vpc.createEni({ subnetId: subnetId(s.vpc) });
  const { id } = s.vpc.beginAttach({ eniId: eni.id, instanceId: s.node, deviceIndex: 1 });
  const seen: string[] = [];
  const look = async (): Promise<void> => {
    seen.push(await s.read(`${META}network/interfaces/macs/${eni.mac}/interface-id`));
  };
  await look();
  s.vpc.completeAttach(id);
  await look();
  s.vpc.beginDetach({ attachmentId: id });
  await look();
  expect(seen).toEqual(['404', eni.id, '404']);
});

const paths = [
  ['/latest/', 'dynamic\nmeta-data'],
  ['/latest', 'dynamic\nmeta-data'],
  ['/latest/dynamic/', 'instance-identity/'],
  ['/latest/dynamic/instance-identity', 'document'],
  ['/latest/dynamic/instance-identity/signature', '404'],
  ['/latest/user-data', '404'],
  ['/2009-04-04/meta-data/instance-type', 't3.small'],
  ['/2021-03-23/meta-data/instance-type', 't3.small'],
  ['/1999-01-01/meta-data/instance-type', '404'],
  [`${META}network/`, 'interfaces/'],
  [`/latest//meta-data/placement/`, 'availability-zone\navailability-zone-id\nregion'],
  [`${META}placement`, 'availability-zone\navailability-zone-id\nregion'],
  [`${META}instance-type/`, '404'],
  [`${META}instance-type/more`, '404'],
  [`${META}network/interfaces/macs/02:00:00:00:00:00/`, '404'],
  [`${META}ipv6`, '404'],
  [`${META}public-ipv4`, '404'],
  [`${META}public-keys/`, '404'],
  [`${META}tags/`, '404'],
  [`${META}constructor`, '404'],
  [`${META}spot/instance-action`, '404'],
  [`${META}network%2Finterfaces/`, '404'],
  ['/nonsense', '404'],
] as const;
test('paths that hold a listing, and paths that hold nothing', async () => {
  await using s = stage();
  const got: [string, string][] = [];
  for (const [path] of paths) got.push([path, await s.read(path)]);
  expect(got).toEqual(paths.map(([path, text]) => [path, text]));
  const versions = (await s.read('/')).split('\n');
  expect([versions[0], versions.at(-1), versions.includes('2016-09-02')]).toEqual(['1.0', 'latest', true]);
});

test('tags show when the instance allows it, as they are now', async () => {
  await using s = stage({ launch: { tags: { team: 'net', 'a:b_c.d@e': 'x y' } } });
  const tags = `${META}tags/instance/`;
  const before = await s.read(tags);
  s.vpc.setMetadataOptions(s.node, { instanceTags: true });
  expect([before, await s.read(tags), await s.read(`${tags}a:b_c.d@e`)]).toEqual([
    '404',
    'Name\na:b_c.d@e\nteam',
    'x y',
  ]);
  s.vpc.createTags({ resourceIds: [s.node], tags: { team: 'dns' } });
  expect(await s.read(`${tags}team`)).toBe('dns');
});

test('user data comes back byte by byte', async () => {
  const userData = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await using s = stage({ launch: { userData } });
  const response = await fetch(`${s.imds}/latest/user-data`, {
    headers: { 'x-aws-ec2-metadata-token': await s.token() },
  });
  expect([response.headers.get('content-type'), new Uint8Array(await response.arrayBuffer())]).toEqual([
    'application/octet-stream',
    userData,
  ]);
  expect(await s.read('/latest/')).toBe('dynamic\nmeta-data\nuser-data');
});

const identities = [
  { type: 't3.small', architecture: 'x86_64' },
  { type: 'c7gn.large', architecture: 'arm64' },
  { type: 'a1.large', architecture: 'arm64' },
  { type: 'g4dn.xlarge', architecture: 'x86_64' },
  { type: 'im4gn.large', architecture: 'arm64' },
];
test.each(identities)('the identity document of $type says $architecture', async ({ type, architecture }) => {
  await using s = stage({ launch: { instanceType: type } });
  expect(JSON.parse(await s.read('/latest/dynamic/instance-identity/document'))).toEqual({
    accountId: '123456789012',
    architecture,
    availabilityZone: 'us-east-1a',
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: 'ami-00000000000000000',
    instanceId: s.node,
    instanceType: type,
    kernelId: null,
    pendingTime: '2023-11-14T22:13:20Z',
    privateIp: '10.0.1.4',
    ramdiskId: null,
    region: 'us-east-1',
    version: '2017-09-30',
  });
});

test('a terminated instance has no metadata any more', async () => {
  const vpc = smallVpc();
  await using s = stage({ vpc });
  vpc.terminateInstance(s.node);
  expect(await s.read(`${META}instance-id`)).toBe('404');
});

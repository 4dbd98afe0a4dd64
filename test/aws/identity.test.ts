import { expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { createImds, readIdentity } from '../../src/aws/index.ts';
import { toHostError } from '../../src/errors/index.ts';
import { startImdsService } from './imds-service.ts';

const DOCUMENT = '/latest/dynamic/instance-identity/document';
const PRIMARY = '/latest/meta-data/network/interfaces/macs/02:aa:00:00:00:01';
const tree: Readonly<Record<string, string>> = {
  [DOCUMENT]: JSON.stringify({
    accountId: '111122223333',
    architecture: 'x86_64',
    availabilityZone: 'eu-central-1b',
    imageId: 'ami-0123456789abcdef0',
    instanceId: 'i-0123456789abcdef0',
    instanceType: 't3.small',
    kernelId: null,
    privateIp: '10.0.1.10',
    region: 'eu-central-1',
    version: '2017-09-30',
  }),
  '/latest/meta-data/mac': '02:AA:00:00:00:01',
  [`${PRIMARY}/vpc-id`]: 'vpc-0a',
  [`${PRIMARY}/subnet-id`]: 'subnet-0b',
  [`${PRIMARY}/subnet-ipv4-cidr-block`]: '10.0.1.0/24',
  [`${PRIMARY}/local-ipv4s`]: '10.0.1.10\n10.0.1.11\n10.0.1.12',
  [`${PRIMARY}/vpc-ipv4-cidr-blocks`]: '10.0.0.0/16\n100.64.0.0/16',
  [`${PRIMARY}/security-group-ids`]: 'sg-0c\nsg-0d',
  [`${PRIMARY}/interface-id`]: 'eni-0e',
};

test('readIdentity() reads everything with one token', async () => {
  await using service = startImdsService({ tree });
  expect(await readIdentity(createImds({ endpoint: service.endpoint }))).toEqual({
    instanceId: 'i-0123456789abcdef0',
    instanceType: 't3.small',
    region: 'eu-central-1',
    availabilityZone: 'eu-central-1b',
    vpcId: 'vpc-0a',
    subnetId: 'subnet-0b',
    subnetCidr: parseIpv4Cidr('10.0.1.0/24'),
    primaryMac: parseMac('02:aa:00:00:00:01'),
    primaryAddress: parseIpv4('10.0.1.10'),
    vpcCidrs: [parseIpv4Cidr('10.0.0.0/16'), parseIpv4Cidr('100.64.0.0/16')],
    securityGroups: ['sg-0c', 'sg-0d'],
    primaryEniId: 'eni-0e',
  });
  expect(service.seen.map(({ path }) => path).sort()).toEqual(['/latest/api/token', ...Object.keys(tree)].sort());
});

const bad = [
  { name: 'a document that is not JSON', path: DOCUMENT, text: '<html>', found: 'a text that is not JSON' },
  {
    name: 'a document without a region',
    path: DOCUMENT,
    text: '{"instanceId":"i-1","instanceType":"t3.small","availabilityZone":"z"}',
    found: "document must have required property 'region'",
  },
  { name: 'a MAC that is none', path: '/latest/meta-data/mac', text: 'x', found: '"x" is not a MAC address' },
  { name: 'an empty VPC id', path: `${PRIMARY}/vpc-id`, text: '', found: 'an empty text' },
  { name: 'no address', path: `${PRIMARY}/local-ipv4s`, text: '\n', found: '"" is not an IPv4 address' },
  {
    name: 'a bad network',
    path: `${PRIMARY}/vpc-ipv4-cidr-blocks`,
    text: '10.0.0.0/16 x/9',
    found: '"x" is not an IPv4 address',
  },
];
for (const row of bad) {
  test(`readIdentity() names ${row.name}`, async () => {
    await using service = startImdsService({ tree: { ...tree, [row.path]: row.text } });
    const failure = await readIdentity(createImds({ endpoint: service.endpoint })).catch(toHostError);
    expect(failure).toMatchObject({ code: 'IMDS_BAD_ANSWER', details: { path: row.path, found: row.found } });
  });
}

test('readIdentity() names a path the service does not have', async () => {
  const { [`${PRIMARY}/subnet-id`]: _, ...rest } = tree;
  await using service = startImdsService({ tree: rest });
  const failure = await readIdentity(createImds({ endpoint: service.endpoint })).catch(toHostError);
  expect(failure).toMatchObject({
    code: 'IMDS_BAD_ANSWER',
    details: { path: `${PRIMARY}/subnet-id`, found: 'HTTP 404' },
  });
});

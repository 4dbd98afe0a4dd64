import { expect, test } from 'bun:test';
import { createImds, readInterfaces } from '../../src/aws/index.ts';
import { toHostError } from '../../src/errors/index.ts';
import { startImdsService } from './imds-service.ts';

const MACS = '/latest/meta-data/network/interfaces/macs/';
const tree = (enis: Readonly<Record<string, Readonly<Record<string, string>>>>): Record<string, string> => ({
  [MACS]: Object.keys(enis)
    .map((mac) => `${mac}/`)
    .join('\n'),
  ...Object.fromEntries(
    Object.entries(enis).flatMap(([mac, fields]) =>
      Object.entries(fields).map(([field, value]) => [`${MACS}${mac}/${field}`, value]),
    ),
  ),
});
const read = async (enis: Parameters<typeof tree>[0]) => {
  await using service = startImdsService({ tree: tree(enis) });
  const listed = await readInterfaces(createImds({ endpoint: service.endpoint })).catch(toHostError);
  return { listed, paths: service.seen.filter(({ method }) => method === 'GET').map(({ path }) => path) };
};

const common = { 'interface-id': 'eni-1', 'device-number': '0', 'subnet-id': 'subnet-1' };

test('addresses and prefixes of every ENI, each path once', async () => {
  const { listed, paths } = await read({
    '02:00:00:00:00:01': {
      ...common,
      'local-ipv4s': '10.0.0.10\n10.0.0.11',
      'ipv4-prefix': '10.0.0.32/28',
      'ipv6-prefix': '2001:db8:0:0:1::/80',
    },
    '02:00:00:00:00:02': { ...common, 'interface-id': 'eni-2', 'device-number': '1', 'network-card': '1' },
  });
  expect(listed).toMatchObject([
    {
      eniId: 'eni-1',
      device: 0,
      card: 0,
      addresses: ['10.0.0.10', '10.0.0.11'],
      prefixes: [{ address: '10.0.0.32', prefixLength: 28 }],
    },
    // EFA only, or of IPv6 alone: it has no IPv4 address, and that is no fault.
    { eniId: 'eni-2', device: 1, card: 1, addresses: [], prefixes: [], ipv6Prefixes: [] },
  ]);
  expect(new Set(paths).size).toBe(paths.length);
});

test('an ENI that is going while it is read is left out', async () => {
  const { listed } = await read({ '02:00:00:00:00:01': common, '02:00:00:00:00:02': {} });
  expect(listed).toMatchObject([{ eniId: 'eni-1' }]);
});

for (const [field, value] of [
  ['device-number', 'one'],
  ['local-ipv4s', '10.0.0.300'],
  ['ipv4-prefix', '10.0.0.0'],
] as const) {
  test(`nonsense as ${field} is IMDS_BAD_ANSWER`, async () => {
    const { listed } = await read({ '02:00:00:00:00:01': { ...common, [field]: value } });
    expect(listed).toMatchObject({ code: 'IMDS_BAD_ANSWER' });
  });
}

test('fifteen ENIs are read by eight connections, which are there for the next look', async () => {
  const enis = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [
      `02:00:00:00:00:${(index + 16).toString(16)}`,
      { ...common, 'interface-id': `eni-${index}`, 'device-number': String(index) },
    ]),
  );
  await using service = startImdsService({ tree: tree(enis) });
  const imds = createImds({ endpoint: service.endpoint });
  for (let look = 0; look < 3; look++) expect(await readInterfaces(imds)).toHaveLength(15);
  const connections = new Set(service.seen.map(({ port }) => port));
  expect(service.seen.length).toBeGreaterThan(3 * 15 * 7);
  expect(connections.size).toBeLessThanOrEqual(8);
});

import { expect, test } from 'bun:test';
import { parseIp, parseIpv4, parseIpv4Cidr, parseMac } from '../../../src/addr/index.ts';
import { createImds } from '../../../src/aws/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import { toHostError } from '../../../src/errors/index.ts';
import { NodeEgress } from '../../../src/ipamd/egress/node-egress.ts';
import { complaintOfEgress, egressPlan } from '../../../src/ipamd/egress/plan.ts';
import { startImdsService } from '../../aws/imds-service.ts';

const { settings } = loadSettings({});
const [A5, A6] = ['2001:db8::5', '2001:db8::6'];
const MAC = '02:aa:00:00:00:01';
const IPV6S = `/latest/meta-data/network/interfaces/macs/${MAC}/ipv6s`;
const identity = {
  ...{ instanceId: 'i-1', instanceType: 'm5.large', region: 'r', availabilityZone: 'ra', vpcId: 'vpc-1' },
  ...{ subnetId: 'subnet-1', subnetCidr: parseIpv4Cidr('10.0.0.0/24'), primaryMac: parseMac(MAC) },
  ...{ primaryAddress: parseIpv4('10.0.0.5'), vpcCidrs: [], securityGroups: [], primaryEniId: 'eni-1' },
};
const IPV6_PODS = { ENABLE_IPv4: false, ENABLE_IPv6: true };

const rows = [
  { name: 'IPv4 pods', change: {}, egress: undefined, asks: 0, complains: undefined },
  {
    name: 'IPv6 pods, which reach IPv4 unless told otherwise',
    change: IPV6_PODS,
    egress: { family: 'ipv4', nodeAddress: parseIp('10.0.0.5') },
    ...{ asks: 0, complains: undefined },
  },
  {
    name: 'IPv6 pods that are not to reach IPv4',
    change: { ...IPV6_PODS, ENABLE_V4_EGRESS: false },
    ...{ egress: undefined, asks: 0, complains: undefined },
  },
  {
    name: 'IPv4 pods that are to reach IPv6',
    change: { ENABLE_V6_EGRESS: true },
    egress: { family: 'ipv6', nodeAddress: parseIp('2001:db8::5') },
    ...{ asks: 1, complains: undefined },
  },
  {
    name: 'IPv4 pods of a node without IPv6',
    change: { ENABLE_V6_EGRESS: true },
    ...{ without: true, egress: undefined, asks: 1, complains: 'EGRESS_NO_IPV6' },
  },
] as const;

for (const row of rows)
  test(`egress of ${row.name}`, async () => {
    await using service = startImdsService({ tree: 'without' in row ? {} : { [IPV6S]: '2001:db8::5\n2001:db8::6' } });
    const wanted = { ...settings, ...row.change };
    const egress = await egressPlan(wanted, identity, createImds({ endpoint: service.endpoint }));
    expect(egress).toEqual(row.egress);
    expect(service.seen.filter(({ path }) => path === IPV6S)).toHaveLength(row.asks);
    const node = { settings: wanted, identity, ...(egress === undefined ? {} : { egress }) };
    expect(String(complaintOfEgress(node)()?.code)).toBe(String(row.complains));
  });

test('the complaint goes when the address has come, and comes when it goes', () => {
  const nodeEgress = new NodeEgress(undefined);
  const complaint = complaintOfEgress({
    settings: { ...settings, ENABLE_V6_EGRESS: true },
    identity,
    get egress() {
      return nodeEgress.plan;
    },
  });
  const codes = [parseIp('2001:db8::5'), undefined, undefined].map((address) => {
    nodeEgress.heard(address);
    return complaint()?.code;
  });
  expect(codes).toEqual([undefined, undefined, 'EGRESS_NO_IPV6']);
});

test.each([
  ['comes late', undefined, ['-', A5], [false, true], A5],
  ['is another one', A5, [A5, A6, A6], [false, true, false], A6],
  ['is missing once', A5, ['-', A5, '-', A5], [false, false, false, false], A5],
  ['is gone', A5, ['-', '-', '-'], [false, true, false], undefined],
  ['was never there', undefined, ['-', '-', '-'], [false, false, false], undefined],
] as const)('the address of the node %s', (_, before, heard, changes, after) => {
  const plan = (address: string) => ({ family: 'ipv6', nodeAddress: parseIp(address) }) as const;
  const node = new NodeEgress(before === undefined ? undefined : plan(before));
  expect(heard.map((address) => node.heard(address === '-' ? undefined : parseIp(address)))).toEqual([...changes]);
  expect(node.plan).toEqual(after === undefined ? undefined : plan(after));
});

test('an address that is none is told, and tried again by the caller', async () => {
  await using service = startImdsService({ tree: { [IPV6S]: 'fe80::1%eth0' } });
  const imds = createImds({ endpoint: service.endpoint });
  const failure = await egressPlan({ ...settings, ENABLE_V6_EGRESS: true }, identity, imds).catch(toHostError);
  expect(failure).toMatchObject({ code: 'IMDS_BAD_ANSWER', details: { path: IPV6S } });
});

import { describe, expect, test } from 'bun:test';
import { parseIpv4 } from '../../../src/addr/index.ts';
import { checkSettings } from '../../../src/config/index.ts';
import { enisDocument, goTime } from '../../../src/ipamd/introspection/enis.ts';
import { introspectionRoutes } from '../../../src/ipamd/introspection/routes.ts';
import { Pool } from '../../../src/pool/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { facts, owner } from '../../pool/model/sample.ts';

const ADDRESS = parseIpv4('10.0.0.5');
const SINCE = 1_767_225_600_123_456_000n;
const OPTIONS = { cards: [0], cooldownMs: 30_000, bootedAtMs: 0 };

function poolWith(cidrs: readonly string[]): Pool {
  const pool = new Pool();
  pool.putEni(facts(1, { subnetId: 'subnet-7' }));
  pool.addCidrs('eni-0-1', cidrs);
  return pool;
}

/** The document as somebody reads it who got it over HTTP. */
const shown = (pool: Pool, options = OPTIONS) => JSON.parse(JSON.stringify(enisDocument(pool, options)));

const NEVER = '0001-01-01T00:00:00Z';
const ENI = {
  ID: 'eni-0-1',
  IsPrimary: false,
  IsTrunk: false,
  IsEFA: false,
  DeviceNumber: 1,
  IPv6Cidrs: {},
  IsExcludedForPodIPs: false,
  RouteTableID: 2,
  SubnetID: 'subnet-7',
};
const cidrOf = (IPAddresses: object) => ({
  '10.0.0.5/32': { Cidr: { IP: '10.0.0.5', Mask: '/////w==' }, IPAddresses, IsPrefix: false, AddressFamily: '' },
});

describe('/v1/enis', () => {
  test('an address nobody has had', () => {
    expect(shown(poolWith(['10.0.0.5/32']))).toEqual({
      '0': { TotalIPs: 1, AssignedIPs: 0, ENIs: { 'eni-0-1': { ...ENI, AvailableIPv4Cidrs: cidrOf({}) } } },
    });
  });

  test('the address of a pod: its names, not its container', () => {
    const pool = poolWith(['10.0.0.5/32']);
    pool.apply({ kind: 'assigned', address: ADDRESS, owner: owner(1), since: SINCE });
    const entry = {
      Address: '10.0.0.5',
      IPAMKey: { networkName: 'aws-cni', containerID: '', ifName: '' },
      IPAMMetadata: { k8sPodNamespace: 'default', k8sPodName: 'pod-1', interfacesCount: 1 },
      AssignedTime: '2026-01-01T00:00:00.123456Z',
      UnassignedTime: NEVER,
    };
    expect(shown(pool)['0']).toEqual({
      TotalIPs: 1,
      AssignedIPs: 1,
      ENIs: { 'eni-0-1': { ...ENI, AvailableIPv4Cidrs: cidrOf({ '10.0.0.5': entry }) } },
    });
  });

  test('an address that rests tells when it was given back', () => {
    const pool = poolWith(['10.0.0.5/32']);
    pool.apply({ kind: 'assigned', address: ADDRESS, owner: owner(1), since: SINCE });
    const untilMs = Date.parse('2026-01-01T00:01:30.500Z');
    for (const event of pool.release(owner(1), untilMs)) pool.apply(event);
    const entry = {
      Address: '10.0.0.5',
      IPAMKey: { networkName: '', containerID: '', ifName: '' },
      IPAMMetadata: {},
      AssignedTime: NEVER,
      UnassignedTime: '2026-01-01T00:01:00.5Z',
    };
    expect(shown(pool)['0'].ENIs['eni-0-1'].AvailableIPv4Cidrs).toEqual(cidrOf({ '10.0.0.5': entry }));
  });

  test('prefixes of both families', () => {
    const { AvailableIPv4Cidrs, IPv6Cidrs } = shown(poolWith(['10.64.0.16/28', '2001:db8:0:1::/80']))['0'].ENIs[
      'eni-0-1'
    ];
    expect(AvailableIPv4Cidrs).toEqual({
      '10.64.0.16/28': {
        Cidr: { IP: '10.64.0.16', Mask: '////8A==' },
        IPAddresses: {},
        IsPrefix: true,
        AddressFamily: '',
      },
    });
    expect(IPv6Cidrs).toEqual({
      '2001:db8:0:1::/80': {
        Cidr: { IP: '2001:db8:0:1::', Mask: '/////////////wAAAAAAAA==' },
        IPAddresses: {},
        IsPrefix: true,
        AddressFamily: '',
      },
    });
  });

  test('cards side by side, with a trunk and an ENI that takes no pods', () => {
    const pool = poolWith([]);
    pool.putEni(facts(0, { card: 1, service: 'no-new-pods', table: 10_100 }));
    pool.setForeign([{ card: 0, device: 2, eniId: 'eni-t', why: 'trunk' }]);
    const document = shown(pool, { ...OPTIONS, cards: [0, 1] });
    expect(document['0'].ENIs['eni-t']).toMatchObject({ IsTrunk: true, DeviceNumber: 2, RouteTableID: 3 });
    expect(Object.keys(document['0'].ENIs)).toEqual(['eni-0-1', 'eni-t']);
    expect(document['1'].ENIs['eni-1-0']).toMatchObject({ IsExcludedForPodIPs: true, RouteTableID: 10_100 });
  });
});

describe('goTime()', () => {
  const rows = [
    [1_767_225_600_000_000_000n, '2026-01-01T00:00:00Z'],
    [1_767_225_600_000_000_001n, '2026-01-01T00:00:00.000000001Z'],
    [1_767_225_600_120_000_000n, '2026-01-01T00:00:00.12Z'],
  ] as const;
  for (const [nanoseconds, text] of rows)
    test(text, () => {
      expect(goTime(nanoseconds)).toBe(text);
    });
});

describe('the other paths', () => {
  const { resolved } = checkSettings({
    files: [
      {
        path: '/f',
        text: 'AWS_VPC_K8S_CNI_RANDOMIZESNAT=hashrandom\nAWS_EXTERNAL_SERVICE_CIDRS=10.9.0.0/16\nWARM_IP_TARGET=2',
      },
    ],
  });
  if (resolved === undefined) throw new Error('settings');
  const { settings } = resolved;
  const limits = { cards: [{ card: 0, maxEnis: 3 }], slotsPerEni: 3, maxPods: 10 };
  const routes = (name: string | undefined) =>
    introspectionRoutes({ settings, limits, view: () => new Pool(), clock: systemClock, eniConfigName: () => name });
  const get = async (path: string, name: string | undefined = 'default'): Promise<unknown> => {
    const answer = await routes(name)[path]?.();
    return answer?.status === 200 ? answer.json() : answer?.status;
  };

  test('networkutils-env-settings', async () => {
    expect(await get('/v1/networkutils-env-settings')).toEqual({
      AWS_VPC_ENI_MTU: 9001,
      AWS_VPC_K8S_CNI_VETHPREFIX: 'eni',
      AWS_VPC_CNI_NODE_PORT_SUPPORT: true,
      AWS_VPC_K8S_CNI_CONNMARK: 128,
      AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: [],
      AWS_VPC_K8S_CNI_EXTERNALSNAT: false,
      AWS_EXTERNAL_SERVICE_CIDRS: ['10.9.0.0/16'],
      AWS_VPC_K8S_CNI_RANDOMIZESNAT: 1,
    });
  });

  test('ipamd-env-settings', async () => {
    expect(await get('/v1/ipamd-env-settings')).toEqual({
      WARM_ENI_TARGET: 1,
      WARM_IP_TARGET: 2,
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: false,
      AWS_MANAGE_ENIS_NON_SCHEDULABLE: false,
      ENABLE_SUBNET_DISCOVERY: true,
    });
  });

  test('eni-configs is a name, or 404 while the node is not known', async () => {
    expect(await get('/v1/eni-configs', 'eu-central-1a')).toBe('eu-central-1a');
    const answer = await routes(undefined)['/v1/eni-configs']?.();
    expect(answer?.status).toBe(404);
  });
});

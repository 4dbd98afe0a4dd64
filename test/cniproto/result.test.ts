import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type AddResult,
  appendResult,
  CNI_VERSIONS,
  cniNumber,
  parsePrevResult,
  renderError,
  renderResult,
} from '../../src/cniproto/index.ts';
import { HostError } from '../../src/errors/index.ts';

const RESULT: AddResult = {
  interfaces: [
    { name: 'enic440f455693', mac: '02:00:00:00:00:01', mtu: 9001 },
    { name: 'eth0', mac: '02:00:00:00:00:02', mtu: 9001, sandbox: '/run/netns/p1' },
  ],
  ips: [{ address: '10.0.1.90/32', gateway: '169.254.1.1', interface: 1 }],
  routes: [{ dst: '0.0.0.0/0', gw: '169.254.1.1' }],
};

const LEGACY = (cniVersion: string) => ({
  cniVersion,
  interfaces: [
    { name: 'enic440f455693', mac: '02:00:00:00:00:01' },
    { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/p1' },
  ],
  ips: [{ version: '4', interface: 1, address: '10.0.1.90/32', gateway: '169.254.1.1' }],
  routes: [{ dst: '0.0.0.0/0', gw: '169.254.1.1' }],
  dns: {},
});

describe('renderResult()', () => {
  const rows = [
    { version: '0.3.0', shape: LEGACY('0.3.0') },
    { version: '0.3.1', shape: LEGACY('0.3.1') },
    { version: '0.4.0', shape: LEGACY('0.4.0') },
    {
      version: '1.0.0',
      shape: {
        cniVersion: '1.0.0',
        interfaces: LEGACY('').interfaces,
        ips: [{ interface: 1, address: '10.0.1.90/32', gateway: '169.254.1.1' }],
        routes: LEGACY('').routes,
      },
    },
    {
      version: '1.1.0',
      shape: {
        cniVersion: '1.1.0',
        interfaces: [
          { name: 'enic440f455693', mac: '02:00:00:00:00:01', mtu: 9001 },
          { name: 'eth0', mac: '02:00:00:00:00:02', mtu: 9001, sandbox: '/run/netns/p1' },
        ],
        ips: [{ interface: 1, address: '10.0.1.90/32', gateway: '169.254.1.1' }],
        routes: LEGACY('').routes,
      },
    },
  ] as const;
  for (const row of rows) {
    test(`has the shape of ${row.version}`, () => {
      expect<unknown>(JSON.parse(JSON.stringify(renderResult(RESULT, row.version)))).toEqual(row.shape);
    });
  }

  test('what is rendered is read back, but for what the version cannot carry', () => {
    const interfaces = fc.array(
      fc.record(
        { name: fc.string({ minLength: 1 }), mac: fc.constant('02:00:00:00:00:01') },
        { requiredKeys: ['name'] },
      ),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(interfaces, fc.constantFrom(...CNI_VERSIONS), (list, version) => {
        const result: AddResult = { interfaces: list, ips: [{ address: '10.0.0.1/32', interface: list.length - 1 }] };
        expect(parsePrevResult(JSON.parse(JSON.stringify(renderResult(result, version))))).toEqual(result);
      }),
    );
  });
});

const PREVIOUS = {
  interfaces: [{ name: 'eth1', sandbox: '/run/netns/p1', socketPath: '/run/vhost.sock', pciID: '0000:00:05.0' }],
  ips: [{ address: '10.9.0.2/24', gateway: '10.9.0.1', interface: 0 }, { address: '10.9.0.3/24' }],
  routes: [{ dst: '10.9.0.0/16', gw: '10.9.0.1', mtu: 1400, advmss: 1360, priority: 7, table: 100, scope: 253 }],
  dns: { nameservers: ['10.9.0.10'], domain: 'a.b', search: ['b'], options: ['ndots:2'] },
};

describe('appendResult()', () => {
  test('hands on all that came before, and its own after it', () => {
    const { interfaces, ips, routes, dns } = appendResult(parsePrevResult(PREVIOUS), RESULT);
    expect(interfaces).toEqual([...PREVIOUS.interfaces, ...RESULT.interfaces]);
    expect<unknown>(ips).toEqual([...PREVIOUS.ips, { ...RESULT.ips[0], interface: 2 }]);
    expect<unknown>(routes).toEqual([...PREVIOUS.routes, ...(RESULT.routes ?? [])]);
    expect<unknown>(dns).toEqual(PREVIOUS.dns);
  });

  test('an empty result before it changes nothing', () => {
    expect(appendResult(parsePrevResult({}), RESULT)).toEqual(RESULT);
  });
});

describe('parsePrevResult()', () => {
  test('what 1.1.0 knows is handed on in 1.1.0, and left out in what cannot say it', () => {
    const result = parsePrevResult(PREVIOUS);
    const plain = (version: '1.0.0' | '1.1.0') => JSON.parse(JSON.stringify(renderResult(result, version)));
    expect(plain('1.1.0')).toEqual({ cniVersion: '1.1.0', ...PREVIOUS });
    expect(plain('1.0.0')).toEqual({
      cniVersion: '1.0.0',
      ...PREVIOUS,
      interfaces: [{ name: 'eth1', sandbox: '/run/netns/p1' }],
      routes: [{ dst: '10.9.0.0/16', gw: '10.9.0.1' }],
    });
  });

  const upstream = parsePrevResult({
    cniVersion: '0.4.0',
    interfaces: [
      { name: 'enic440f455693' },
      { name: 'eth0', mac: '2', sandbox: '/var/run/netns/cni-1234' },
      { name: 'dummyc440f455693', mac: '0', sandbox: '1' },
    ],
    ips: [{ version: '4', interface: 1, address: '10.0.1.90/32' }],
    dns: {},
  });

  test("reads a result of upstream's", () => {
    expect(upstream).toEqual({
      interfaces: [
        { name: 'enic440f455693' },
        { name: 'eth0', mac: '2', sandbox: '/var/run/netns/cni-1234' },
        { name: 'dummyc440f455693', mac: '0', sandbox: '1' },
      ],
      ips: [{ address: '10.0.1.90/32', interface: 1 }],
    });
  });

  test('takes a number for a MAC, and null for a list', () => {
    expect(parsePrevResult({ interfaces: [{ name: 'eth0', mac: 2 }], ips: null, routes: null })).toEqual({
      interfaces: [{ name: 'eth0', mac: '2' }],
      ips: [],
    });
  });

  test('names what is wrong', () => {
    const read = () => parsePrevResult({ interfaces: [], ips: [{ address: '10.0.0.1/32', interface: 3 }] });
    expect(read).toThrow('prevResult.ips[0].interface is not the index of an interface');
  });
});

describe('renderError()', () => {
  test('tells the sentence, the code and the way out', () => {
    const error = new HostError('DAEMON_DOWN', { socket: '/run/vpc-cni/cni.sock', reason: 'ENOENT' });
    expect(renderError(error, '1.0.0')).toEqual({
      cniVersion: '1.0.0',
      code: 11,
      msg: 'ipamd does not answer on /run/vpc-cni/cni.sock: ENOENT',
      details: 'DAEMON_DOWN: start it with "systemctl start vpc-cni-ipamd" and read its journal',
    });
  });

  const rows = [
    ['CNI_VERSION', 'ADD', 1],
    ['ATTACHMENT_UNKNOWN', 'CHECK', 3],
    ['CNI_ENV', 'ADD', 4],
    ['CNI_DECODE', 'ADD', 6],
    ['CNI_CONFIG', 'STATUS', 7],
    ['NETNS_MISSING', 'ADD', 8],
    ['COOLDOWN_WAIT', 'ADD', 11],
    ['DAEMON_DOWN', 'STATUS', 50],
    ['ENI_LIMIT', 'STATUS', 50],
    ['ENI_LIMIT', 'ADD', 103],
    ['SIM_NOT_RUNNING', 'ADD', 100],
    ['LINK_MISSING', 'ADD', 11],
  ] as const;
  for (const [code, command, number] of rows) {
    test(`${code} in ${command} is ${number}`, () => {
      expect(renderError(new HostError(code), '1.1.0', command).code).toBe(number);
    });
  }

  test('no number of ours lies in the range of the specification', () => {
    expect(cniNumber('INTERNAL', 'backoff')).toBe(100);
  });
});

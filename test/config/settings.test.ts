import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { checkSettings, loadSettings, SETTING_KEYS, type SettingKey } from '../../src/config/index.ts';
import { HostError } from '../../src/errors/index.ts';

function complaintOf(input: Parameters<typeof loadSettings>[0]): string {
  try {
    loadSettings(input);
  } catch (error) {
    if (error instanceof HostError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

describe('loadSettings()', () => {
  test('gives every default when nothing is set', () => {
    const { settings, origins } = loadSettings({});
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
    expect({
      warmEni: settings.WARM_ENI_TARGET,
      cooldown: settings.IP_COOLDOWN_PERIOD,
      podMtu: settings.POD_MTU,
      mark: settings.AWS_VPC_K8S_CNI_CONNMARK,
      bind: settings.INTROSPECTION_BIND_ADDRESS,
      cidrs: settings.AWS_EXTERNAL_SERVICE_CIDRS,
      ipv4: settings.ENABLE_IPv4,
    }).toEqual({
      warmEni: 1,
      cooldown: 30,
      podMtu: 9001,
      mark: 128,
      bind: { host: '127.0.0.1', port: 61679 },
      cidrs: [],
      ipv4: true,
    });
  });

  test('takes the later source and says which it was', () => {
    const { settings, origins } = loadSettings({
      files: [
        { path: '/etc/vpc-cni/vpc-cni.env', text: 'WARM_IP_TARGET=1\nMINIMUM_IP_TARGET=2\nMAX_ENI=3\nMAX_PODS=4\n' },
        { path: '/etc/vpc-cni/conf.d/10.env', text: '# site\nMINIMUM_IP_TARGET=20\nMAX_ENI=30\nMAX_PODS=40\n' },
      ],
      env: { MAX_ENI: '300', MAX_PODS: '400', UNKNOWN_HERE: 'fine' },
      flags: { MAX_PODS: '4000' },
    });
    const keys = ['WARM_IP_TARGET', 'MINIMUM_IP_TARGET', 'MAX_ENI', 'MAX_PODS'] as const;
    expect(keys.map((key) => [settings[key], origins[key]])).toEqual([
      [1, '/etc/vpc-cni/vpc-cni.env:1'],
      [20, '/etc/vpc-cni/conf.d/10.env:2'],
      [300, 'environment'],
      [4000, 'flag'],
    ]);
  });

  test('gives pods the MTU of the ENIs unless told otherwise', () => {
    const { settings, origins } = loadSettings({ env: { AWS_VPC_ENI_MTU: '1500' } });
    expect([settings.POD_MTU, origins.POD_MTU]).toEqual([1500, 'AWS_VPC_ENI_MTU, environment']);
    expect(loadSettings({ env: { AWS_VPC_ENI_MTU: '1500', POD_MTU: '1400' } }).settings.POD_MTU).toBe(1400);
  });

  test('takes the older name of the EC2 endpoint, and refuses two that differ', () => {
    const { settings } = loadSettings({ env: { AWS_EC2_ENDPOINT: 'http://127.0.0.1:8080' } });
    expect(settings.AWS_ENDPOINT_URL_EC2).toBe('http://127.0.0.1:8080');
    expect(complaintOf({ env: { AWS_EC2_ENDPOINT: 'http://a', AWS_ENDPOINT_URL_EC2: 'http://b' } })).toBe(
      'invalid configuration: AWS_EC2_ENDPOINT="http://a" (environment) contradicts AWS_ENDPOINT_URL_EC2="http://b" (environment); set only one',
    );
  });

  test('names every mistake of every source at once', () => {
    const text = 'WARM_IP_TARGTE=3\nWARM_ENI_TARGET=many\noops\nANNOTATE_POD_IP=1\n';
    expect(complaintOf({ files: [{ path: '/f', text }], env: { POD_MTU: '99999', WARM_ENI_TARGET: '2' } })).toBe(
      [
        'invalid configuration: 5 findings',
        '  (/f:3) is not KEY=VALUE',
        '  WARM_IP_TARGTE (/f:1) is not a setting; did you mean WARM_IP_TARGET?',
        '  WARM_ENI_TARGET="many" (/f:2) is not an integer; allowed: an integer from 0 to 1000',
        '  ANNOTATE_POD_IP="1" (/f:4) asks for what is not supported yet; accepted: "false"; the API server is not asked for anything yet',
        '  POD_MTU="99999" (environment) is out of range; allowed: an integer from 576 to 9001',
      ].join('\n'),
    );
  });

  test('accepts a harmless value of a feature we lack in any spelling', () => {
    expect(
      loadSettings({ env: { ENABLE_IPv6: 'F', ENABLE_IPv4: 'T', WARM_PREFIX_TARGET: '1' } }).settings.ENABLE_IPv6,
    ).toBe(false);
  });

  test('suggests nothing for a name like no other', () => {
    expect(complaintOf({ flags: { COMPLETELY_ELSE: '1' } })).toBe(
      'invalid configuration: COMPLETELY_ELSE (flag) is not a setting',
    );
  });
});

describe('kinds', () => {
  const accepted: readonly (readonly [SettingKey, string, unknown])[] = [
    ['AWS_VPC_K8S_CNI_EXTERNALSNAT', 't', true],
    ['AWS_VPC_K8S_CNI_EXTERNALSNAT', 'FALSE', false],
    ['AWS_VPC_K8S_CNI_CONNMARK', '0x80', 128],
    ['AWS_VPC_K8S_CNI_CONNMARK', '0200', 128],
    ['AWS_VPC_K8S_CNI_CONNMARK', '4294967295', 4294967295],
    ['AWS_VPC_K8S_CNI_LOGLEVEL', 'DEBUG', 'debug'],
    ['AWS_VPC_K8S_CNI_LOGLEVEL', 'fatal', 'error'],
    ['MAX_ENI', '-1', -1],
    ['INTROSPECTION_BIND_ADDRESS', 'localhost:65535', { host: '127.0.0.1', port: 65535 }],
    ['AWS_VPC_K8S_PLUGIN_LOG_FILE', '', ''],
    ['CLUSTER_NAME', 'prod-1', 'prod-1'],
    ['ADDITIONAL_ENI_TAGS', '{"team":"web"}', { team: 'web' }],
    [
      'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
      ' 10.1.2.3/8, 192.168.0.0/16,10.0.0.0/8',
      [
        { address: '10.0.0.0', prefixLength: 8 },
        { address: '192.168.0.0', prefixLength: 16 },
      ],
    ],
  ];
  for (const [key, text, value] of accepted) {
    test(`${key} takes "${text}"`, () => {
      expect<unknown>(loadSettings({ flags: { [key]: text } }).settings[key]).toEqual(value);
    });
  }

  const ALLOWED: Partial<Record<SettingKey, string>> = {
    AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true or false (also 1, t, T, TRUE, True and 0, f, F, FALSE, False)',
    WARM_ENI_TARGET: 'an integer from 0 to 1000',
    AWS_VPC_ENI_MTU: 'an integer from 576 to 9001',
    AWS_VPC_K8S_CNI_RANDOMIZESNAT: 'prng, hashrandom, none',
    AWS_VPC_K8S_CNI_CONNMARK: 'a mark from 1 to 4294967295, decimal, hexadecimal (0x80) or octal (0200)',
    AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: 'IPv4 CIDRs separated by commas, or nothing',
  };
  const refused: readonly (readonly [SettingKey, string, string])[] = [
    ['AWS_VPC_K8S_CNI_EXTERNALSNAT', 'TrUe', 'is neither true nor false'],
    ['AWS_VPC_K8S_CNI_EXTERNALSNAT', '', 'is neither true nor false'],
    ['WARM_ENI_TARGET', '', 'is not an integer'],
    ['WARM_ENI_TARGET', '1.5', 'is not an integer'],
    ['WARM_ENI_TARGET', '-1', 'is out of range'],
    ['AWS_VPC_K8S_CNI_CONNMARK', '0', 'is out of range'],
    ['AWS_VPC_K8S_CNI_CONNMARK', '0x100000000', 'is out of range'],
    ['AWS_VPC_K8S_CNI_CONNMARK', '0x', 'is not a number'],
    ['AWS_VPC_K8S_CNI_CONNMARK', '089', 'is not a number'],
    ['AWS_VPC_K8S_CNI_VETHPREFIX', '', 'has a wrong form'],
    ['AWS_VPC_K8S_CNI_VETHPREFIX', 'vethx', 'has a wrong form'],
    ['AWS_VPC_K8S_CNI_VETHPREFIX', 'eth', 'would be taken for interfaces of the host'],
    ['AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', 'fd00::/8', 'has "fd00::/8", which is not an IPv4 CIDR'],
    ['AWS_VPC_K8S_CNI_RANDOMIZESNAT', 'yes', 'is none of the known words'],
    ['AWS_VPC_K8S_PLUGIN_LOG_FILE', 'stdout', 'has a wrong form'],
    ['INTROSPECTION_BIND_ADDRESS', '0.0.0.0:61679', 'is not a loopback address'],
    ['INTROSPECTION_BIND_ADDRESS', '127.0.0.1:0', 'has no valid port'],
    ['INTROSPECTION_BIND_ADDRESS', '127.0.0.1:65536', 'has no valid port'],
    ['AWS_ENDPOINT_URL_EC2', 'ec2.example', 'is not an http or https URL'],
    ['ADDITIONAL_ENI_TAGS', '{"a":1}', 'is not a JSON object of strings'],
    ['ADDITIONAL_ENI_TAGS', '{"aws:x":"1"}', 'has the key "aws:x", which is reserved'],
    ['ADDITIONAL_ENI_TAGS', '{"":"1"}', 'has the key "", which is empty or longer than 128 characters'],
    ['ADDITIONAL_ENI_TAGS', '["a"]', 'is not a JSON object of strings'],
    ['INTROSPECTION_BIND_ADDRESS', 'unix:/run/x.sock', 'is not address:port'],
    ['AWS_VPC_ENI_MTU', '575', 'is out of range'],
    ['AWS_VPC_ENI_MTU', '9002', 'is out of range'],
    ['IP_COOLDOWN_PERIOD', '-1', 'is out of range'],
    ['HTTPS_PROXY', 'socks5://proxy:1080', 'is not an http or https URL'],
  ];
  for (const [key, text, reason] of refused) {
    test(`${key} refuses "${text}"`, () => {
      const complaint = complaintOf({ flags: { [key]: text } });
      expect(complaint).toStartWith(
        `invalid configuration: ${key}=${JSON.stringify(text)} (flag) ${reason}; allowed: ${ALLOWED[key] ?? ''}`,
      );
      expect(complaint).not.toContain('\n');
    });
  }

  test('a mark reads back in each notation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (mark) => {
        for (const text of [String(mark), `0x${mark.toString(16)}`, `0${mark.toString(8)}`])
          expect(loadSettings({ flags: { AWS_VPC_K8S_CNI_CONNMARK: text } }).settings.AWS_VPC_K8S_CNI_CONNMARK).toBe(
            mark,
          );
      }),
    );
  });

  test('no text makes the check throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SETTING_KEYS), fc.string(), (key, text) => {
        const { faults, resolved } = checkSettings({ flags: { [key]: text } });
        expect(resolved === undefined).toBe(faults.length > 0);
      }),
      { numRuns: 2000 },
    );
  });

  test('an IPv4 CIDR is one to the schema exactly when it is one to the program', () => {
    const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom('00', '01', '', '256'));
    const cidr = fc.tuple(
      fc.tuple(octet, octet, octet, octet),
      fc.oneof(fc.nat(40).map(String), fc.constantFrom('', '08')),
    );
    const isCidr = (text: string): boolean => {
      try {
        parseIpv4Cidr(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(cidr, ([octets, length]) => {
        const text = `${octets.join('.')}/${length}`;
        const { faults } = checkSettings({ flags: { AWS_EXTERNAL_SERVICE_CIDRS: text } });
        expect([text, faults.length === 0]).toEqual([text, isCidr(text)]);
      }),
      { numRuns: 2000, examples: [[[['10', '0', '0', '0'], '8']], [[['255', '255', '255', '255'], '08']]] },
    );
  });
});

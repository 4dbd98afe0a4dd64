import { describe, expect, test } from 'bun:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import {
  checkSettings,
  defaultText,
  loadSettings,
  SETTING_KEYS,
  SETTINGS_SCHEMA,
  sdkEnvironment,
} from '../../src/config/index.ts';

/** Ajv as it comes, but for what it would only print: that is an error here. */
function strictAjv(): Ajv {
  const said = (text: string): never => {
    throw new Error(text);
  };
  return new Ajv({ allErrors: true, useDefaults: true, logger: { log: said, warn: said, error: said } });
}

describe('the schema', () => {
  const validate = strictAjv().compile(structuredClone(SETTINGS_SCHEMA));

  test('is taken by ajv as it comes, and nothing set is valid', () => {
    expect(SETTINGS_SCHEMA.$schema).toBe('http://json-schema.org/draft-07/schema#');
    const document: Record<string, unknown> = {};
    expect(validate(document)).toBe(true);
    expect(Object.keys(document)).toEqual([...SETTING_KEYS]);
  });

  test('every default written as text means itself', () => {
    const flags = Object.fromEntries(SETTING_KEYS.map((key) => [key, defaultText(key)]));
    expect(loadSettings({ flags }).settings).toEqual(loadSettings({}).settings);
  });

  // ajv looks at the rules before it fills in what is missing.
  const defaults: Record<string, unknown> = {};
  validate(defaults);

  test('says of any values what checkSettings says', () => {
    const bool = fc.constantFrom('true', 'false');
    const document = fc.record(
      {
        ENABLE_IPv4: bool,
        ENABLE_IPv6: bool,
        ENABLE_PREFIX_DELEGATION: bool,
        WARM_PREFIX_TARGET: fc.constantFrom('0', '1', '1001'),
        WARM_IP_TARGET: fc.constantFrom('0', '3', '-1'),
        AWS_VPC_ENI_MTU: fc.constantFrom('1000', '1280', '99999'),
        POD_MTU: fc.constantFrom('1000', '1280'),
        AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: bool,
        ENABLE_BANDWIDTH_PLUGIN: bool,
        NETWORK_POLICY_ENFORCING_MODE: fc.constantFrom('', 'none', 'standard'),
        AWS_ROLE_ARN: fc.constantFrom('', 'arn:aws:iam::1:role/x'),
        AWS_WEB_IDENTITY_TOKEN_FILE: fc.constantFrom('', '/token', 'token'),
        NOT_A_SETTING: fc.constant('x'),
      },
      { requiredKeys: [] },
    );
    const values = (texts: Readonly<Record<string, string | undefined>>): Record<string, unknown> => {
      const json = (text: string): unknown => (/^(true|false|-?\d+)$/.test(text) ? JSON.parse(text) : text);
      const given = Object.entries(texts).flatMap(([key, text]) => (text === undefined ? [] : [[key, json(text)]]));
      // The one default that is another setting's value.
      const { AWS_VPC_ENI_MTU: mtu } = texts;
      return { ...defaults, ...(mtu === undefined ? {} : { POD_MTU: json(mtu) }), ...Object.fromEntries(given) };
    };
    fc.assert(
      fc.property(document, (texts) => {
        const { faults } = checkSettings({ flags: texts });
        expect([texts, faults.length === 0]).toEqual([texts, validate(values(texts))]);
      }),
      { numRuns: 2000 },
    );
  });

  test('every setting says what it does, and every limit and note is about a setting', () => {
    const { properties, definitions } = SETTINGS_SCHEMA;
    expect(Object.entries(properties).filter(([, { description }]) => !/^[A-Z].*\.$/.test(description))).toEqual([]);
    const about = [definitions.thisVersion, definitions.noEffect].flatMap((layer) => Object.keys(layer.properties));
    expect(about.filter((key) => !Object.hasOwn(properties, key))).toEqual([]);
    expect(Object.keys(definitions.elsewhere.properties).filter((key) => Object.hasOwn(properties, key))).toEqual([]);
  });
});

describe('rules between settings', () => {
  const faultsOf = (flags: Readonly<Record<string, string>>): readonly string[] =>
    checkSettings({ flags }).faults.map(({ key, reason }) => `${key} ${reason}`);
  const rows = [
    {
      name: 'both IP families',
      flags: { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
      fault:
        'ENABLE_IPv6 does not go with ENABLE_IPv4="true" (default): exactly one of ENABLE_IPv4 and ENABLE_IPv6 must be true',
    },
    {
      name: 'no IP family',
      flags: { ENABLE_IPv4: 'false' },
      fault:
        'ENABLE_IPv4 does not go with ENABLE_IPv6="false" (default): exactly one of ENABLE_IPv4 and ENABLE_IPv6 must be true',
    },
    {
      name: 'an MTU too small for IPv6, by the MTU of the ENIs',
      flags: { ENABLE_IPv6: 'true', AWS_VPC_ENI_MTU: '1279' },
      fault:
        'ENABLE_IPv6 does not go with AWS_VPC_ENI_MTU="1279" (flag), POD_MTU="1279" (AWS_VPC_ENI_MTU, flag): IPv6 needs an MTU of at least 1280 (RFC 8200)',
    },
    {
      name: 'an MTU too small for IPv6 egress',
      flags: { ENABLE_V6_EGRESS: 'true', POD_MTU: '1279' },
      fault:
        'ENABLE_V6_EGRESS does not go with POD_MTU="1279" (flag), AWS_VPC_ENI_MTU="9001" (default): IPv6 egress needs an MTU of at least 1280 (RFC 8200)',
    },
    {
      name: 'IPv6 egress of pods in which IPv6 is turned off',
      flags: { ENABLE_V6_EGRESS: 'true', DISABLE_POD_V6: 'true' },
      fault:
        'ENABLE_V6_EGRESS does not go with DISABLE_POD_V6="true" (flag): DISABLE_POD_V6 takes away the IPv6 that ENABLE_V6_EGRESS gives pods',
    },
    {
      name: 'IPv6 without prefixes',
      flags: { ENABLE_IPv6: 'true' },
      fault:
        'ENABLE_IPv6 does not go with ENABLE_PREFIX_DELEGATION="false" (default): IPv6 pods need ENABLE_PREFIX_DELEGATION=true',
    },
    {
      name: 'prefix delegation without a target',
      flags: { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '0' },
      fault:
        'ENABLE_PREFIX_DELEGATION does not go with WARM_IP_TARGET="0" (flag), WARM_PREFIX_TARGET="0" (default), MINIMUM_IP_TARGET="0" (default): prefix delegation needs one of WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET to be at least 1',
    },
    {
      name: 'half an access key',
      flags: { AWS_SECRET_ACCESS_KEY: 's' },
      fault:
        'AWS_SECRET_ACCESS_KEY does not go with AWS_ACCESS_KEY_ID="" (default): AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together',
    },
  ] as const;
  for (const { name, flags, fault } of rows) {
    test(`find ${name}`, () => expect(faultsOf(flags)).toContain(fault));
  }

  test('compare the targets of prefix delegation as numbers, where aws-node compares texts', () => {
    const targets = { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '+0', MINIMUM_IP_TARGET: '00' };
    expect(faultsOf(targets).filter((fault) => fault.includes('needs one of'))).toHaveLength(1);
    expect(faultsOf({ ...targets, WARM_PREFIX_TARGET: '1' }).filter((fault) => fault.includes('needs one of'))).toEqual(
      [],
    );
  });
});

describe('names that others know as well', () => {
  test('a bad value in the environment is noted, in a file it is a fault', () => {
    const { faults, notes } = checkSettings({
      files: [{ path: '/f', text: 'HTTPS_PROXY=proxy:3128' }],
      env: { HTTPS_PROXY: 'me:secret@proxy:3128' },
    });
    expect([faults, notes].map((list) => list.map(({ value, origin }) => `${origin} ${value}`))).toEqual([
      ['/f:1 proxy:3128'],
      ['environment (hidden)@proxy:3128'],
    ]);
  });

  test('names without effect are noted where they are meant for us only', () => {
    const text = 'KUBECONFIG=/k\nMY_NODE_NAME=n\nAWS_VPC_K8S_CNI_LOG_FILE=stderr\n';
    const keysOf = (input: Parameters<typeof checkSettings>[0]): readonly unknown[] =>
      checkSettings(input).notes.map(({ key }) => key);
    expect(keysOf({ files: [{ path: '/f', text }] })).toEqual(['KUBECONFIG', 'MY_NODE_NAME']);
    expect(keysOf({ env: { KUBECONFIG: '/k', CLUSTER_ENDPOINT: 'https://x' } })).toEqual(['CLUSTER_ENDPOINT']);
  });

  test('a name like one of ours in the environment is noted, one like no other is not', () => {
    const env = { WARM_IP_TARGTE: '1', HOME: '/root', PATH: '/bin', LANG: 'C', no_proxy: 'x', AWS_REGION: 'x' };
    expect(checkSettings({ env }).notes).toEqual([
      {
        key: 'WARM_IP_TARGTE',
        origin: 'environment',
        reason: 'is not a setting, and is left to other programs; did you mean WARM_IP_TARGET?',
      },
    ]);
  });

  test('a name of another program in a file is refused with what to do instead', () => {
    const [fault] = checkSettings({ files: [{ path: '/f', text: 'AWS_MAX_ATTEMPTS=3' }] }).faults;
    expect(fault?.reason).toStartWith('is not a setting here: the daemon retries by itself');
  });

  test('what the SDK reads is handed to it, defaults and other settings are not', () => {
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_USE_FIPS_ENDPOINT: '1', MAX_ENI: '2' };
    expect(sdkEnvironment(loadSettings({ env }).settings)).toEqual({
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 's',
    });
  });
});

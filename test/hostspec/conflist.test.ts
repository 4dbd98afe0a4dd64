import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadSettings } from '../../src/config/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { parseConflistText, renderConflist } from '../../src/hostspec/index.ts';

const { settings } = loadSettings({});
const golden = (name: string): string => readFileSync(join(import.meta.dir, 'golden', name), 'utf8');

describe('renderConflist()', () => {
  test('with default settings', () => {
    expect(renderConflist(settings)).toBe(golden('10-aws.conflist'));
  });

  test('with every optional plugin and other values', () => {
    const text = renderConflist({
      ...settings,
      AWS_VPC_K8S_CNI_VETHPREFIX: 'pod',
      POD_MTU: 1500,
      AWS_VPC_K8S_PLUGIN_LOG_FILE: '/var/log/"quoted".log',
      ENABLE_BANDWIDTH_PLUGIN: true,
      DISABLE_POD_V6: true,
    });
    expect(text).toBe(golden('10-aws-everything.conflist'));
  });

  test.each([
    ['IPv4', { ENABLE_V6_EGRESS: true }, '2001:db8::5', 'fd00::ac:00/118', '::/0', 'v4pd/egress-v6', 'egress-v6'],
    [
      'IPv6',
      { ENABLE_IPv6: true, ENABLE_IPv4: false },
      '10.0.0.5',
      '169.254.172.0/22',
      '0.0.0.0/0',
      'v6pd/egress-v4',
      'egress-v4',
    ],
  ])(
    'chains egress-cni behind aws-cni where pods of %s have egress, with the keys of upstream',
    (_, change, egressAddress, subnet, dst, dir, log) => {
      const { plugins } = parseConflistText(renderConflist({ ...settings, ...change }, { egressAddress }));
      expect(plugins.map(({ type }) => type)).toEqual(['aws-cni', 'egress-cni', 'portmap']);
      expect(plugins[1]).toEqual({
        ...{ name: 'egress-cni', type: 'egress-cni', mtu: '9001', enabled: 'true' },
        ...{ randomizeSNAT: 'prng', nodeIP: egressAddress },
        ipam: {
          ...{ type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst }] },
          dataDir: `/run/cni/${dir}-ipam`,
        },
        pluginLogFile: `/var/log/aws-routed-eni/${log}-plugin.log`,
        pluginLogLevel: settings.AWS_VPC_K8S_PLUGIN_LOG_LEVEL,
      });
    },
  );

  test.each([
    ['it is not asked for', { ENABLE_IPv6: true, ENABLE_IPv4: false, ENABLE_V4_EGRESS: false }, '10.0.0.5'],
    ['V4 egress is of pods of IPv6 alone', { ENABLE_V4_EGRESS: true }, '10.0.0.5'],
    ['the node has no IPv6 address', { ENABLE_V6_EGRESS: true }, undefined],
  ])('leaves egress-cni out where %s', (_, change, egressAddress) => {
    const { plugins } = parseConflistText(renderConflist({ ...settings, ...change }, { egressAddress }));
    expect(plugins.map(({ type }) => type)).toEqual(['aws-cni', 'portmap']);
  });

  test.each([
    ['a chain that speaks everything', [['0.4.0', '1.0.0', '1.1.0']], '1.0.0', ['0.4.0', '1.0.0', '1.1.0']],
    ['a portmap that ends at 1.0.0', [['0.3.1', '0.4.0', '1.0.0']], '1.0.0', ['0.4.0', '1.0.0']],
    [
      'an old plugin beside a new one',
      [
        ['1.0.0', '1.1.0', '0.4.0'],
        ['0.3.1', '0.4.0'],
      ],
      '0.4.0',
      ['0.4.0'],
    ],
  ])('offers %s only what all of it speaks', (_, chain, cniVersion, cniVersions) => {
    expect(parseConflistText(renderConflist(settings, { chain }))).toMatchObject({ cniVersion, cniVersions });
  });

  test('refuses a chain without a common version', () => {
    expect(() => renderConflist(settings, { chain: [['0.2.0']] })).toThrow(
      /speak none of 0.4.0, 1.0.0, 1.1.0 together/,
    );
  });

  test('no log file name breaks the document', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const path = `/${name}x`.replaceAll(/[\n\r\u2028\u2029]/g, '');
        const text = renderConflist({ ...settings, AWS_VPC_K8S_PLUGIN_LOG_FILE: path });
        expect(parseConflistText(text).plugins[0]?.['pluginLogFile']).toBe(path);
      }),
    );
  });
});

describe('parseConflistText()', () => {
  const rows = [
    { name: 'no JSON', change: () => '{', findings: 'it is not JSON' },
    {
      name: 'an unknown key',
      change: (text: string) => text.replace('"name": "aws-cni",', '"name": "aws-cni", "disableCheck": true,'),
      findings: '/ must NOT have additional properties (disableCheck)',
    },
    {
      name: 'an mtu that is a number',
      change: (text: string) => text.replace('"9001"', '9001'),
      findings: '/plugins/0/mtu must be string',
    },
    {
      name: 'an unknown plugin',
      change: (text: string) => text.replace('"type": "portmap"', '"type": "calico"'),
      findings: '/plugins/1 value of tag "type" must be in oneOf',
    },
  ];
  for (const row of rows) {
    test(`refuses ${row.name}`, () => {
      const attempt = (): unknown => {
        try {
          return parseConflistText(row.change(renderConflist(settings)));
        } catch (error) {
          return error instanceof HostError ? { code: error.code, findings: error.details['findings'] } : error;
        }
      };
      expect(attempt()).toEqual({ code: 'CONFLIST_INVALID', findings: row.findings });
    });
  }
});

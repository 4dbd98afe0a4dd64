import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { run } from '../../src/commands/config.ts';
import { type Called, callCommand } from './call.ts';

/** A root with these files, and what `config` says of it. */
async function withRoot<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  work: (
    config: (words: readonly string[], env?: Record<string, string>) => Promise<Called>,
    root: string,
  ) => Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'vpc-cni-config-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const config = (words: readonly string[], env: Record<string, string> = {}): Promise<Called> =>
      callCommand(run, { argv: words.map((word) => word.replace('ROOT', root)), env });
    return await work(config, root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Every source sets one setting more than the one after it, so that each wins once. */
const LAYERS = {
  'etc/vpc-cni/vpc-cni.env': 'WARM_ENI_TARGET=2\nWARM_IP_TARGET=2\nMINIMUM_IP_TARGET=2\nMAX_ENI=2\nMAX_PODS=2\n',
  'etc/vpc-cni/conf.d/10-a.env': '# a\nWARM_IP_TARGET=3\nMINIMUM_IP_TARGET=3\nMAX_ENI=3\nMAX_PODS=3\nHTTP_TIMEOUT=3\n',
  'etc/vpc-cni/conf.d/20-b.env': 'HTTP_TIMEOUT=4\n',
  'etc/vpc-cni/conf.d/.30-hidden.env': 'oops',
  'etc/vpc-cni/conf.d/40-not.conf': 'oops',
  'run/vpc-cni/user-data.env': '# EC2 user data:2\nMINIMUM_IP_TARGET="4"\nMAX_ENI="4"\nMAX_PODS="4"\n',
};

describe('config show', () => {
  test('names the source of each value, later over earlier', async () => {
    await withRoot(LAYERS, async (config) => {
      const { code, stdout } = await config(['show', '--root', 'ROOT', '--set', 'MAX_PODS=6'], {
        MAX_ENI: '5',
        MAX_PODS: '5',
      });
      const lines = stdout.split('\n').filter((line) => !line.endsWith('  default'));
      expect([code, ...lines.map((line) => line.replace(/ +/g, ' '))]).toEqual([
        0,
        'NAME VALUE ORIGIN',
        'WARM_ENI_TARGET 2 /etc/vpc-cni/vpc-cni.env:1',
        'WARM_IP_TARGET 3 /etc/vpc-cni/conf.d/10-a.env:2',
        'MINIMUM_IP_TARGET 4 EC2 user data',
        'MAX_ENI 5 environment',
        'MAX_PODS 6 flag',
        'HTTP_TIMEOUT 4 /etc/vpc-cni/conf.d/20-b.env:1',
        '',
      ]);
    });
  });
});

describe('config check', () => {
  const BROKEN = {
    'etc/vpc-cni/vpc-cni.env': 'WARM_IP_TARGET=many\nWARM_ENI_TARGTE=1\n',
    'etc/vpc-cni/conf.d/10.env': 'oops\n',
    'user-data': gzipSync('#vpc-cni\nENABLE_NFTABLES=1\nAWS_VPC_ENI_MTU=10\n'),
  };

  test('says everything at once as text, with exit code 2', async () => {
    await withRoot(BROKEN, async (config, root) => {
      const { code, stdout, stderr } = await config(['check', '--root', 'ROOT', '--user-data', 'ROOT/user-data']);
      expect([code, stdout, stderr.replaceAll(root, 'ROOT')]).toEqual([
        2,
        '',
        [
          'note: ENABLE_NFTABLES="1" (EC2 user data ROOT/user-data:2) has no effect: the packet filter is detected',
          'CONFIG_INVALID: invalid configuration: 4 findings',
          '  WARM_IP_TARGET="many" (/etc/vpc-cni/vpc-cni.env:1) is not an integer; allowed: an integer from 0 to 50000',
          '  WARM_ENI_TARGTE (/etc/vpc-cni/vpc-cni.env:2) is not a setting; did you mean WARM_ENI_TARGET?',
          '  (/etc/vpc-cni/conf.d/10.env:1) is not KEY=VALUE',
          '  AWS_VPC_ENI_MTU="10" (EC2 user data ROOT/user-data:3) is out of range; allowed: an integer from 576 to 9001',
          '→ correct the settings named in the message; docs/configuration.md lists every key with its allowed values',
          '',
        ].join('\n'),
      ]);
    });
  });

  test('and as objects with --json', async () => {
    await withRoot(BROKEN, async (config) => {
      const { code, stdout, stderr } = await config([
        'check',
        '--root',
        'ROOT',
        '--user-data',
        'ROOT/user-data',
        '--json',
      ]);
      const document: Record<string, unknown> = JSON.parse(stdout);
      expect([code, stderr, document['ok']]).toEqual([2, '', false]);
      expect(document['error']).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(document['userData']).toEqual({ parts: [{ number: 0, type: 'application/vnd.vpc-cni.env', ours: true }] });
      expect(document['findings']).toMatchObject([
        {
          severity: 'fault',
          origin: '/etc/vpc-cni/vpc-cni.env:1',
          key: 'WARM_IP_TARGET',
          value: 'many',
          reason: 'is not an integer; allowed: an integer from 0 to 50000',
        },
        { severity: 'fault', key: 'WARM_ENI_TARGTE' },
        { severity: 'fault', origin: '/etc/vpc-cni/conf.d/10.env:1', reason: 'is not KEY=VALUE' },
        { severity: 'fault', key: 'AWS_VPC_ENI_MTU', value: '10' },
        { severity: 'note', key: 'ENABLE_NFTABLES' },
      ]);
    });
  });

  test('names the files that were read when they are valid', async () => {
    await withRoot(LAYERS, async (config) => {
      const { code, stdout } = await config(['check', '--root', 'ROOT']);
      const files =
        '/etc/vpc-cni/vpc-cni.env, /etc/vpc-cni/conf.d/10-a.env, /etc/vpc-cni/conf.d/20-b.env, EC2 user data';
      expect([code, stdout]).toEqual([0, `the settings are valid (${files})\n`]);
    });
  });

  test('files that are named are read instead of those of the host', async () => {
    await withRoot({ ...BROKEN, 'good.env': 'MAX_ENI=2\n' }, async (config, root) => {
      expect(await config(['check', '--root', 'ROOT', 'ROOT/good.env'])).toEqual({
        code: 0,
        stdout: `the settings are valid (${root}/good.env)\n`,
        stderr: '',
      });
      expect((await config(['check', 'ROOT/none.env'])).stderr).toContain('no such file or directory');
    });
  });

  test('says so when user data holds nothing of ours', async () => {
    await withRoot({ 'user-data': '#!/bin/sh\nWARM_IP_TARGET=many' }, async (config) => {
      const { code, stderr } = await config(['check', '--root', 'ROOT', '--user-data', 'ROOT/user-data']);
      expect([code, stderr.includes('holds no settings (parts: none); ours begins with #vpc-cni')]).toEqual([0, true]);
    });
  });

  for (const words of [[], ['chek'], ['check', '--set', 'x'], ['schema', 'x'], ['show', '--rot', '/']])
    test(`"config ${words.join(' ')}" is wrong usage`, async () => {
      const { code, stderr } = await callCommand(run, { argv: words });
      expect([code, stderr.startsWith('USAGE: ')]).toEqual([2, true]);
    });
});

test('config schema prints a document that any validator takes', async () => {
  const plain = await callCommand(run, { argv: ['schema'] });
  expect(await callCommand(run, { argv: ['schema', '--json'] })).toEqual(plain);
  const validate = new Ajv({ logger: false }).compile(JSON.parse(plain.stdout));
  expect([validate({ WARM_IP_TARGET: 5 }), validate({ WARM_IP_TARGET: -5 }), validate({ WARM_IP: 5 })]).toEqual([
    true,
    false,
    false,
  ]);
});

describe('secrets', () => {
  const SECRET = 'Sw0rdf1sh';
  const names = [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  ];
  const lines = [...names.map((name) => `${name}=${SECRET}`), `HTTPS_PROXY=http://me:${SECRET}@proxy:3128`].join('\n');
  // Each of these goes wrong in a way that could quote it.
  const spoilt = [
    `AWS_SECRET_ACCESS_KEY ${SECRET}`,
    `${SECRET}==`,
    `AWS_SECRET_ACCES_KEY=${SECRET}`,
    `HTTPS_PROXY=me:${SECRET}@proxy`,
    `AWS_ENDPOINT_URL=ftp://me:${SECRET}@x`,
    `MAX_ENI="1\n${SECRET}"`,
    `AWS_SESSION_TOKEN=${SECRET}`,
    `MAX_PODS="1\nAWS_SECRET_ACCESS_KEY=${SECRET}`,
  ];
  const places = ['file', 'drop-in', 'kept user data', 'user data', 'environment', 'flag'] as const;

  function callFor(place: (typeof places)[number], text: string) {
    const record = Object.fromEntries(text.split(/\n(?=[A-Z_]+=)/).map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const path = {
      file: 'etc/vpc-cni/vpc-cni.env',
      'drop-in': 'etc/vpc-cni/conf.d/1.env',
      'kept user data': 'run/vpc-cni/user-data.env',
    };
    return {
      files: {
        'user-data': `#vpc-cni\n${text}`,
        ...(place in path ? { [path[place as keyof typeof path]]: text } : {}),
      },
      words: [
        ...(place === 'user data' ? ['--user-data', 'ROOT/user-data'] : []),
        ...(place === 'flag' ? Object.entries(record).flatMap(([key, value]) => ['--set', `${key}=${value}`]) : []),
      ],
      env: place === 'environment' ? record : {},
    };
  }

  for (const place of places)
    for (const action of ['show', 'check'])
      test(`config ${action} prints none of the ${place}`, async () => {
        for (const text of [lines, ...spoilt]) {
          const { files, words, env } = callFor(place, text);
          await withRoot(files, async (config) => {
            for (const json of [[], ['--json']]) {
              const { code, stdout, stderr } = await config([action, '--root', 'ROOT', ...words, ...json], env);
              expect([text, `${stdout}${stderr}`.includes(SECRET)]).toEqual([text, false]);
              if (text === lines) expect([code, action === 'check' || stdout.includes('(hidden)')]).toEqual([0, true]);
            }
          });
        }
      });
});

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type E2eNode, executable, freshVpc, type JsonFailure } from '../support/e2e.ts';

setDefaultTimeout(240_000);

const SECRET = 'Sw0rdf1sh';

/** As launch templates are written: nodeadm's part, a script, and two parts of ours, one of them packed. */
const USER_DATA = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: application/node.eks.aws

kind: NodeConfig
--BOUNDARY
Content-Type: application/vnd.vpc-cni.env

WARM_IP_TARGET=2
MINIMUM_IP_TARGET=3
MAX_ENI=3
--BOUNDARY
Content-Type: text/plain
Content-Disposition: attachment; filename="vpc-cni.env"
Content-Transfer-Encoding: base64

${gzipSync(
  [
    'DISABLE_POD_V6=true',
    'ENABLE_BANDWIDTH_PLUGIN=true',
    'AWS_ACCESS_KEY_ID=AKIAOFUSERDATA',
    `AWS_SECRET_ACCESS_KEY=${SECRET}`,
    `HTTPS_PROXY=http://me:${SECRET}@192.0.2.1:3128`,
    'CLUSTER_ENDPOINT=https://example.com',
  ].join('\n'),
)
  .toString('base64')
  .replace(/.{76}/g, '$&\n')}
--BOUNDARY
Content-Type: text/x-shellscript

#!/bin/sh
WARM_IP_TARGET=99
--BOUNDARY--
`;

const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-settings-'));
const vpc = freshVpc('es');
let node: E2eNode;

async function nodeWith(name: string, userData: string): Promise<E2eNode> {
  const file = join(folder, name);
  writeFileSync(file, userData);
  return await vpc.addNode(name, '--user-data', file);
}

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  node = await nodeWith('node-x', USER_DATA);
});
afterAll(async () => {
  await vpc.down();
  rmSync(folder, { recursive: true });
});

describe('a node with settings in its user data', () => {
  const printed: string[] = [];
  const own = { env: { MAX_ENI: '2' } };

  test('starts with them: over those of files, under those of the environment', async () => {
    await node.configure('# mine', 'MINIMUM_IP_TARGET=7', 'IP_COOLDOWN_PERIOD=1');
    const install = await node.run([executable(), 'install', '--json'], own);
    expect(install.exitCode).toBe(0);
    const show = await node.run([executable(), 'config', 'show'], own);
    const lines = show.stdout.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines.filter((line) => /^(WARM_IP|MINIMUM|MAX_ENI|IP_COOL|AWS_SEC|HTTPS)/.test(line))).toEqual([
      'WARM_IP_TARGET 2 EC2 user data',
      'MINIMUM_IP_TARGET 3 EC2 user data',
      'MAX_ENI 2 environment',
      'IP_COOLDOWN_PERIOD 1 /etc/vpc-cni/conf.d/50-test.env:3',
      `HTTPS_PROXY http://(hidden)@192.0.2.1:3128 EC2 user data`,
      'AWS_SECRET_ACCESS_KEY (hidden) EC2 user data',
    ]);
    expect((await node.status())?.targets).toMatchObject({ warmIp: 2, minimumIp: 3, maxEnis: 2 });
    printed.push(install.stdout, install.stderr, show.stdout);
  });

  test('asks EC2 with the keys in them', async () => {
    const calls = await vpc.json<readonly { readonly action: string; readonly caller: string }[]>('calls');
    const asked = calls.filter(({ action }) => action === 'DescribeNetworkInterfaces').map(({ caller }) => caller);
    expect(new Set(asked)).toEqual(new Set(['AKIAOFUSERDATA']));
  });

  test('gives pods the plugins they ask for', async () => {
    const conflist: { plugins: { type: string }[] } = JSON.parse(
      await node.text('cat', '/etc/cni/net.d/10-aws.conflist'),
    );
    expect(conflist.plugins.map(({ type }) => type)).toEqual(['aws-cni', 'portmap', 'bandwidth', 'tuning']);
    await vpc.json('pod', 'add', 'node-x', 'web');
    const inPod = await vpc.sim('pod', 'exec', 'node-x', 'web', '--', 'sysctl', '-n', 'net.ipv6.conf.all.disable_ipv6');
    expect([inPod.exitCode, inPod.stdout]).toEqual([0, '1\n']);
    await vpc.json('pod', 'del', 'node-x', 'web');
  });

  test('logs what has no effect, and no secret anywhere but in the file only root reads', async () => {
    const { stdout: log } = await node.run(['cat', '/run/vpc-cni/ipamd.log']);
    expect(log).toContain('CLUSTER_ENDPOINT=\\"https://example.com\\" (EC2 user data) has no effect');
    for (const words of [
      ['config', 'show', '--json'],
      ['config', 'check'],
      ['status', '--json'],
      ['install', '--dry-run', '--json'],
    ] as const) {
      const { stdout, stderr } = await node.run([executable(), ...words], own);
      printed.push(stdout, stderr);
    }
    for (const url of ['http://127.0.0.1:61678/metrics', 'http://127.0.0.1:61679/v1/ipamd-env-settings'])
      printed.push(await node.text('curl', '--silent', '--fail', url));
    expect([log, ...printed].filter((text) => text.includes(SECRET))).toEqual([]);
    const { stdout: found } = await node.run([
      'grep',
      '-rlF',
      SECRET,
      '/etc',
      '/run',
      '/opt/vpc-cni/host.json',
      '/var/log',
    ]);
    expect(found).toBe('/run/vpc-cni/user-data.env\n');
    expect(await node.text('stat', '-c', '%a %u:%g', '/run/vpc-cni/user-data.env')).toBe('600 0:0\n');
  });

  test('a second install asks for no user data and changes nothing', async () => {
    const { stdout } = await node.run([executable(), 'install', '--json'], own);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, changed: false, changes: [] });
  });
});

describe('a document of ours as the whole user data', () => {
  const document = '#vpc-cni\nWARM_IP_TARGET=4\n';
  const rows = [
    ['plain', document],
    ['base64', Buffer.from(document).toString('base64')],
    ['base64-of-gzip', gzipSync(document).toString('base64')],
    ['base64-of-mime', Buffer.from(USER_DATA.replace('WARM_IP_TARGET=2', 'WARM_IP_TARGET=4')).toString('base64')],
  ] as const;
  test.each(rows)('%s is what the boot stage keeps', async (packing, userData) => {
    const packed = await nodeWith(`node-${packing}`, userData);
    const { exitCode, stderr } = await packed.cli('install', '--stage', 'boot');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { settings } = JSON.parse((await packed.cli('config', 'show', '--json')).stdout);
    expect(settings).toContainEqual(
      expect.objectContaining({ key: 'WARM_IP_TARGET', value: '4', origin: 'EC2 user data' }),
    );
  });
});

test('user data that is broken stops the installation before any change, naming its line', async () => {
  const broken = await nodeWith('node-y', '#vpc-cni\nWARM_IP_TARGET=many\nMAX_ENIS=2\n');
  const { exitCode, stdout } = await broken.cli('install', '--json');
  const { error }: JsonFailure = JSON.parse(stdout);
  expect([exitCode, error.code, error.message]).toEqual([
    2,
    'CONFIG_INVALID',
    [
      'invalid configuration: 2 findings',
      '  WARM_IP_TARGET="many" (EC2 user data:2) is not an integer; allowed: an integer from 0 to 50000',
      '  MAX_ENIS (EC2 user data:3) is not a setting; did you mean MAX_ENI?',
    ].join('\n'),
  ]);
  const { stdout: left } = await broken.run(['find', '/opt/vpc-cni', '/etc/cni', '/run/vpc-cni', '-type', 'f']);
  expect(left).toBe('');
});

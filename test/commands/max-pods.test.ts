import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import { run } from '../../src/commands/max-pods.ts';
import { type ImdsService, startImdsService } from '../aws/imds-service.ts';
import { callCommand } from './call.ts';

/** What EC2 says of a type that is newer than every table (API reference, DescribeInstanceTypes). */
const NEW_TYPE = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstanceTypesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><instanceTypeSet><item>
<instanceType>q9z.16xlarge</instanceType><hypervisor>nitro</hypervisor><bareMetal>false</bareMetal>
<networkInfo><maximumNetworkInterfaces>6</maximumNetworkInterfaces><ipv4AddressesPerInterface>20</ipv4AddressesPerInterface>
<defaultNetworkCardIndex>0</defaultNetworkCardIndex></networkInfo></item></instanceTypeSet></DescribeInstanceTypesResponse>`;
const NO_TYPE = `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidInstanceType</Code><Message>The following supplied instance types do not exist: [m5.lage]</Message></Error></Errors><RequestID>1</RequestID></Response>`;

let imds: ImdsService;
let root = '';
const ec2 = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: async (request) => {
    const known = (await request.text()).includes('q9z.16xlarge');
    return new Response(known ? NEW_TYPE : NO_TYPE, { status: known ? 200 : 400 });
  },
});
beforeAll(() => {
  imds = startImdsService({
    tree: { '/latest/meta-data/instance-type': 'm5.xlarge', '/latest/meta-data/placement/region': 'eu-west-1' },
  });
  root = mkdtempSync(join(tmpdir(), 'max-pods-'));
  mkdirSync(join(root, 'run'));
});
afterAll(async () => {
  await ec2.stop(true);
  await imds[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const environment = (): Readonly<Record<string, string>> => ({
  AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
  AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${ec2.port}`,
});
const call = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  callCommand(run, { argv: [...argv, '--root', root], env: { ...environment(), ...env } });

/** The credentials of EC2 calls come from the environment of the process, as anybody's would. */
async function withCredentials<T>(use: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'TESTER', AWS_SECRET_ACCESS_KEY: 'any' });
  try {
    return await use();
  } finally {
    for (const name of [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT',
      'AWS_EC2_METADATA_V1_DISABLED',
    ])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  }
}

describe('max-pods', () => {
  test('prints the number on stdout alone, and the sum behind it on stderr', async () => {
    expect(await call(['--instance-type', 'm5.large'])).toEqual({
      code: 0,
      stdout: '29\n',
      stderr: 'm5.large: 3 ENIs × 9 addresses + 2 pods on the host network = 29, below the ceiling of 110\n',
    });
  });

  test('asks the metadata for the type of this instance', async () => {
    expect((await call([])).stdout).toBe('58\n');
  });

  test('--json is one document', async () => {
    const { code, stdout, stderr } = await call(['--mode', 'prefix', '--custom-networking', '--json']);
    expect([code, stderr, JSON.parse(stdout)]).toEqual([
      0,
      '',
      {
        ok: true,
        instanceType: 'm5.xlarge',
        maxPods: 110,
        mode: 'prefix',
        customNetworking: true,
        cards: 1,
        enis: 3,
        reservedEnis: 0,
        addressesPerEni: 224,
        addressable: 674,
        ceiling: 110,
        limitedBy: 'ceiling',
        trunk: 0,
        branchEnis: 0,
        notes: [],
      },
    ]);
  });

  test('--schema is what --json keeps to', async () => {
    const isRoom = new Ajv().compile(JSON.parse((await call(['--schema'])).stdout));
    const room: unknown = JSON.parse((await call(['--json', '--trunk'])).stdout);
    expect([isRoom(room), isRoom.errors]).toEqual([true, null]);
  });

  test('obeys the settings of the host', async () => {
    expect((await call([], { MAX_ENI: '1' })).stdout).toBe('16\n');
    expect((await call([], { MAX_PODS: '5' })).stdout).toBe('7\n');
    expect((await call(['--max-eni', '2'], { MAX_ENI: '1' })).stdout).toBe('30\n');
  });

  test('asks EC2 for a type that is newer than its table', async () => {
    const { stdout, stderr } = await withCredentials(() => call(['--instance-type', 'q9z.16xlarge']));
    expect([stdout, stderr]).toEqual([
      '116\n',
      'q9z.16xlarge: 6 ENIs × 19 addresses + 2 pods on the host network = 116, below the ceiling of 250\n',
    ]);
  });

  test('says what EC2 says of a type that does not exist, and what to do', async () => {
    const { code, stderr } = await withCredentials(() => call(['--instance-type', 'm5.lage']));
    expect(code).toBe(1);
    expect(stderr).toContain('INSTANCE_TYPE_UNKNOWN: the limits of the instance type m5.lage are not built in');
    expect(stderr).toContain('do not exist: [m5.lage]');
    expect(stderr).toContain('; did you mean m5.large?\n');
    expect(stderr).toContain('→ check how the type is spelled');
  });

  test('asks nobody for what can be no type', async () => {
    for (const type of ['M5.LARGE', '../../etc', 'm5.large ', 'm5'])
      expect((await call(['--instance-type', type])).code).toBe(2);
  });

  test('says that nobody answers when there is no metadata service', async () => {
    const { code, stderr } = await call([], { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' });
    expect([code, stderr.split(':')[0]]).toEqual([1, 'IMDS_UNREACHABLE']);
  });

  test('--all lists every type', async () => {
    const { stdout } = await call(['--all']);
    const lines = stdout.trim().split('\n');
    expect([lines.length, lines.includes('m5.large 29')]).toEqual([1391, true]);
    const types = JSON.parse((await call(['--all', '--json', '--mode', 'prefix'])).stdout);
    const [first] = types;
    expect([types.length, first.instanceType, first.maxPods, first.mode]).toEqual([1391, 'a1.medium', 98, 'prefix']);
  });

  test('the settings decide, and words above them', async () => {
    const trunk = { ENABLE_POD_ENI: 'true' };
    const ipv6 = {
      ENABLE_IPv6: 'true',
      ENABLE_IPv4: 'false',
      ENABLE_PREFIX_DELEGATION: 'true',
      WARM_PREFIX_TARGET: '1',
    };
    const egress = { ENABLE_V4_EGRESS: 'false' };
    expect((await call([], trunk)).stdout).toBe('44\n');
    expect((await call(['--json'], { ...ipv6, ...egress })).stdout).toContain('"maxPods":110,"mode":"ipv6"');
    expect((await call(['--mode', 'secondary', '--reserved-enis', '2'], { ...ipv6, ...egress })).stdout).toBe('30\n');
    expect((await call(['--instance-type', 'p5.48xlarge', '--all-cards', '--show-max-allowed'])).stdout).toBe('3138\n');
  });

  const wrong = [
    [['--mode', 'prefixes'], 'It is one of secondary, prefix, ipv6.'],
    [['--write', 'kubeadm'], 'It is one of kubelet, nodeadm, env.'],
    [['--max-eni', '0'], 'It is a number of ENIs from 1 to 9999.'],
    [['--reserved-enis', '-1'], 'It is a number of ENIs from 0 to 99.'],
    [['--mode', 'ipv6', '--custom-networking'], 'custom networking is for IPv4'],
    [['--show-max-allowed', '--write', 'env'], '--show-max-allowed is a number to look at'],
    [['--all', '--write', 'env'], '--all goes neither with --instance-type nor with --write'],
    [['m5.large'], 'too many arguments'],
  ] as const;
  for (const [argv, reason] of wrong)
    test(`${argv.join(' ')} is wrong usage`, async () => {
      const { code, stderr } = await call(argv);
      expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    });
});

describe.skipIf(process.getuid?.() !== 0)('max-pods --write', () => {
  const files = [
    ['kubelet', 'etc/kubernetes/kubelet/config.json.d/50-vpc-cni.conf', 'maxPods: 58\n'],
    ['nodeadm', 'etc/eks/nodeadm.d/50-vpc-cni.yaml', '      maxPods: 58\n'],
    ['env', 'run/vpc-cni/kubelet.env', 'VPC_CNI_MAX_PODS=58\n'],
  ] as const;
  for (const [target, path, end] of files)
    test(`${target} writes /${path} once, and again only for another number`, async () => {
      const file = join(root, path);
      expect((await call(['--write', target])).stderr).toContain(`/${path} written\n`);
      expect([readFileSync(file, 'utf8').endsWith(end), statSync(file).mode & 0o777]).toEqual([true, 0o644]);
      const before = statSync(file).mtimeMs;
      const { written } = JSON.parse((await call(['--write', target, '--json'])).stdout);
      expect([written, statSync(file).mtimeMs]).toEqual([{ path: `/${path}`, change: 'unchanged' }, before]);
      expect((await call(['--write', target, '--max-eni', '1'])).stderr).toContain(`/${path} written\n`);
      expect(readFileSync(file, 'utf8')).toContain('16');
    });

  test('refuses a file of somebody else and leaves it', async () => {
    const file = join(root, 'etc/kubernetes/kubelet/config.json.d/50-vpc-cni.conf');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'maxPods: 7\n');
    const { code, stderr } = await call(['--write', 'kubelet']);
    expect([code, stderr.split(':')[0], readFileSync(file, 'utf8')]).toEqual([1, 'FILE_FOREIGN', 'maxPods: 7\n']);
  });
});

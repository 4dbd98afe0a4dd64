import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { CriRuntime, type ListedSandbox } from '../support/cri-runtime.ts';
import { doctorOn, expectSound, meet } from '../support/doctor.ts';
import { freshVpc } from '../support/e2e.ts';
import { buildVersion } from '../support/versions.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('dc');
const node = vpc.node('node-a');
const runtime = new CriRuntime();
let pods: readonly ListedSandbox[] = [];

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '200');
  await node.install();
  await vpc.json('pod', 'add', 'node-a', 'web-1', 'web-2');
  const made = await vpc.json<readonly { pod: string; containerId: string; addresses: readonly string[] }[]>(
    ...(['pod', 'list', 'node-a'] as const),
  );
  pods = made.map(({ pod, containerId, addresses }) => ({
    ...{ id: containerId, name: pod, state: 0 },
    ip: addresses[0] ?? '',
  }));
  runtime.sandboxes = pods;
  await runtime.listen(`${node.paths.run}/containerd/containerd.sock`);
  await expectSound(node);
});
afterAll(async () => {
  runtime[Symbol.dispose]();
  await vpc.down();
});

test('an address is held for a pod that its runtime has forgotten', async () => {
  const [first, second] = pods;
  if (first === undefined || second === undefined) throw new Error('no pods');
  runtime.sandboxes = [second];
  const remedy = (sandbox: string): string =>
    `echo '{"cniVersion":"1.0.0","name":"aws-cni","type":"aws-cni"}' | CNI_COMMAND=DEL CNI_CONTAINERID=${sandbox} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/aws-cni`;
  await meet(node, {
    name: '',
    breaks: 'true',
    said: [`warning SANDBOX_GONE: ${first.ip} is held for default/${first.name}, sandbox ${first.id}`],
    mends: remedy(first.id),
    printed: remedy('SANDBOX'),
  });
  await expectSound(node);
});

test('a pod of the runtime has an address that nobody here gave it', async () => {
  const known = runtime.sandboxes;
  const stranger = { id: 'f'.repeat(64), name: 'stranger', state: 0, ip: '10.0.0.77' } as const;
  runtime.sandboxes = [...known, stranger, { ...stranger, id: 'e'.repeat(64), name: 'on-host', ip: '' }];
  const { exitCode, said, findings } = await doctorOn(node);
  expect([exitCode, said, findings[0]?.remedy]).toEqual([
    3,
    [`fault SANDBOX_NOT_NOTED: default/stranger has 10.0.0.77, sandbox ${stranger.id}`],
    'delete the pod; its controller makes another one',
  ]);
  runtime.sandboxes = known;
  await expectSound(node);
});

test('a runtime that has ended leaves nothing to compare', async () => {
  runtime[Symbol.dispose]();
  const { exitCode, said } = await doctorOn(node);
  expect([exitCode, said]).toEqual([0, []]);
});

test('the files of another version than the one that runs', async () => {
  const next = buildVersion('9.1.0');
  const { version } = (await node.status()) ?? {};
  expect((await node.run([next, 'install', '--stage', 'image'])).exitCode).toBe(0);
  // The command is that of the files now.
  const found = await node.run(['vpc-cni', 'doctor', '--json']);
  const { findings }: { findings: readonly { code: string; evidence: string; remedy: string }[] } = JSON.parse(
    found.stdout,
  );
  expect(findings.map(({ code, evidence }) => `${code}: ${evidence}`)).toEqual([
    `DAEMON_OTHER_VERSION: ${version} runs, 9.1.0 is installed`,
  ]);
  expect(findings[0]?.remedy).toContain('without systemd "vpc-cni install"');
  expect((await node.run(['vpc-cni', 'install'])).exitCode).toBe(0);
  expect((await node.run(['vpc-cni', 'doctor'])).stdout).toBe('No fault found.\n');
});

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { allocationsIn } from '../support/aws-node-guest.ts';
import { type E2eNode, freshVpc } from '../support/e2e.ts';
import { callPlugin, makeSandbox, type Sandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(180_000);

const vpc = freshVpc('ts');
let node: E2eNode;
let pods: readonly (Sandbox & { readonly result: unknown })[] = [];

const told = async (word: 'adopt' | 'handback') => {
  const { exitCode, stdout, stderr } = await node.cli(word, '--json');
  if (exitCode !== 0) throw new Error(`${word}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
};

async function addPod(name: string) {
  const sandbox = await makeSandbox(node, name);
  const { exitCode, document } = await callPlugin(node, 'ADD', sandbox);
  expect(exitCode).toBe(0);
  return { ...sandbox, result: document };
}

beforeAll(async () => {
  await vpc.up('--nodes=1');
  const [first] = (await vpc.status()).nodes;
  node = vpc.node(first?.name ?? '');
  await node.install();
  pods = [await addPod('a'), await addPod('b')];
});
afterAll(() => vpc.down());

test('without systemd: handed back, the daemon and what keeps it are gone, and aws-node finds our pods', async () => {
  const pid = await node.daemonPid();
  await told('handback');
  expect(await node.status()).toBeUndefined();
  expect((await node.run(['test', '-e', `/proc/${pid}`])).exitCode).toBe(1);
  const allocations = allocationsIn(await node.text('cat', '/var/run/aws-node/ipam.json'));
  expect(allocations.map(({ containerID }) => containerID)).toEqual(pods.map(({ containerId }) => containerId));
  const { stdout } = await node.run(['ls', '/opt/cni/bin/aws-cni', '/etc/cni/net.d/10-aws.conflist', '/run/vpc-cni']);
  expect(stdout).toBe('');
});

test('taken over again, the pods are as they were and go as they should', async () => {
  expect(await told('adopt')).toMatchObject({ changed: true, pods: 2 });
  for (const pod of pods) {
    const config = { prevResult: pod.result };
    expect(await callPlugin(node, 'CHECK', pod, { config })).toEqual({ exitCode: 0, document: '' });
    expect(await callPlugin(node, 'DEL', pod, { config })).toEqual({ exitCode: 0, document: '' });
  }
  expect((await node.status())?.pool.assigned).toBe(0);
  expect(await told('adopt')).toMatchObject({ changed: false });
});

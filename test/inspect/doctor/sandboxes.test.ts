import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podAlias } from '../../../src/dataplane/index.ts';
import { diagnoseSandboxes } from '../../../src/inspect/doctor/sandboxes.ts';
import { observeSandboxes } from '../../../src/inspect/index.ts';
import { createFiles } from '../../../src/sys/index.ts';
import { CriRuntime, type ListedSandbox } from '../../support/cri-runtime.ts';
import { NOTES, OBSERVED, WEB } from '../explain/sample.ts';

const RUNTIME: readonly ListedSandbox[] = [
  { id: 'a'.repeat(64), name: 'known', state: 0, ip: '10.0.0.5' },
  { id: 'b'.repeat(64), name: 'forgotten', state: 0, ip: '10.0.0.6' },
  { id: 'c'.repeat(64), name: 'ended', state: 1, ip: '' },
  { id: 'd'.repeat(64), name: 'on-host', state: 0, ip: '' },
  { id: 'e'.repeat(64), name: 'branch', state: 0, ip: '10.0.0.8' },
];
const root = mkdtempSync(join(tmpdir(), 'vpc-cni-cri-'));
const runtime = new CriRuntime();

beforeAll(async () => {
  runtime.sandboxes = RUNTIME;
  await runtime.listen(join(root, 'run/containerd/containerd.sock'));
});
afterAll(() => {
  runtime[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

const [known, forgotten, , , branch] = RUNTIME;
const pod = { network: 'aws-cni', ifName: 'eth0', namespace: 'default', name: 'branch' };
const link = { index: 9, name: 'eni9', mac: undefined, mtu: 9001, up: true, group: 0 };
const network = {
  settings: {} as never,
  packetRules: undefined,
  // Of the pod with an ENI of its own the kernel tells, and no note.
  observed: { ...OBSERVED, links: [{ ...link, alias: podAlias({ ...pod, containerId: branch?.id ?? '' }) }] },
  notes: {
    ...NOTES,
    allocations: NOTES.allocations
      .slice(0, 1)
      .map((each) => ({ ...each, owner: { ...WEB, containerId: known?.id ?? '' } })),
  },
};
const place = { files: createFiles(root), env: {} };

test('what the runtime lists, and who of it has an address that nobody noted', async () => {
  const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${root}/run/containerd/containerd.sock` };
  const facts = await observeSandboxes({ files: createFiles('/'), env }, network);
  expect(facts?.all.map(({ id, name, ready }) => [id[0], name, ready])).toEqual([
    ['a', 'default/known', true],
    ['b', 'default/forgotten', true],
    ['c', 'default/ended', false],
    ['d', 'default/on-host', true],
    ['e', 'default/branch', true],
  ]);
  expect(facts?.strangers).toEqual([
    { id: forgotten?.id ?? '', name: 'default/forgotten', ready: true, address: '10.0.0.6' },
  ]);
  if (facts === undefined) throw new Error('no facts');
  const said = (notes: typeof network.notes) =>
    diagnoseSandboxes(facts, notes).map(({ code, evidence }) => `${code}: ${evidence}`);
  expect(said(network.notes)).toEqual([`SANDBOX_NOT_NOTED: default/forgotten has 10.0.0.6, sandbox ${forgotten?.id}`]);
  const lost = NOTES.allocations.slice(0, 1);
  expect(said({ ...network.notes, allocations: lost })).toContain(
    'SANDBOX_GONE: 10.0.1.5 is held for default/web, sandbox c1d2e3f4a5',
  );
});

test('no runtime is no finding, and one that does not answer is told', async () => {
  const env = { CONTAINER_RUNTIME_ENDPOINT: 'unix:///nowhere/containerd.sock' };
  expect(await observeSandboxes({ ...place, env }, network)).toBeUndefined();
  // A socket on which nobody speaks gRPC.
  using nobody = Bun.listen({ unix: join(root, 'mute.sock'), socket: { data: () => undefined } });
  const mute = { CONTAINER_RUNTIME_ENDPOINT: join(root, 'mute.sock') };
  expect(nobody.unix).toContain('mute');
  await expect(observeSandboxes({ files: createFiles('/'), env: mute }, network)).rejects.toThrow('DEADLINE_EXCEEDED');
});

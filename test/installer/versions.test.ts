import { describe, expect, test } from 'bun:test';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeStep } from '../../src/hostspec/index.ts';
import { findPrevious, install } from '../../src/installer/index.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

test('the two last versions stay, older ones go', async () => {
  using temporary = temporaryHost();
  const { request, host, root } = temporary;
  await install(request(), silent);
  await install(request({ version: '1.3.0' }), silent);
  const report = await install(request({ version: '1.4.0' }), silent);
  expect(report.steps.slice(-1).map(({ step }) => describeStep(step))).toEqual([
    'remove /opt/vpc-cni/1.2.3, which is neither the current version nor the one before',
  ]);
  expect(report.notes).toEqual(['version 1.3.0 is replaced by 1.4.0; "vpc-cni rollback" goes back']);
  expect(host.files.list('/opt/vpc-cni')).toEqual(['1.3.0', '1.4.0', 'current', 'host.json', 'previous']);
  const after = treeOf(root);
  expect((await install(request({ version: '1.4.0' }), silent)).steps).toEqual([]);
  expect(treeOf(root)).toEqual(after);
});

test('a version that a process runs stays until that process has ended', async () => {
  using temporary = temporaryHost();
  const { request, host, executable } = temporary;
  copyFileSync('/bin/sleep', executable);
  await install(request(), silent);
  const running = Bun.spawn([host.files.hostPath('/opt/vpc-cni/1.2.3/vpc-cni'), '60']);
  try {
    for (const version of ['1.3.0', '1.4.0']) await install(request({ version }), silent);
    expect(host.files.list('/opt/vpc-cni')).toContain('1.2.3');
  } finally {
    running.kill();
    await running.exited;
  }
  await install(request({ version: '1.4.0' }), silent);
  expect(host.files.list('/opt/vpc-cni')).not.toContain('1.2.3');
});

test('another build of the same version keeps the one before, and going back exchanges the two', async () => {
  using temporary = temporaryHost();
  const { request, host, executable } = temporary;
  await install(request(), silent);
  const first = host.files.sha256('/opt/vpc-cni/1.2.3/vpc-cni');
  writeFileSync(executable, '#!/bin/sh\n# another build\n');
  await install(request(), silent);
  const second = host.files.sha256('/opt/vpc-cni/1.2.3/vpc-cni');
  const kept = (sha256: string): string => `1.2.3+${sha256.slice(0, 12)}`;
  expect(host.files.fact('/opt/vpc-cni/previous')).toEqual({ kind: 'link', target: kept(first) });
  const previous = findPrevious(host);
  expect(previous).toMatchObject({ from: '1.2.3', to: kept(first) });
  // What is kept has the files of a whole payload, not those that only served its making.
  expect(host.files.list(`/opt/vpc-cni/${kept(first)}`)).toEqual(['manifest.json', 'plugins', 'vpc-cni']);

  await install(request({ executable: previous.executable }), silent);
  expect(host.files.sha256('/opt/vpc-cni/1.2.3/vpc-cni')).toBe(first);
  expect(findPrevious(host).to).toBe(kept(second));
  expect(host.files.list('/opt/vpc-cni')).toEqual(['1.2.3', kept(second), 'current', 'host.json', 'previous']);
  expect(
    (await install(request({ executable: host.files.hostPath('/opt/vpc-cni/1.2.3/vpc-cni') }), silent)).steps,
  ).toEqual([]);
});

describe('findPrevious() refuses', () => {
  for (const { name, versions, reason } of [
    { name: 'a host without us', versions: [], reason: 'nothing is installed on this host' },
    { name: 'a first version', versions: ['1.2.3'], reason: '1.2.3 is the first version on this host' },
  ])
    test(name, async () => {
      using temporary = temporaryHost();
      for (const version of versions) await install(temporary.request({ version }), silent);
      expect(() => findPrevious(temporary.host)).toThrow(`there is no version to go back to: ${reason}`);
    });
  test('an executable that was changed', async () => {
    using temporary = temporaryHost();
    for (const version of ['1.2.3', '1.3.0']) await install(temporary.request({ version }), silent);
    writeFileSync(join(temporary.root, 'opt/vpc-cni/1.2.3/vpc-cni'), 'of somebody');
    expect(() => findPrevious(temporary.host)).toThrow('/opt/vpc-cni/1.2.3/vpc-cni is not what was installed there');
  });
});

import { expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, uninstall } from '../../src/installer/index.ts';
import { createUndoStack } from '../../src/installer/undo.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

test('takeBack() goes last first, and what is needed by what could not be taken back stays', async () => {
  const order: string[] = [];
  const stack = createUndoStack();
  const undo = (name: string, after?: 'all-else') =>
    stack.push({ kind: 'undo', run: () => void order.push(name), ...(after ? { after } : {}) });
  const failing = () =>
    stack.push({
      kind: 'undo',
      run: () => {
        throw new Error('busy');
      },
    });
  undo('record', 'all-else');
  undo('first');
  expect(await stack.takeBack()).toEqual([]);
  expect(order.splice(0)).toEqual(['first', 'record']);
  undo('record', 'all-else');
  undo('first');
  failing();
  undo('last');
  expect(await stack.takeBack()).toHaveLength(1);
  expect(order).toEqual(['last', 'first']);
});

test('a foreign file that could not be put back when a run failed is given back by uninstall', async () => {
  using temporary = temporaryHost();
  const { root, host, request } = temporary;
  const path = '/opt/cni/bin/aws-cni';
  mkdirSync(join(root, 'opt/cni/bin'), { recursive: true });
  writeFileSync(join(root, path), 'of upstream', { mode: 0o750 });
  const before = treeOf(root);
  const at = join(root, path);
  // Another program puts a folder at the place of our link while the run goes on; then the disk is full.
  const link: typeof host.files.link = (what) => {
    if (what.path !== '/opt/cni/bin/egress-cni') return host.files.link(what);
    rmSync(at);
    mkdirSync(join(at, 'theirs'), { recursive: true });
    throw new Error('no space left');
  };
  const failed = install(request({ host: { ...host, files: { ...host.files, link } } }), silent);
  expect(String(await failed.catch((error: unknown) => error))).toContain('taken back, except');
  rmSync(at, { recursive: true });
  await install(request(), silent);
  await uninstall({ host, ec2: 'keep' }, silent);
  expect(treeOf(root)).toEqual(before);
});

import { expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, uninstall } from '../../src/installer/index.ts';
import { createUndoStack } from '../../src/installer/undo.ts';
import { serveMetadata } from './metadata.ts';
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

test('a check of what was done that fails takes all of it back', async () => {
  using temporary = temporaryHost();
  const { root, host, request } = temporary;
  const before = treeOf(root);
  let written = false;
  const { files } = host;
  const broken: typeof files = {
    ...files,
    replace: (what) => {
      files.replace(what);
      written ||= what.path.endsWith('/manifest.json');
    },
    fact: (path) => {
      if (written && path === '/etc/sysctl.d/90-vpc-cni.conf') throw new Error('input/output error');
      return files.fact(path);
    },
  };
  const failed = install(request({ host: { ...host, files: broken } }), silent);
  expect(await failed.catch((error: unknown) => error)).toMatchObject({
    code: 'INSTALL_INCOMPLETE',
    details: { step: 'the check of what was done' },
  });
  expect(treeOf(root)).toEqual(before);
});

test('what another program changes back at once is told, and all of it is taken back', async () => {
  await using imds = serveMetadata();
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { host, request, root } = temporary;
  const key = '/proc/sys/net/ipv4/ip_forward';
  const { files } = host;
  const writeInPlace: typeof files.writeInPlace = (what) => {
    files.writeInPlace(what);
    if (what.path.endsWith('/rp_filter')) files.writeInPlace({ path: key, text: '0' });
  };
  const failed = install(request({ stage: 'boot', host: { ...host, files: { ...files, writeInPlace } } }), silent);
  const error = await failed.catch((failure: unknown) => failure);
  expect(error).toMatchObject({
    code: 'INSTALL_INCOMPLETE',
    details: {
      step: 'the check of net.ipv4.ip_forward',
      state: expect.stringContaining('nothing of this run is left'),
    },
  });
  expect(files.read('/proc/sys/net/ipv4/conf/lo/rp_filter')).toBe('1');
  expect(treeOf(root).some((line) => line.includes('host.json'))).toBe(false);
});

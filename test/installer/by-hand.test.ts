import { expect, test } from 'bun:test';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATHS } from '../../src/hostspec/index.ts';
import { noteHandback } from '../../src/installer/hand-over.ts';
import { checkInstalled, install, uninstall } from '../../src/installer/index.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

const PROGRAM = '/opt/vpc-cni/1.2.3/vpc-cni';
const PLUGIN = '/opt/vpc-cni/1.2.3/plugins/portmap';
const LINK = '/opt/cni/bin/egress-cni';

test('what people changed stays, run after run, whatever else is installed, until --force', async () => {
  using temporary = temporaryHost();
  const { host, request, executable } = temporary;
  const { files } = host;
  await install(request(), silent);
  files.replace({ path: PROGRAM, text: 'patched', mode: 0o755 });
  chmodSync(files.hostPath(PLUGIN), 0o700);
  files.link({ path: LINK, target: '/opt/vpc-cni/9.9.9/vpc-cni' });
  const notes = [
    `${PROGRAM} was changed by hand: kept (--force replaces it)`,
    `${PLUGIN} got another mode or owner by hand: kept (--force replaces it)`,
    `${LINK} was changed by hand: kept (--force replaces it)`,
  ];
  expect(await install(request(), silent)).toMatchObject({ steps: [], notes });
  // A run that writes a new manifest must not take the patched program for its own.
  files.remove('/etc/sysctl.d/90-vpc-cni.conf');
  expect(await install(request(), silent)).toMatchObject({ notes });
  expect(await install(request(), silent)).toMatchObject({ steps: [], notes });
  expect(files.read(PROGRAM)).toBe('patched');

  await install(request({ foreign: 'replace' }), silent);
  expect(files.read(PROGRAM)).toBe(await Bun.file(executable).text());
  expect(files.fact(PLUGIN)).toMatchObject({ mode: 0o755 });
  expect(files.fact(LINK)).toEqual({ kind: 'link', target: PATHS.executable });
  expect(await install(request(), silent)).toMatchObject({ steps: [], notes: [] });
});

test('checkInstalled() names everything that is not as it was installed', async () => {
  using temporary = temporaryHost();
  const { host, request, root } = temporary;
  const { files } = host;
  expect(checkInstalled(host)).toEqual({ kind: 'not-installed' });
  await install(request(), silent);
  expect(checkInstalled(host)).toEqual({ kind: 'checked', version: '1.2.3', faults: [] });

  // As a disk would change it by itself: size and times as they were.
  const stat = files.fact(PROGRAM);
  const text = files.read(PROGRAM) ?? '';
  writeFileSync(join(root, PROGRAM), text.replace('product', 'prodUct'));
  chmodSync(join(root, PLUGIN), 0o4755);
  chmodSync(join(root, 'opt/vpc-cni/1.2.3'), 0o777);
  files.link({ path: LINK, target: '/elsewhere' });
  files.remove('/opt/cni/bin/aws-cni');
  files.remove(PATHS.unit);
  rmSync(join(root, PATHS.sysctlDropIn));
  files.ensureDirectory(PATHS.sysctlDropIn, 0o755);
  const found = checkInstalled(host);
  expect(stat.kind).toBe('file');
  expect(found.kind === 'checked' && found.faults.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual(
    [
      'mode /opt/vpc-cni/1.2.3',
      `content ${PROGRAM}`,
      `mode ${PLUGIN}`,
      `target ${LINK}`,
      'missing /opt/cni/bin/aws-cni',
      `missing ${PATHS.unit}`,
      `other-kind ${PATHS.sysctlDropIn}`,
    ].sort(),
  );

  files.replace({ path: '/opt/vpc-cni/1.2.3/manifest.json', text: '{}', mode: 0o644 });
  expect(checkInstalled(host)).toEqual({
    kind: 'unreadable',
    path: '/opt/vpc-cni/1.2.3/manifest.json',
    reason: 'it is not a manifest',
  });
});

test('a damaged record stops install and uninstall: what the host must get back would be forgotten', async () => {
  using temporary = temporaryHost();
  const { host, request, root } = temporary;
  await install(request(), silent);
  host.files.replace({ path: PATHS.record, text: '{"format":"vpc-cni-host/1"', mode: 0o644 });
  const before = treeOf(root);
  const attempts = [() => install(request(), silent), () => uninstall({ host, ec2: 'keep' }, silent)];
  for (const attempt of attempts)
    expect(await attempt().then(String, (error: unknown) => error)).toMatchObject({ code: 'RECORD_UNREADABLE' });
  expect(checkInstalled(host)).toMatchObject({ kind: 'unreadable', path: PATHS.record });
  expect(treeOf(root)).toEqual(before);
});

test('on a node that was handed back, the plugins of aws-node at our places are no change by hand: saved and given back', async () => {
  using temporary = temporaryHost();
  const { host, request } = temporary;
  const path = '/opt/cni/bin/aws-cni';
  await install(request(), silent);
  noteHandback(host, '2026-01-01T00:00:00Z');
  host.files.replace({ path, text: 'of aws-node', mode: 0o755, over: 'link' });
  await install(request(), silent);
  expect(host.files.fact(path).kind).toBe('link');
  // Ours again, so that uninstall gives back all of it.
  noteHandback(host, undefined);
  await uninstall({ host, ec2: 'keep' }, silent);
  expect(host.files.read(path)).toBe('of aws-node');
});

test('a stock plugin changed by hand is no source of itself', async () => {
  using temporary = temporaryHost();
  const { host, request, plugins } = temporary;
  const path = '/opt/vpc-cni/1.2.3/plugins/loopback';
  await install(request(), silent);
  const installed = host.files.read(path);
  host.files.replace({ path, text: 'by hand', mode: 0o755 });
  const again = await install(request({ plugins: undefined }), silent);
  expect([again.steps, again.notes]).toEqual([[], [`${path} was changed by hand: kept (--force replaces it)`]]);
  // What it was copied from is still there, and gives it back.
  await install(request({ plugins: undefined, foreign: 'replace' }), silent);
  expect([host.files.read(path), host.local.read(`${plugins}/loopback`)]).toEqual([installed, installed]);
});

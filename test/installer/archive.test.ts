import { expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from '../../src/installer/index.ts';
import { silent, type TemporaryHost, temporaryHost, treeOf } from './temporary-host.ts';

/** An archive of the host's plugins, as releases are, with what its checksum is. */
function archiveOf(temporary: TemporaryHost): { readonly path: string; readonly sum: (name: string) => string } {
  const path = join(temporary.plugins, '../plugins.tgz');
  execFileSync('tar', ['-czf', path, '-C', temporary.plugins, '.']);
  const sum = (name: string): string => execFileSync(`${name}sum`, [path], { encoding: 'utf8' }).split(' ')[0] ?? '';
  return { path, sum };
}

test('an archive with the checksum it should have is installed, with one it should not have nothing is changed', async () => {
  using temporary = temporaryHost();
  const { root, request } = temporary;
  const { path, sum } = archiveOf(temporary);
  const before = treeOf(root);
  const wrong = 'f'.repeat(128);
  const attempt = (pluginsChecksum?: string) =>
    install(request({ plugins: path, pluginsChecksum }), silent).catch((error: unknown) => error);

  expect(await attempt(`sha512:${wrong}`)).toMatchObject({
    code: 'CHECKSUM_MISMATCH',
    message: `${path} has sha512:${sum('sha512')}, but --plugins-checksum says sha512:${wrong}`,
  });
  expect(await attempt('sha512:12')).toMatchObject({ code: 'CHECKSUM_UNREADABLE' });
  writeFileSync(`${path}.sha256`, `${'0'.repeat(64)}  plugins.tgz\n`);
  expect(await attempt()).toMatchObject({ code: 'CHECKSUM_MISMATCH', details: { source: `${path}.sha256` } });
  // The stronger of two counts.
  writeFileSync(`${path}.sha512`, 'gone');
  expect(await attempt()).toMatchObject({ code: 'CHECKSUM_UNREADABLE', details: { source: `${path}.sha512` } });
  expect(treeOf(root)).toEqual(before);

  // What is said on the command line counts before what lies beside.
  expect(await attempt(`sha256:${sum('sha256')}`)).toMatchObject({ notes: [] });
  expect(existsSync(join(root, 'opt/vpc-cni/1.2.3/plugins/loopback'))).toBe(true);
});

test('an archive behind a link is one, and a path where nothing is, is called so', async () => {
  using temporary = temporaryHost();
  const { root, request, plugins } = temporary;
  const { sum } = archiveOf(temporary);
  const before = treeOf(root);
  const nowhere = join(plugins, 'nowhere.tgz');
  for (const pluginsChecksum of [undefined, `sha256:${sum('sha256')}`])
    expect(await install(request({ plugins: nowhere, pluginsChecksum }), silent).catch(String)).toBe(
      `HostError: no stock CNI plugin loopback, portmap, bandwidth, host-local, tuning in ${nowhere}, where there is nothing`,
    );
  expect(treeOf(root)).toEqual(before);
  const link = join(plugins, '../latest.tgz');
  symlinkSync('plugins.tgz', link);
  await install(request({ plugins: link, pluginsChecksum: `sha256:${sum('sha256')}` }), silent);
  expect(existsSync(join(root, 'opt/vpc-cni/1.2.3/plugins/loopback'))).toBe(true);
});

test('an archive that lacks a plugin is named as it was given', async () => {
  using temporary = temporaryHost();
  const { request, plugins } = temporary;
  rmSync(join(plugins, 'loopback'));
  const { path } = archiveOf(temporary);
  const failed = await install(request({ plugins: path }), silent).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'PLUGINS_MISSING', message: `no stock CNI plugin loopback in ${path}` });
});

test('an archive nobody vouches for is installed with a word about it', async () => {
  using temporary = temporaryHost();
  const { path, sum } = archiveOf(temporary);
  const { notes } = await install(temporary.request({ plugins: path }), silent);
  expect(notes).toEqual([
    `nobody vouches for ${path}, which has sha256:${sum('sha256')}; --plugins-checksum holds it to that`,
  ]);
});

test('an archive that is none changes nothing', async () => {
  using temporary = temporaryHost();
  const { root, request, executable } = temporary;
  const before = treeOf(root);
  const failed = await install(request({ plugins: executable }), silent).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'ARCHIVE_UNREADABLE',
    message: expect.stringMatching(new RegExp(`^${executable} cannot be unpacked: tar failed with exit code 2: `)),
  });
  expect(treeOf(root)).toEqual(before);
});

test('an archive that is exchanged after it was checked is not the one that is installed', async () => {
  using temporary = temporaryHost();
  const { host, request, plugins } = temporary;
  const { path, sum } = archiveOf(temporary);
  const pluginsChecksum = `sha256:${sum('sha256')}`;
  const wanted = host.local.read(join(plugins, 'loopback'));
  const run: typeof host.exec.run = async (what) => {
    if (what.argv[0] === 'tar') {
      writeFileSync(join(plugins, 'loopback'), '#!/bin/sh\n# not what was checked\n');
      archiveOf(temporary);
    }
    return await host.exec.run(what);
  };
  await install(request({ plugins: path, pluginsChecksum, host: { ...host, exec: { run } } }), silent);
  expect(host.files.read('/opt/vpc-cni/1.2.3/plugins/loopback')).toBe(wanted);
});

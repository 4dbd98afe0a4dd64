import { describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { describeStep, PATHS } from '../../src/hostspec/index.ts';
import { install, planInstall, uninstall } from '../../src/installer/index.ts';
import type { Files } from '../../src/sys/index.ts';
import { serveMetadata } from './metadata.ts';
import { silent, type TemporaryHost, temporaryHost, treeOf } from './temporary-host.ts';

const withoutContent = (tree: readonly string[]): readonly string[] =>
  tree.map((line) => line.split('\n')[0] ?? '').map((line) => line.replace(/^(\S+ \d+) .*$/, '$1'));

describe('install --stage image', () => {
  test('lays everything out, and a second run has nothing to do', async () => {
    using temporary = temporaryHost();
    const { root, request } = temporary;
    const before = treeOf(root);
    const report = await install(request(), silent);
    const installed = treeOf(root);
    expect(withoutContent(installed).filter((line) => /^(opt|usr)\b/.test(line))).toEqual([
      'opt/ 755',
      'opt/cni/ 755',
      'opt/cni/bin/ 755',
      'opt/cni/bin/aws-cni → /opt/vpc-cni/current/vpc-cni',
      'opt/cni/bin/aws-cni-support.sh 755',
      'opt/cni/bin/bandwidth → /opt/vpc-cni/current/plugins/bandwidth',
      'opt/cni/bin/egress-cni → /opt/vpc-cni/current/vpc-cni',
      'opt/cni/bin/host-local → /opt/vpc-cni/current/plugins/host-local',
      'opt/cni/bin/loopback → /opt/vpc-cni/current/plugins/loopback',
      'opt/cni/bin/portmap → /opt/vpc-cni/current/plugins/portmap',
      'opt/cni/bin/tuning → /opt/vpc-cni/current/plugins/tuning',
      'opt/vpc-cni/ 755',
      'opt/vpc-cni/1.2.3/ 755',
      'opt/vpc-cni/1.2.3/manifest.json 644',
      'opt/vpc-cni/1.2.3/plugins/ 755',
      'opt/vpc-cni/1.2.3/plugins/bandwidth 755',
      'opt/vpc-cni/1.2.3/plugins/host-local 755',
      'opt/vpc-cni/1.2.3/plugins/loopback 755',
      'opt/vpc-cni/1.2.3/plugins/portmap 755',
      'opt/vpc-cni/1.2.3/plugins/tuning 755',
      'opt/vpc-cni/1.2.3/vpc-cni 755',
      'opt/vpc-cni/current → 1.2.3',
      'opt/vpc-cni/host.json 644',
      'usr/ 755',
      'usr/bin/ 755',
      'usr/bin/vpc-cni → /opt/vpc-cni/current/vpc-cni',
    ]);
    expect(report.steps.length).toBeGreaterThan(0);

    const second = await install(request({ plugins: undefined }), silent);
    expect(second.steps).toEqual([]);
    expect(treeOf(root)).toEqual(installed);

    await uninstall({ host: temporary.host, ec2: 'keep' }, silent);
    expect(treeOf(root)).toEqual(before);
    expect(await uninstall({ host: temporary.host, ec2: 'keep' }, silent)).toEqual([]);
  });

  test('saves what stands in its place, and uninstall gives it back', async () => {
    using temporary = temporaryHost();
    const { root, request, host } = temporary;
    mkdirSync(join(root, 'opt/cni/bin'), { recursive: true });
    writeFileSync(join(root, 'opt/cni/bin/aws-cni'), 'upstream', { mode: 0o750 });
    writeFileSync(join(root, 'opt/cni/bin/loopback'), 'theirs', { mode: 0o755 });
    const before = treeOf(root);
    const { notes } = await install(request(), silent);
    expect(notes).toEqual([
      '/opt/cni/bin/loopback is not ours and serves the same purpose: kept (--force replaces it)',
    ]);
    expect(host.files.fact('/opt/cni/bin/aws-cni').kind).toBe('link');
    await uninstall({ host, ec2: 'keep' }, silent);
    expect(treeOf(root)).toEqual(before);
  });

  test('what somebody put in the place of ours meanwhile stays, whatever was there before us', async () => {
    using temporary = temporaryHost();
    const { request, host, root } = temporary;
    const path = '/opt/cni/bin/aws-cni';
    mkdirSync(join(root, 'opt/cni/bin'), { recursive: true });
    writeFileSync(join(root, path), 'upstream 1');
    await install(request(), silent);
    host.files.replace({ path, text: 'upstream 2', mode: 0o755, over: 'link' });
    await uninstall({ host, ec2: 'keep' }, silent);
    expect(host.files.read(path)).toBe('upstream 2');
  });

  test('uninstall finds all that is marked as ours when the record is gone', async () => {
    using temporary = temporaryHost();
    const { request, host, root } = temporary;
    await install(request(), silent);
    host.files.remove(PATHS.record);
    await uninstall({ host, ec2: 'keep' }, silent);
    // Only which directories we made is forgotten.
    const files = treeOf(root).filter((line) => !line.endsWith('/ 755'));
    expect(files.filter((line) => !line.startsWith('proc/'))).toEqual([]);
  });

  test('a file changed by hand stays until told otherwise', async () => {
    using temporary = temporaryHost();
    const { request, host } = temporary;
    const path = '/etc/sysctl.d/90-vpc-cni.conf';
    await install(request(), silent);
    const text = `${host.files.read(path)}net.core.somaxconn = 1\n`;
    host.files.replace({ path, text, mode: 0o644 });
    const kept = await install(request(), silent);
    expect([kept.steps, kept.notes]).toEqual([[], [`${path} was changed by hand: kept (--force replaces it)`]]);
    const forced = await install(request({ foreign: 'replace' }), silent);
    expect(forced.steps.map(({ step }) => describeStep(step))).toEqual([
      `rewrite ${path} (0644)`,
      'write the manifest /opt/vpc-cni/1.2.3/manifest.json',
    ]);
  });

  test('another build of the same version replaces the executable', async () => {
    using temporary = temporaryHost();
    const { request, host, executable } = temporary;
    await install(request(), silent);
    writeFileSync(executable, '#!/bin/sh\n# another build\n');
    await install(request(), silent);
    expect(host.files.read('/opt/vpc-cni/1.2.3/vpc-cni')).toBe('#!/bin/sh\n# another build\n');
    expect((await install(request(), silent)).steps).toEqual([]);
  });

  test('another version goes beside the first, and one link switches', async () => {
    using temporary = temporaryHost();
    const { request, host } = temporary;
    await install(request(), silent);
    await install(request({ version: '1.3.0' }), silent);
    expect(host.files.list('/opt/vpc-cni')).toEqual(['1.2.3', '1.3.0', 'current', 'host.json', 'previous']);
    expect(host.files.fact('/opt/vpc-cni/current')).toEqual({ kind: 'link', target: '1.3.0' });
    expect(host.files.fact('/opt/vpc-cni/previous')).toEqual({ kind: 'link', target: '1.2.3' });
  });

  test('a plugin source without loopback changes nothing', async () => {
    using temporary = temporaryHost();
    const { root, request } = temporary;
    const before = treeOf(root);
    const failed = await install(request({ plugins: root }), silent).catch((error: unknown) => error);
    expect(failed instanceof HostError && failed.message).toBe(
      `no stock CNI plugin loopback, portmap, bandwidth, host-local, tuning in ${root}`,
    );
    expect(treeOf(root)).toEqual(before);
  });

  test('wrong settings change nothing and are all named', async () => {
    using temporary = temporaryHost();
    const { root, request } = temporary;
    mkdirSync(join(root, 'etc/vpc-cni'));
    writeFileSync(join(root, 'etc/vpc-cni/vpc-cni.env'), 'WARM_ENI_TARGTE=1\nPOD_MTU=12\n');
    const before = treeOf(root);
    const failed = await install(request(), silent).catch((error: unknown) => error);
    expect(failed instanceof HostError && failed.code).toBe('CONFIG_INVALID');
    expect(String(failed)).toContain('WARM_ENI_TARGTE');
    expect(String(failed)).toContain('POD_MTU');
    expect(treeOf(root)).toEqual(before);
  });
});

const CHANGES = ['replace', 'link', 'copy', 'ensureDirectory', 'writeInPlace', 'setMode', 'keep'] as const;

/** The real files, with a disk that fills up at the n-th change. Taking back needs no room. */
function fullAfter(files: Files, changes: number): Files & { readonly used: () => number } {
  let used = 0;
  const guarded = Object.fromEntries(
    CHANGES.map((name) => [
      name,
      (...args: never[]) => {
        used += 1;
        if (used === changes)
          throw new HostError('FILE_FAILED', { action: name, path: 'the file', reason: 'no space left' });
        const real: (...args: never[]) => void = files[name];
        real(...args);
      },
    ]),
  );
  return { ...files, ...guarded, used: () => used };
}

function hostWithForeignPlugin(): TemporaryHost {
  const temporary = temporaryHost();
  mkdirSync(join(temporary.root, 'opt/cni/bin'), { recursive: true });
  writeFileSync(join(temporary.root, 'opt/cni/bin/aws-cni'), 'upstream');
  return temporary;
}

test('a failure at any change leaves the host as it was', async () => {
  using whole = hostWithForeignPlugin();
  const counting = fullAfter(whole.host.files, 0);
  await install(whole.request({ host: { ...whole.host, files: counting } }), silent);
  for (let change = 1; change <= counting.used(); change += 1) {
    using temporary = hostWithForeignPlugin();
    const { root, request, host } = temporary;
    const before = treeOf(root);
    const files = fullAfter(host.files, change);
    const failed = await install(request({ host: { ...host, files } }), silent).catch((error: unknown) => error);
    if (failed instanceof HostError) expect({ change, tree: treeOf(root) }).toEqual({ change, tree: before });
    // Only forgetting what was kept for the undo is no failure any more; the next run does it.
    else expect(failed).toMatchObject({ notes: [expect.stringContaining('no space left')] });
    // And the next run converges.
    await install(request(), silent);
    expect(treeOf(root).filter((line) => line.includes('.tmp'))).toEqual([]);
    expect((await install(request(), silent)).steps).toEqual([]);
  }
}, 60_000);

describe('install --stage boot', () => {
  test('sets sysctls, withdraws the conflist of an earlier boot, and keeps that of this one', async () => {
    await using imds = serveMetadata();
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { host, request, root } = temporary;
    const { files } = host;
    files.ensureDirectory('/etc/cni/net.d', 0o755);
    files.replace({ path: '/etc/cni/net.d/10-aws.conflist', text: 'old', mode: 0o644 });
    const report = await install(request({ stage: 'boot' }), silent);
    expect(report.steps.map(({ step }) => describeStep(step))).toEqual([
      'withdraw /etc/cni/net.d/10-aws.conflist: it is from an earlier boot, and the node would look ready before it is',
      'note boot boot-1 in /run/vpc-cni/boot-id',
      'write /run/vpc-cni/user-data.env (0600)',
      'set net.ipv4.ip_forward = 1 (is 0)',
      'set net.ipv4.conf.lo.rp_filter = 2 (is 1)',
    ]);
    files.replace({ path: '/etc/cni/net.d/10-aws.conflist', text: 'new', mode: 0o644 });
    expect((await install(request({ stage: 'boot' }), silent)).steps).toEqual([]);

    await uninstall({ host, ec2: 'keep' }, silent);
    expect(files.read('/proc/sys/net/ipv4/ip_forward')).toBe('0');
    expect(files.read('/proc/sys/net/ipv4/conf/lo/rp_filter')).toBe('1');
    expect(treeOf(root).some((line) => line.includes('vpc-cni'))).toBe(false);
  });

  test('a MAC that no link has is named together with those there are', async () => {
    await using imds = serveMetadata({ mac: '02:00:00:00:00:99' });
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { problems } = await planInstall(temporary.request({ stage: 'boot' }));
    expect(problems.map(({ code }) => code)).toEqual(['LINK_MISSING']);
    expect(problems[0]?.message).toContain('no link with MAC 02:00:00:00:00:99; the host has lo 00:00:00:00:00:00');
  });

  test('a silent metadata service changes nothing', async () => {
    using temporary = temporaryHost();
    const { root, request } = temporary;
    const before = treeOf(root);
    const { problems, boot } = await planInstall(request({ stage: 'boot' }));
    expect(problems.map(({ code }) => code)).toEqual(['IMDS_UNREACHABLE']);
    expect(boot.steps.map(({ kind }) => kind)).toEqual(['set-sysctl', 'record-boot']);
    expect(treeOf(root)).toEqual(before);
  });
});

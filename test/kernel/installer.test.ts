import { expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { install } from '../../src/installer/index.ts';
import { serveMetadata } from '../installer/metadata.ts';
import { silent, temporaryHost, treeOf } from '../installer/temporary-host.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('installer kernel tests skip: mounting a read-only directory needs root\n');

const rows = [
  { directory: '/opt/cni/bin', step: 'link /opt/cni/bin/aws-cni → /opt/vpc-cni/current/vpc-cni', action: 'link' },
  {
    directory: '/etc/systemd/system',
    step: 'make directory /etc/systemd/system/multi-user.target.wants (0755)',
    action: 'make the directory',
  },
  { directory: '/usr/bin', step: 'link /usr/bin/vpc-cni → /opt/vpc-cni/current/vpc-cni', action: 'link' },
] as const;

for (const row of rows) {
  test.skipIf(!isRoot)(`install says that ${row.directory} is read-only, and takes everything back`, async () => {
    using temporary = temporaryHost();
    const { root, request } = temporary;
    const target = join(root, row.directory);
    mkdirSync(target, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'vpc-cni-test', target]);
    try {
      const before = treeOf(root);
      const failed = await install(request(), silent).catch((error: unknown) => error);
      if (!(failed instanceof HostError)) throw new Error(`expected a failure, got ${JSON.stringify(failed)}`);
      expect(failed.code).toBe('INSTALL_INCOMPLETE');
      expect(failed.message.replaceAll(root, '')).toStartWith(
        `${row.step} failed: could not ${row.action} ${row.directory}/`,
      );
      expect(failed.message).toContain('the file system is mounted read-only (EROFS)');
      expect(failed.message).toEndWith('everything before it was taken back, nothing of this run is left');
      expect(treeOf(root)).toEqual(before);
    } finally {
      execFileSync('umount', [target]);
    }
  });
}

test.skipIf(!isRoot)('a host whose /opt can only be read boots, and is told what that means', async () => {
  await using imds = serveMetadata();
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { root, host, request } = temporary;
  await install(request(), silent);
  const opt = join(root, 'opt');
  execFileSync('mount', ['--bind', opt, opt]);
  execFileSync('mount', ['-o', 'remount,bind,ro', opt]);
  try {
    const { notes } = await install(request({ stage: 'boot' }), silent);
    expect(notes).toEqual([
      '/opt/vpc-cni/host.json can only be read: uninstall will not give back what this boot changes',
    ]);
    expect(host.files.read('/proc/sys/net/ipv4/ip_forward')).toBe('1');
    expect((await install(request({ stage: 'boot' }), silent)).steps).toEqual([]);
  } finally {
    execFileSync('umount', [opt]);
  }
});

import { expect } from 'bun:test';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { executable } from '../../../support/e2e.ts';
import { debianTree } from '../../../support/systemd-tree.ts';
import { bootWithCloudInit, expectSettings } from '../../../support/user-data-boot.ts';

const SERVER = 'http://127.0.0.1:8000';
const PLUGINS = ['loopback', 'portmap', 'bandwidth', 'host-local', 'tuning', 'firewall'] as const;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** An archive as the plugins' project releases them, the same whenever it is made. */
async function archive(): Promise<Uint8Array> {
  const plugins = `${await debianTree()}/usr/lib/cni`;
  const { stdout, exitCode } = Bun.spawnSync(['tar', '-c', '--mtime=@0', '--sort=name', '-C', plugins, ...PLUGINS]);
  if (exitCode !== 0) throw new Error('tar failed');
  return Bun.gzipSync(new Uint8Array(stdout), { level: 1 });
}

/** The template with the addresses and checksums of what is to be fetched. */
export async function userData(template: string): Promise<string> {
  return template
    .replaceAll('https://example.com', SERVER)
    .replace('put the sha256 of the executable here', sha256(readFileSync(executable())))
    .replace('put the sha256 of the plugins here', sha256(await archive()));
}

/** The first boot of an image on which nothing of ours is. */
export default async function run(guest: CaseGuest): Promise<void> {
  copyFileSync(executable(), `${guest.machine.root}/srv/vpc-cni-linux-x64`);
  writeFileSync(`${guest.machine.root}/srv/cni-plugins-linux-amd64.tgz`, await archive());
  await guest.pristine();
  await bootWithCloudInit(guest);
  await expectSettings(guest, '/etc/vpc-cni/conf.d/50-user-data.env');
  expect(await guest.text('ls', '/opt/vpc-cni/current/plugins')).toBe([...PLUGINS].sort().join('\n'));
  guest.expectTree();
}

import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettingFiles } from '../../src/sys/index.ts';

test('readSettingFiles() follows links below the root, and never out of it', () => {
  const base = mkdtempSync(join(tmpdir(), 'settings-'));
  try {
    const root = join(base, 'root');
    mkdirSync(join(root, 'etc/vpc-cni'), { recursive: true });
    mkdirSync(join(root, 'srv/conf.d'), { recursive: true });
    writeFileSync(join(base, 'outside.env'), 'POD_MTU=1');
    writeFileSync(join(root, 'srv/conf.d/10.env'), 'POD_MTU=1500');
    symlinkSync('/srv/conf.d', join(root, 'etc/vpc-cni/conf.d'));
    symlinkSync(join(base, 'outside.env'), join(root, 'etc/vpc-cni/vpc-cni.env'));
    expect(readSettingFiles(root)).toEqual({
      files: [{ path: '/etc/vpc-cni/conf.d/10.env', text: 'POD_MTU=1500' }],
      userData: undefined,
    });
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});

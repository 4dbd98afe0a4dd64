import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vpcNamesOf } from '../../../src/sim/daemon/state-root.ts';

let base = '';
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'vpc-cni-root-'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const uid = process.getuid?.() ?? 0;

describe('vpcNamesOf()', () => {
  test("root's VPCs are where namespaces are, whatever the environment says", () =>
    expect(vpcNamesOf({ uid: 0, runtimeDir: base }, 'v')).toMatchObject({
      stateDir: '/run/vpc-cni-sim/v',
      lockFile: '/run/vpc-cni-sim-v.lock',
    }));

  // A directory of ours belongs to somebody else when we claim to be somebody else: no other user is needed.
  const somebody = uid === 0 ? 4_000_000 : uid;
  const rows = [
    { name: 'missing', make: () => {}, reason: 'it does not exist' },
    { name: 'file', make: (path: string) => writeFileSync(path, ''), reason: 'it is no directory' },
    { name: 'link', make: (path: string) => symlinkSync(base, path), reason: 'it is no directory' },
    ...(uid === 0
      ? [{ name: 'foreign', make: (path: string) => mkdirSync(path, { mode: 0o700 }), reason: 'it belongs to uid 0' }]
      : []),
  ];
  test('refuses a runtime directory that depends on where one stands', () =>
    expect(() => vpcNamesOf({ uid: somebody, runtimeDir: 'run' }, 'v')).toThrow('it is no absolute path'));
  for (const { name, make, reason } of rows)
    test(`refuses a runtime directory: ${name}`, () => {
      const path = join(base, name);
      make(path);
      expect(() => vpcNamesOf({ uid: somebody, runtimeDir: path }, 'v')).toThrow(reason);
    });

  test('refuses one that others may enter, and takes one that is private', async () => {
    const { systemExec } = await import('../../../src/sys/index.ts');
    const path = join(base, 'own');
    mkdirSync(path, { mode: 0o700 });
    if (uid === 0) await systemExec.run({ argv: ['chown', String(somebody), path] });
    expect(vpcNamesOf({ uid: somebody, runtimeDir: path }, 'v')).toMatchObject({
      stateDir: `${path}/vpc-cni-sim/v`,
      lockFile: `${path}/vpc-cni-sim-v.lock`,
    });
    chmodSync(path, 0o750);
    expect(() => vpcNamesOf({ uid: somebody, runtimeDir: path }, 'v')).toThrow('others may enter it (mode 750)');
  });
});

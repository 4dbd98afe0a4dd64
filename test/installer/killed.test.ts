import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, uninstall } from '../../src/installer/index.ts';
import { silent, type TemporaryHost, temporaryHost, treeOf } from './temporary-host.ts';

const FIXTURE = join(import.meta.dir, 'fixtures/killed-install.ts');

/** A host on which some of our names are taken, one with rights of its own. */
function takenHost(): TemporaryHost {
  const temporary = temporaryHost();
  const put = (path: string, text: string, mode: number): void => {
    mkdirSync(join(temporary.root, path, '..'), { recursive: true });
    writeFileSync(join(temporary.root, path), text);
    chmodSync(join(temporary.root, path), mode);
  };
  put('opt/cni/bin/aws-cni', 'upstream', 0o4750);
  put('etc/systemd/system/vpc-cni-ipamd.service', '[Unit]\nDescription=theirs\n', 0o600);
  return temporary;
}

/** Runs the installation in a process of its own; returns the number of changes when it lived, else its signal. */
function run(temporary: TemporaryHost, how: { version: string; change: number; moment: 'before' | 'after' }): string {
  const { root, executable, plugins } = temporary;
  const argument = JSON.stringify({ root, executable, plugins, ...how });
  const { stdout, stderr, signalCode } = Bun.spawnSync([process.execPath, FIXTURE, argument]);
  if (stderr.length > 0) throw new Error(stderr.toString());
  return signalCode === undefined ? stdout.toString() : String(signalCode);
}

const leftovers = (root: string): readonly string[] => treeOf(root).filter((line) => line.includes('.tmp '));

const rows = [
  { name: 'a first installation', before: [], version: '1.2.3' },
  { name: 'an upgrade', before: ['1.2.3'], version: '1.3.0' },
] as const;

for (const row of rows) {
  test(`after ${row.name} was killed at any change, the next run converges and uninstall gives everything back`, async () => {
    const { version } = row;
    const prepare = async (): Promise<TemporaryHost & { readonly pristine: readonly string[] }> => {
      const temporary = takenHost();
      const pristine = treeOf(temporary.root);
      for (const installed of row.before) await install(temporary.request({ version: installed }), silent);
      return { ...temporary, pristine };
    };
    let changes: number;
    {
      using whole = await prepare();
      changes = Number(run(whole, { version, change: 0, moment: 'after' }));
    }
    expect(changes).toBeGreaterThan(row.before.length === 0 ? 40 : 10);
    // Each change is cut short or just done, and each of the two with and without another run before uninstall.
    const kills = Array.from({ length: changes }, (_, index) => ({
      change: index + 1,
      moment: index % 2 === 0 ? ('before' as const) : ('after' as const),
      again: Math.floor(index / 2) % 2 === 0,
    }));
    for (const { change, moment, again } of kills) {
      using temporary = await prepare();
      const { root, host, request, pristine } = temporary;
      const place = `${moment} change ${change} of ${changes}`;
      expect({ place, ended: run(temporary, { version, change, moment }) }).toEqual({ place, ended: 'SIGKILL' });
      if (again) {
        await install(request({ version }), silent);
        expect({ place, left: leftovers(root) }).toEqual({ place, left: [] });
        expect({ place, steps: (await install(request({ version }), silent)).steps }).toEqual({ place, steps: [] });
      }
      await uninstall({ host, ec2: 'keep' }, silent);
      expect({ place, tree: treeOf(root) }).toEqual({ place, tree: pristine });
    }
  }, 300_000);
}

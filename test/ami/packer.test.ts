import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf } from '../docs/blocks.ts';
import { AMI, TEMPLATE, variablesOf } from './hcl.ts';

// Packer takes its time on a busy machine.
setDefaultTimeout(60_000);

/** Why Packer cannot be asked here, or `undefined`. */
const packerMissing =
  process.getuid?.() !== 0
    ? 'root is needed for a network namespace'
    : Bun.which('packer') === null
      ? 'packer is missing (Debian package packer)'
      : undefined;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packer-'));
  writeFileSync(join(folder, 'vpc-cni'), '');
  writeFileSync(join(folder, 'plugins.tgz'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Packer in a network namespace without any link: what it says, it says offline. */
function packer(...words: readonly string[]): { readonly code: number; readonly said: string } {
  const env = { PATH: process.env['PATH'], HOME: folder, CHECKPOINT_DISABLE: '1', PACKER_NO_COLOR: '1' };
  const { exitCode, stdout, stderr } = Bun.spawnSync(['unshare', '--net', 'packer', ...words], {
    cwd: join(AMI, '..'),
    env,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return { code: exitCode, said: `${stdout}${stderr}` };
}

const validate = (values: Readonly<Record<string, string>>) =>
  packer('validate', ...Object.entries(values).map(([name, value]) => `-var=${name}=${value}`), 'ami/vpc-cni.pkr.hcl');

describe.skipIf(packerMissing !== undefined)(
  `packer${packerMissing === undefined ? '' : ` (${packerMissing})`}`,
  () => {
    for (const os of ['amazon-linux-2023', 'ubuntu-22.04', 'ubuntu-24.04'])
      for (const arch of ['x86_64', 'arm64'])
        for (const plugins of ['package', 'tarball'])
          test(`validates ${os} on ${arch} with plugins from a ${plugins}`, () => {
            const given =
              plugins === 'package'
                ? {}
                : { plugins: `${folder}/plugins.tgz`, plugins_checksum: `sha256:${'0'.repeat(64)}` };
            expect(validate({ executable: `${folder}/vpc-cni`, os, arch, ...given })).toEqual({ code: 0, said: '' });
          });

    test('validates another image to start from, another network and a key', () => {
      const values = {
        executable: `${folder}/vpc-cni`,
        source_ami_owner: 'amazon',
        source_ami_name: 'amazon-eks-node-al2023-x86_64-standard-1.35-*',
        subnet_id: 'subnet-0123456789abcdef0',
        instance_type: 'm7i.large',
        kms_key_id: 'alias/images',
        ami_regions: '["eu-west-1"]',
      };
      expect(validate(values)).toEqual({ code: 0, said: '' });
    });

    test('validates what docs/operator-guide.md builds', () => {
      const page = readFileSync(join(AMI, '../docs/operator-guide.md'), 'utf8');
      const lines = blocksOf(page).flatMap(({ info, text }) => (info === 'sh packer' ? text.split('\n') : []));
      for (const line of lines) {
        const [program, word, ...words] = line.replace(/executable=\S+/, `executable=${folder}/vpc-cni`).split(' ');
        expect([program, word, packer('validate', ...words)]).toEqual(['packer', 'build', { code: 0, said: '' }]);
      }
      expect(lines.length).toBeGreaterThan(1);
    });

    const wrong = [
      { values: {}, says: 'executable' },
      { values: { executable: '' }, says: 'The executable is the path of a built vpc-cni.' },
      { values: { executable: '/nowhere/vpc-cni' }, says: '/nowhere/vpc-cni' },
      { values: { os: 'amazon-linux-2' }, says: 'The os is one of amazon-linux-2023, ubuntu-22.04, ubuntu-24.04.' },
      { values: { arch: 'aarch64' }, says: 'The arch is one of x86_64, arm64.' },
      { values: { plugins_checksum: '0'.repeat(64) }, says: 'The plugins_checksum is sha256: with 64' },
      { values: { plugins_checksum: `sha512:${'0'.repeat(64)}` }, says: 'The plugins_checksum is sha256: with 64' },
      { values: { volume_size: '4' }, says: 'The volume_size is 8 GiB or more' },
      { values: { ami_name: 'x' }, says: 'The ami_name is 3 to 64 characters' },
    ] as const;
    for (const { values, says } of wrong)
      test(`refuses ${JSON.stringify(values)}`, () => {
        const executable = Object.keys(values).length === 0 ? {} : { executable: `${folder}/vpc-cni` };
        const { code, said } = validate({ ...executable, ...values });
        expect([code === 0, said.replaceAll(/\s+/g, ' ')]).toEqual([false, expect.stringContaining(says)]);
      });

    test('finds the template formatted', () => {
      expect(packer('fmt', '-check', '-diff', 'ami')).toEqual({ code: 0, said: '' });
    });
  },
);

describe('the image template', () => {
  const variables = variablesOf(TEMPLATE);

  test('describes every variable, and README.md has the same table', () => {
    const readme = readFileSync(join(AMI, 'README.md'), 'utf8');
    const listed = readme.split('\n').filter((line) => /^\| `\w+` \| [\w()]+ \|/.test(line));
    const expected = variables.map(
      ({ name, type, default: usual, description }) =>
        `| \`${name}\` | ${type} | ${usual === undefined ? 'required' : `\`${usual}\``} | ${description} |`,
    );
    expect(listed).toEqual(expected);
    expect(variables.length).toBe((TEMPLATE.match(/^variable /gm) ?? []).length);
    expect(variables.filter(({ description }) => description === undefined)).toEqual([]);
  });

  test('uses every variable it declares', () => {
    const rest = TEMPLATE.replaceAll(/^variable [\s\S]*?^\}/gm, '');
    expect(variables.filter(({ name }) => !new RegExp(`\\bvar\\.${name}\\b`).test(rest))).toEqual([]);
  });

  test('needs nothing but Packer where it runs, and gives the builder no role', () => {
    expect(TEMPLATE).not.toMatch(/shell-local|iam_instance_profile|user_data/);
  });

  test('empties the machine id and does not let systemd think of a first boot', () => {
    const lines = TEMPLATE.split('\n').map((line) => line.trim());
    const shell = lines.filter((line) => line.startsWith('"'));
    expect(shell.filter((line) => line.includes('machine-id'))).toEqual(['"sudo truncate --size 0 /etc/machine-id",']);
    const order = [/^local\.install,/, /^"sudo truncate --size 0/, /^"sudo sh .*\/check-image\.sh"/, /^"rm -r /];
    const at = order.map((start) => lines.findIndex((line) => start.test(line)));
    expect([at.includes(-1), at.toSorted((a, b) => a - b)]).toEqual([false, at]);
  });
});

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, settingsFromUserData } from '../../src/config/index.ts';

// cloud-init and the shell checker take their time on a busy machine.
setDefaultTimeout(60_000);

const FOLDER = join(import.meta.dir, '../../templates/user-data');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const missing = (program: string): boolean => Bun.which(program, { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }) === null;
/** EC2 takes no more (EC2 user guide, "User data"). */
const MOST_BYTES = 16 * 1024;

function run(argv: readonly string[], input = ''): { readonly code: number; readonly said: string } {
  const [program = '', ...words] = argv;
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...words], {
    cwd: FOLDER,
    stdin: Buffer.from(input),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return { code: exitCode, said: `${stdout}${stderr}` };
}

/** The settings of the lines of a file, held to the schema. */
const settingsIn = (text: string) => loadSettings({ files: [{ path: 'user data', text }], env: {} }).settings;

const OURS = { CLUSTER_NAME: 'my-cluster', WARM_IP_TARGET: 5, MINIMUM_IP_TARGET: 10 } as const;

test('every template of user data is looked at here, and fits', () => {
  const names = readdirSync(FOLDER).sort();
  expect(names).toEqual(['cloud-config.yaml', 'nodeadm.mime', 'plain.sh', 'settings.env']);
  expect(names.filter((name) => read(name).length > MOST_BYTES)).toEqual([]);
});

describe.skipIf(missing('cloud-init'))('cloud-init', () => {
  const partsOf = (name: string): readonly { readonly type: string; readonly text: string }[] => {
    const { code, said } = run(['/usr/bin/python3', join(import.meta.dir, 'mime-parts.py')], read(name));
    expect([code, said]).toEqual([0, said]);
    return said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  test('finds the cloud-config valid by its schema', () => {
    expect(run(['cloud-init', 'schema', '--config-file', 'cloud-config.yaml'])).toEqual({
      code: 0,
      said: 'Valid cloud-config: cloud-config.yaml\n',
    });
  });

  test('would not find a misspelt one valid', () => {
    const folder = mkdtempSync(join(tmpdir(), 'user-data-'));
    try {
      writeFileSync(join(folder, 'wrong.yaml'), read('cloud-config.yaml').replace('permissions:', 'permission:'));
      expect(run(['cloud-init', 'schema', '--config-file', join(folder, 'wrong.yaml')]).code).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('takes each part of the multipart document for what it is', () => {
    const parts = partsOf('nodeadm.mime');
    expect(parts.map(({ type }) => type)).toEqual([
      'application/node.eks.aws',
      'application/vnd.vpc-cni.env',
      'text/x-shellscript',
    ]);
    const [nodeadm, settings, script] = parts.map(({ text }) => text);
    expect(Bun.YAML.parse(nodeadm ?? '')).toMatchObject({
      kind: 'NodeConfig',
      spec: { cluster: { name: 'my-cluster' } },
    });
    expect(settingsIn(settings ?? '')).toMatchObject({ ...OURS, KUBELET_MAX_PODS: 'nodeadm' });
    expect(run(['sh', '-n'], script)).toEqual({ code: 0, said: '' });
  });

  for (const [name, type] of [
    ['cloud-config.yaml', 'text/cloud-config'],
    ['plain.sh', 'text/x-shellscript'],
    // Not for cloud-init, which leaves it alone.
    ['settings.env', 'text/x-not-multipart'],
  ] as const)
    test(`takes ${name} for ${type}`, () => expect(partsOf(name).map((part) => part.type)).toEqual([type]));
});

test('the settings of every template are valid, and the same', () => {
  const [file] = JSON.parse(JSON.stringify(Bun.YAML.parse(read('cloud-config.yaml')))).write_files;
  const heredoc = /<<'SETTINGS'\n([\s\S]*?)^SETTINGS$/m.exec(read('plain.sh'))?.[1] ?? '';
  for (const text of [file.content, heredoc, read('settings.env')]) expect(settingsIn(text)).toMatchObject(OURS);
});

describe('our own reader of user data', () => {
  const read = (name: string) => settingsFromUserData(new Uint8Array(readFileSync(join(FOLDER, name))));

  for (const name of ['settings.env', 'nodeadm.mime'])
    test(`finds the settings of ${name}, and only those, with their lines`, () => {
      const { given, findings, notes } = read(name);
      const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
      expect([findings, notes]).toEqual([[], []]);
      expect(given.map(({ key, text }) => `${key}=${text}`)).toEqual(lines.filter((line) => /^[A-Z_]+=/.test(line)));
      for (const { key, origin } of given) expect(lines[Number(origin.split(':').at(-1)) - 1]).toStartWith(`${key}=`);
      const text = given.map(({ key, text: value }) => `${key}=${value}\n`).join('');
      expect(settingsIn(text)).toMatchObject(OURS);
    });

  for (const name of ['cloud-config.yaml', 'plain.sh'])
    test(`leaves ${name} to cloud-init`, () => expect(read(name).given).toEqual([]));
});

describe('plain.sh', () => {
  test.skipIf(missing('shellcheck'))('has nothing the shell checker minds', () => {
    expect(run(['shellcheck', 'plain.sh', '../../ami/check-image.sh'])).toEqual({ code: 0, said: '' });
  });

  /** Runs the script with these downloads, on a machine whose /etc is thrown away afterwards. */
  function runPlain(change: { readonly wrong?: 'RELEASE' | 'PLUGINS'; readonly manager?: 'dnf' | 'apt-get' } = {}): {
    readonly code: number;
    readonly said: string;
  } {
    const folder = mkdtempSync(join(tmpdir(), 'user-data-'));
    try {
      const downloads = {
        RELEASE:
          '#!/bin/sh\necho "release: $*" | sed "s#/tmp/[^/]*/#FOLDER/#"\ncat /etc/vpc-cni/conf.d/50-user-data.env\n',
        PLUGINS: 'an archive\n',
      };
      let script = read('plain.sh');
      for (const [name, text] of Object.entries(downloads)) {
        writeFileSync(join(folder, name), text);
        const sha256 = new Bun.CryptoHasher('sha256').update(text).digest('hex');
        script = script
          .replace(new RegExp(`^${name}='.*'$`, 'm'), `${name}='file://${folder}/${name}'`)
          .replace(
            new RegExp(`^${name}_SHA256='.*'$`, 'm'),
            `${name}_SHA256='${change.wrong === name ? '0'.repeat(64) : sha256}'`,
          );
      }
      writeFileSync(join(folder, 'plain.sh'), script);
      mkdirSync(join(folder, 'up'));
      // A machine with this package manager and without nft.
      let path = process.env['PATH'];
      if (change.manager !== undefined) {
        path = join(folder, 'bin');
        mkdirSync(path);
        for (const name of ['cat', 'chmod', 'curl', 'echo', 'mkdir', 'mktemp', 'rm', 'sed', 'sh', 'sha256sum'])
          symlinkSync(Bun.which(name) ?? name, join(path, name));
        writeFileSync(join(path, change.manager), `#!/bin/sh\necho "${change.manager}: $*"\n`, { mode: 0o755 });
      }
      const etc = `mount -t overlay -o lowerdir=/etc,upperdir=${folder}/up/u,workdir=${folder}/up/w etc /etc`;
      return run([
        ...['unshare', '--mount', '--net', 'sh', '-c'],
        `mount -t tmpfs up ${folder}/up && mkdir ${folder}/up/u ${folder}/up/w && ${etc} && PATH=${path} sh ${folder}/plain.sh`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test.skipIf(process.getuid?.() !== 0)('installs what has the right checksum, after its settings', () => {
    const { code, said } = runPlain();
    expect([code, said]).toEqual([
      0,
      'release: install --plugins FOLDER/plugins.tgz\nCLUSTER_NAME=my-cluster\nWARM_IP_TARGET=5\nMINIMUM_IP_TARGET=10\n',
    ]);
  });

  for (const [manager, does] of [
    ['dnf', 'dnf: install -y -q nftables\n'],
    ['apt-get', 'apt-get: -q update\napt-get: install -y -q nftables\n'],
  ] as const)
    test.skipIf(process.getuid?.() !== 0)(`has ${manager} put in the packet filter where it is missing`, () => {
      const { code, said } = runPlain({ manager });
      expect([code, said]).toEqual([0, expect.stringMatching(new RegExp(`^${does}release: install`))]);
    });

  for (const wrong of ['RELEASE', 'PLUGINS'] as const)
    test.skipIf(process.getuid?.() !== 0)(`runs nothing when ${wrong} has another checksum`, () => {
      const { code, said } = runPlain({ wrong });
      expect([code, said]).toEqual([1, expect.stringContaining('FAILED')]);
      expect(said).not.toContain('release:');
    });
});

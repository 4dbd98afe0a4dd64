import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const NODE = Bun.which('node') ?? 'node';
const PACKAGES = 'iproute2 nftables iptables containernetworking-plugins procps util-linux iputils-ping'.split(' ');
const TEST_PACKAGES = [
  ...'debootstrap systemd-container awscli curl cloud-init packer shellcheck cloud-guest-utils qemu-system-x86 ipvsadm busybox-static cpio chromium fonts-dejavu-core containerd'.split(
    ' ',
  ),
];

let project = '';
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'vpc-cni-setup-'));
  mkdirSync(join(project, 'scripts'));
  mkdirSync(join(project, 'bin'));
  copyFileSync(join(ROOT, 'scripts/setup.mjs'), join(project, 'scripts/setup.mjs'));
  writeFileSync(join(project, 'package-lock.json'), '{}');
  symlinkSync('/bin/sh', join(project, 'bin/sh'));
  chmodSync(project, 0o755);
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

/** Puts a small program on the PATH of the script; each call it gets is a line in `calls`. */
function stub(name: string, body: string): void {
  writeFileSync(join(project, 'bin', name), `#!/bin/sh\necho ${name} "$@" >> ${project}/calls\n${body}\n`, {
    mode: 0o755,
  });
}

function dpkgWith(packages: readonly string[]): void {
  stub('dpkg-query', packages.map((name) => `echo "${name} ii "`).join('\n'));
}

/** An npm that leaves a Bun that starts. */
function workingNpm(): void {
  const bun = join(project, 'node_modules/.bin');
  stub('npm', `/bin/mkdir -p ${bun} && echo '#!/bin/sh' > ${bun}/bun && /bin/chmod +x ${bun}/bun`);
}

async function setup(as: { readonly uid?: number; readonly words?: readonly string[] } = {}) {
  const prefix = as.uid === undefined ? [] : ['/usr/bin/setpriv', `--reuid=${as.uid}`, '--clear-groups'];
  const child = Bun.spawn([...prefix, NODE, join(project, 'scripts/setup.mjs'), ...(as.words ?? [])], {
    env: { PATH: join(project, 'bin') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

async function calls(): Promise<readonly string[]> {
  const path = join(project, 'calls');
  return existsSync(path) ? (await Bun.file(path).text()).trim().split('\n') : [];
}

describe('setup.mjs', () => {
  test('is silent when nothing is to do', async () => {
    dpkgWith(PACKAGES);
    workingNpm();
    expect(await setup()).toEqual({ code: 0, stdout: '', stderr: 'setup: npm ci --no-audit --no-fund\n' });
    expect(await setup()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('runs npm ci again when the lock file changed', async () => {
    dpkgWith(PACKAGES);
    workingNpm();
    await setup();
    writeFileSync(join(project, 'package-lock.json'), '{"changed":true}');
    expect((await setup()).stderr).toBe('setup: npm ci --no-audit --no-fund\n');
  });

  test('says what failed when npm does, and tries again next time', async () => {
    dpkgWith(PACKAGES);
    stub('npm', 'exit 1');
    expect((await setup()).code).toBe(1);
    workingNpm();
    expect((await setup()).code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'without root names the packages and the command that installs them',
    async () => {
      dpkgWith(PACKAGES.filter((name) => name !== 'nftables' && name !== 'iputils-ping'));
      writeFileSync(join(project, 'calls'), '', { mode: 0o666 });
      chmodSync(join(project, 'calls'), 0o666);
      expect(await setup({ uid: 65534 })).toEqual({
        code: 1,
        stdout: '',
        stderr: `setup: these Debian packages are missing, and installing them needs root: nftables iputils-ping
  sudo apt-get install -y --no-install-recommends nftables iputils-ping
  then run the command again
`,
      });
    },
  );

  test.skipIf(process.getuid?.() !== 0)('with root installs them, with an update only when that fails', async () => {
    dpkgWith(PACKAGES.filter((name) => name !== 'nftables'));
    workingNpm();
    stub('apt-get', `[ "$1" = update ] && : > ${project}/updated; [ -e ${project}/updated ]`);
    expect((await setup()).code).toBe(0);
    const install = 'apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 nftables';
    expect((await calls()).filter((line) => line.startsWith('apt-get'))).toEqual([
      install,
      'apt-get update -q',
      install,
    ]);
  });

  test('for the tests installs more, and keeps cloud-init from configuring this machine', async () => {
    dpkgWith(PACKAGES);
    workingNpm();
    stub('install', 'exit 0');
    stub('apt-get', 'exit 0');
    expect((await setup({ words: ['tests'] })).code).toBe(0);
    expect((await calls()).filter((line) => /^(install|apt-get) /.test(line))).toEqual([
      'install -D -m 644 /dev/null /etc/cloud/cloud-init.disabled',
      `apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 ${TEST_PACKAGES.join(' ')}`,
    ]);
  });

  test('on another system names what is missing and how to get it', async () => {
    const { code, stderr } = await setup();
    expect([
      code,
      stderr.split('\n')[0]?.startsWith('setup: this is not a Debian-like system, and these are missing: '),
    ]).toEqual([1, true]);
    expect(stderr).toContain('on Fedora and its kin: sudo dnf install ');
  });
});

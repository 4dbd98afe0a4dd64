// Makes a fresh checkout ready: Debian packages the product and its tests run, then `npm ci`. Silent and fast when nothing is
// to do. Plain Node and no dependency, because it is what runs before there are any.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP = join(ROOT, 'node_modules/.setup-stamp');
const LEAST_NODE = 20;
const CLOUD_INIT_OFF = '/etc/cloud/cloud-init.disabled';

/** What the product and its build run: the Debian package, the Fedora one, and a file or program that proves it. */
const NEEDED = [
  { debian: 'iproute2', fedora: 'iproute', program: 'ip' },
  { debian: 'nftables', fedora: 'nftables', program: 'nft' },
  { debian: 'iptables', fedora: 'iptables-nft', program: 'iptables-restore' },
  {
    debian: 'containernetworking-plugins',
    fedora: 'containernetworking-plugins',
    files: ['/usr/lib/cni/ptp', '/usr/libexec/cni/ptp', '/opt/cni/bin/ptp'],
  },
  { debian: 'procps', fedora: 'procps-ng', program: 'sysctl' },
  { debian: 'util-linux', fedora: 'util-linux', program: 'nsenter' },
  { debian: 'iputils-ping', fedora: 'iputils', program: 'ping' },
];

/** What only the tests run: installed by `setup.mjs tests`. */
const NEEDED_BY_TESTS = [
  // The tests boot a small Debian system with them.
  { debian: 'debootstrap', fedora: 'debootstrap', program: 'debootstrap' },
  { debian: 'systemd-container', fedora: 'systemd-container', program: 'systemd-nspawn' },
  // The tests ask the simulator through it.
  { debian: 'awscli', fedora: 'awscli2', program: 'aws' },
  // As another user, and with headers no other client would send.
  { debian: 'curl', fedora: 'curl', program: 'curl' },
  // Clients of the metadata service that nobody here wrote.
  { debian: 'cloud-init', fedora: 'cloud-init', program: 'cloud-init' },
  // The tests let them look at the image template and at the scripts of user data.
  { debian: 'packer', fedora: 'packer', program: 'packer' },
  { debian: 'shellcheck', fedora: 'ShellCheck', program: 'shellcheck' },
  { debian: 'cloud-guest-utils', fedora: 'cloud-utils', program: 'ec2metadata' },
  // The tests boot a kernel that has what this machine's may lack, such as 802.1q.
  { debian: 'qemu-system-x86', fedora: 'qemu-system-x86-core', program: 'qemu-system-x86_64' },
  // In that kernel they are kube-proxy in its ipvs mode.
  { debian: 'ipvsadm', fedora: 'ipvsadm', program: 'ipvsadm' },
  { debian: 'busybox-static', fedora: 'busybox', program: 'busybox' },
  { debian: 'cpio', fedora: 'cpio', program: 'cpio' },
  // The tests look at the dashboard with it; without a font there is nothing to see.
  { debian: 'chromium', fedora: 'chromium', program: 'chromium-browser' },
  {
    debian: 'fonts-dejavu-core',
    fedora: 'dejavu-sans-fonts',
    files: ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', '/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf'],
  },
  // The tests let it make pods. Where Docker's package brought it, Debian's would push that off the machine.
  { debian: 'containerd', fedora: 'containerd', program: 'containerd', anyMaker: true },
];

function fail(...lines) {
  process.stderr.write(`setup: ${lines.join('\n  ')}\n`);
  process.exit(1);
}

function run(argv, env = {}) {
  process.stderr.write(`setup: ${argv.join(' ')}\n`);
  const [program, ...args] = argv;
  // stdout belongs to the command that called us (--json), so everything goes to stderr.
  return spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } }).status === 0;
}

function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}

const needed = process.argv.includes('tests') ? [...NEEDED, ...NEEDED_BY_TESTS] : NEEDED;

function missingPackages() {
  const query = spawnSync(
    'dpkg-query',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: these are the placeholders of dpkg-query
    ['-W', '-f', '${Package} ${db:Status-Abbrev}\n', ...needed.map((n) => n.debian)],
    { encoding: 'utf8' },
  );
  if (query.error === undefined) {
    const installed = new Set(
      query.stdout
        .split('\n')
        .filter((line) => / .i/.test(line))
        .map((line) => line.split(' ')[0]),
    );
    const lacks = (need) => !installed.has(need.debian) && !(need.anyMaker && onPath(need.program));
    return { debian: true, missing: needed.filter(lacks) };
  }
  const present = (need) =>
    need.program === undefined ? need.files.some((file) => existsSync(file)) : onPath(need.program);
  return { debian: false, missing: needed.filter((need) => !present(need)) };
}

/** Tests only run cloud-init's commands; where we are who brings it, it must not set this machine up at the next boot. */
function keepCloudInitOff(missing) {
  if (!missing.some((need) => need.debian === 'cloud-init') || existsSync('/etc/cloud')) return;
  mkdirSync('/etc/cloud');
  writeFileSync(
    '/etc/cloud/cloud-init.disabled',
    'Installed for the tests of vpc-cni-host only; remove this file to use it.\n',
  );
}

function installPackages() {
  const { debian, missing } = missingPackages();
  if (missing.length === 0) return;
  const names = missing.map((need) => need.debian);
  const lacking = missing.map((need) => need.program ?? `the CNI plugins (${need.files.join(' or ')})`).join(', ');
  if (!debian)
    fail(
      `this is not a Debian-like system, and these are missing: ${lacking}`,
      `on Fedora and its kin: sudo dnf install ${missing.map((need) => need.fedora).join(' ')}`,
      'elsewhere: install what provides them, then run the command again',
    );
  if (process.getuid() !== 0)
    fail(
      `these Debian packages are missing, and installing them needs root: ${names.join(' ')}`,
      `sudo apt-get install -y --no-install-recommends ${names.join(' ')}`,
      'then run the command again',
    );
  keepCloudInitOff(missing);
  const install = [
    'apt-get',
    'install',
    '-y',
    '-q',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=120',
    ...names,
  ];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // The tests call parts of cloud-init; a machine that did not have it must not be configured by it at its next boot.
  if (names.includes('cloud-init') && !run(['install', '-D', '-m', '644', '/dev/null', CLOUD_INIT_OFF]))
    fail(`could not write ${CLOUD_INIT_OFF}, without which cloud-init would configure this machine`);
  // A fresh image has no package lists yet; one with lists is spared the update.
  if (!run(install, env) && !(run(['apt-get', 'update', '-q'], env) && run(install, env)))
    fail(`apt-get could not install ${names.join(' ')}; its message is above`);
}

function npm(...words) {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? [process.execPath, path, ...words] : ['npm', ...words];
}

function bunWorks() {
  const bun = join(ROOT, 'node_modules/.bin/bun');
  return spawnSync(bun, ['--version'], { stdio: 'ignore' }).status === 0;
}

function installModules() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const wanted = `${lock} ${process.platform}-${process.arch}\n`;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  if (!run(npm('ci', '--no-audit', '--no-fund'))) fail('npm ci failed; its message is above');
  // Where npm is told not to run install scripts, Bun's package holds a placeholder until its script has run.
  if (!bunWorks()) run([process.execPath, join(ROOT, 'node_modules/bun/install.js')]);
  if (!bunWorks())
    fail(
      'Bun does not start; is there a build of it for this system?',
      `it is node_modules/.bin/bun on ${process.platform}-${process.arch}`,
    );
  writeFileSync(STAMP, wanted);
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE)
  fail(
    `Node ${process.versions.node} is too old; version ${LEAST_NODE} or newer is needed`,
    'get one from nodejs.org or your distribution',
  );
if (process.platform !== 'linux')
  fail(
    `this runs on Linux only, not on ${process.platform}`,
    'use a virtual machine with Debian or a machine in the cloud',
  );
installPackages();
installModules();

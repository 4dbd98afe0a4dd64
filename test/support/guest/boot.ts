import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemExec } from '../../../src/sys/index.ts';
import { type GuestKernel, guestKernel } from './kernel.ts';

/** What a guest is booted with. */
export interface GuestRequest {
  /** Kernel modules to load, with all they depend on. */
  readonly modules: readonly string[];
  /** More modules that are there to be loaded, with all they depend on, where modprobe(8) looks for them. */
  readonly loadable?: readonly string[];
  /** Programs of this machine, by name; their shared objects come along. */
  readonly programs: readonly string[];
  /** More files, by their path in the guest. */
  readonly files: Readonly<Record<string, string>>;
  /** Run by busybox sh as root with everything mounted; its output is the result. */
  readonly script: string;
  /** Kill the guest after so many milliseconds: emulation is some 25 times slower than this machine. */
  readonly deadlineMs: number;
}

const BEGIN = '=== begin ===';
const END = '=== end';

/** Boots a kernel of Debian's under software emulation, runs a script in it, and gives back what the script printed. */
export async function runInGuest(request: GuestRequest): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-guest-'));
  try {
    const kernel = await guestKernel();
    const root = join(folder, 'root');
    await fill(root, request, kernel.modules(request.modules));
    if (request.loadable !== undefined) fillModules(root, kernel, request.loadable);
    const image = join(folder, 'initramfs');
    await systemExec.run({
      argv: ['sh', '-c', 'cd "$1" && find . | cpio --quiet -o -H newc -R 0:0 > "$2"', 'pack', root, image],
      timeoutMs: request.deadlineMs,
    });
    const { stdout } = await systemExec.run({ argv: machine(kernel.image, image), timeoutMs: request.deadlineMs });
    return outputOf(stdout.replaceAll('\r', ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function machine(kernel: string, initramfs: string): [string, ...string[]] {
  return [
    ...(['qemu-system-x86_64', '-cpu', 'max', '-m', '1500', '-nodefaults', '-no-reboot', '-display', 'none'] as const),
    // Nothing of the machine's network: the guest has loopback and what it makes itself.
    ...['-nic', 'none', '-serial', 'stdio', '-kernel', kernel, '-initrd', initramfs],
    ...['-append', 'console=ttyS0 quiet panic=-1'],
  ];
}

function outputOf(console: string): string {
  const from = console.indexOf(`${BEGIN}\n`);
  const to = console.indexOf(`${END} 0`);
  if (from < 0 || to < 0) throw new Error(`the guest's script did not succeed:\n${console.slice(-6000)}`);
  return console.slice(from + BEGIN.length + 1, to);
}

async function fill(root: string, request: GuestRequest, modules: readonly string[]): Promise<void> {
  for (const path of ['bin', 'dev', 'etc', 'lib/modules', 'opt', 'proc', 'run', 'sys', 'tmp', 'usr/bin', 'var'])
    mkdirSync(join(root, path), { recursive: true });
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to));
  };
  put('/bin/busybox', '/bin/busybox');
  for (const name of request.programs) {
    const path = Bun.which(name);
    if (path === null) throw new Error(`this machine has no ${name}`);
    put(path, `/usr/bin/${name}`);
    for (const library of await librariesOf(path)) if (!existsSync(join(root, library))) put(library, library);
  }
  for (const [to, from] of Object.entries(request.files)) {
    put(from, to);
    for (const library of await librariesOf(from)) if (!existsSync(join(root, library))) put(library, library);
  }
  for (const path of modules) put(path, `/lib/modules/${basename(path)}`);
  writeFileSync(join(root, 'script'), request.script);
  writeFileSync(join(root, 'init'), init(modules.map((path) => basename(path))), { mode: 0o755 });
}

/** Modules and the kernel's lists of them, by their paths on the machine they are from. */
function fillModules(root: string, kernel: GuestKernel, names: readonly string[]): void {
  for (const path of [...kernel.modules(names), ...kernel.lists]) {
    const place = join(root, path.slice(path.indexOf('/lib/modules/')));
    mkdirSync(dirname(place), { recursive: true });
    cpSync(path, place);
  }
}

/** Shared objects of a program, by the paths under which its loader looks for them; none for other files. */
async function librariesOf(path: string): Promise<readonly string[]> {
  if (readFileSync(path).subarray(0, 4).toString('latin1') !== '\x7fELF') return [];
  const { stdout } = await systemExec.run({ argv: ['ldd', path], accept: [0, 1] });
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library = '']) => library);
}

/** The first process: it must never end, or the kernel panics before the console has printed everything. */
function init(modules: readonly string[]): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs dev /dev && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /tmp
${modules.map((name) => `insmod /lib/modules/${name}`).join('\n')}
ip link set lo up
echo '${BEGIN}'
sh /script
echo "${END} $?"
poweroff -f
`;
}

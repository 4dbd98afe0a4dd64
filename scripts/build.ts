/**
 * Builds dist/vpc-cni-linux-<arch>: one executable with everything in it, its checksum beside it. Does nothing when its inputs
 * are those of the last build. `--arm64` builds for ARM64 too, with the Bun of that architecture from the npm package of the pinned version.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { recordPluginOrder } from './plugin-order.ts';

const ROOT = join(import.meta.dir, '..');
const DIST = join(ROOT, 'dist');
const CACHE = join(ROOT, 'node_modules/.cache/bun');
const INPUTS = ['src', 'templates', 'package.json', 'package-lock.json', 'scripts/build.ts', 'scripts/plugin-order.ts'];

/** Architectures we ship, with ELF's number for each (e_machine). */
const MACHINES = { x64: 62, arm64: 183 } as const;
export type Arch = keyof typeof MACHINES;

function run(argv: readonly string[], cwd = ROOT): string {
  const [program = '', ...rest] = argv;
  const result = Bun.spawnSync([program, ...rest], { cwd, stdout: 'pipe', stderr: 'pipe' });
  if (!result.success) throw new Error(`${argv.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout.toString().trim();
}

function filesBelow(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The commit that last touched the inputs, `-dirty` when they differ from it; `unknown` outside a git checkout. */
function buildId(tree: string): string {
  try {
    const commit = run(['git', 'log', '-1', '--format=%h', '--', ...INPUTS], tree);
    return run(['git', 'status', '--porcelain', '--', ...INPUTS], tree) === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}

function fingerprint(tree: string, defines: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(`${JSON.stringify(defines)} ${Bun.version}\n`);
  for (const file of INPUTS.flatMap((input) => filesBelow(join(tree, input))))
    hash.update(`${relative(tree, file)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

function versionOf(tree: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
  return version;
}

/** Bun for the other architecture; npm checks what it fetches against the registry, we against the lock file. */
function foreignBun(arch: Arch): string {
  const name = `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}`;
  const folder = join(CACHE, `${arch}-${Bun.version}`);
  const executable = join(folder, 'package/bin/bun');
  if (existsSync(executable)) return executable;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tarball = join(
    folder,
    run(['npm', 'pack', '--silent', '--pack-destination', folder, `${name}@${Bun.version}`]),
  );
  const lock: { packages: Record<string, { integrity?: string }> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const wanted = lock.packages[`node_modules/${name}`]?.integrity;
  if (found !== wanted) throw new Error(`${name} has the checksum ${found}, package-lock.json says ${wanted}`);
  run(['tar', '-xzf', tarball, '-C', folder]);
  rmSync(tarball);
  return executable;
}

function checkMachine(path: string, arch: Arch): void {
  const head = Buffer.from(readFileSync(path).subarray(0, 20));
  const isElf = head.subarray(0, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
  if (!isElf || head.readUInt16LE(18) !== MACHINES[arch]) throw new Error(`${path} is no ELF file for ${arch}`);
}

function hostArch(): Arch {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  throw new Error(`there is no build for ${process.arch}`);
}

function compile(input: {
  readonly tree: string;
  readonly arch: Arch;
  readonly out: string;
  readonly defines: Readonly<Record<string, string>>;
  readonly more: readonly string[];
}): void {
  const { tree, arch, out, defines, more } = input;
  const argv = [
    process.execPath,
    ...['build', '--compile', '--bytecode', '--minify', '--splitting', '--format=esm'],
    // A .env or bunfig.toml in whatever directory we are started in is none of our business, and costs a look.
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    // A plugin call ends before compiled code pays off; every command sets the usual policy back when it starts.
    '--compile-jit-policy=100',
    `--target=bun-linux-${arch}`,
    ...(arch === hostArch() ? [] : [`--compile-executable-path=${foreignBun(arch)}`]),
    ...Object.entries(defines).map(([name, value]) => `--define=${name}=${JSON.stringify(value)}`),
    ...more,
    ...['src/bin/main.ts', '--outfile', out],
  ];
  run(argv, tree);
}

/** What to build, where other than this checkout, as which version, and where to. */
export interface BuildRequest {
  readonly arch?: Arch;
  readonly tree?: string;
  readonly version?: string;
  readonly out?: string;
}

/** Builds for one architecture and returns the path of the executable. */
export function build(request: BuildRequest = {}): string {
  const { arch = hostArch(), tree = ROOT } = request;
  const out = request.out ?? join(DIST, `vpc-cni-linux-${arch}`);
  const stamp = `${out}.inputs`;
  const checksum = `${out}.sha256`;
  const defines = { VPC_CNI_VERSION: request.version ?? versionOf(tree), VPC_CNI_BUILD: buildId(tree) };
  const inputs = fingerprint(tree, defines);
  if (existsSync(out) && existsSync(checksum) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs)
    return out;
  // Two builds at once (two demos) must not write one file.
  const draft = `${out}.${process.pid}.new`;
  mkdirSync(dirname(out), { recursive: true });
  rmSync(stamp, { force: true });
  const order = `${out}.order`;
  const trial = `${out}.trial`;
  try {
    // The order of a plugin call is the same on every architecture, but it can be recorded only on ours.
    compile({ tree, arch: hostArch(), out: trial, defines, more: [] });
    recordPluginOrder(trial, order);
    compile({ tree, arch, out: draft, defines, more: [`--bytecode-order=${order}`] });
  } finally {
    for (const path of [trial, order]) rmSync(path, { force: true });
  }
  checkMachine(draft, arch);
  // A rename, because a daemon may be running from the old file.
  renameSync(draft, out);
  // As sha256sum --check reads it, wherever both files are taken.
  const sha256 = createHash('sha256').update(readFileSync(out)).digest('hex');
  writeFileSync(checksum, `${sha256}  ${basename(out)}\n`);
  writeFileSync(stamp, inputs);
  return out;
}

if (import.meta.main) {
  try {
    const words = process.argv.slice(2);
    const other = words.filter((word) => word !== '--arm64');
    if (other.length > 0) throw new Error(`unknown words: ${other.join(' ')}; the only option is --arm64`);
    const started = performance.now();
    const arches = new Set<Arch>([hostArch(), ...(words.includes('--arm64') ? ['arm64' as const] : [])]);
    for (const arch of arches) {
      const path = build({ arch });
      const size = (statSync(path).size / 1e6).toFixed(0);
      console.error(`${relative(ROOT, path)}  ${size} MB  ${(performance.now() - started).toFixed(0)} ms`);
    }
  } catch (error) {
    console.error(error instanceof Error ? `build: ${error.message}` : error);
    process.exitCode = 1;
  }
}

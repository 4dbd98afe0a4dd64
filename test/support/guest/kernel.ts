import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemExec } from '../../../src/sys/index.ts';
import { debianPackage } from '../debian-package.ts';

const DEADLINE_MS = 60_000;

/** A kernel with its modules as files: Debian's, because the machine's own may lack what a test needs. */
export interface GuestKernel {
  /** The bootable image. */
  readonly image: string;
  /** Its lists of modules, as modprobe(8) reads them. */
  readonly lists: readonly string[];
  /** Files of these modules and of all they depend on, in the order in which they load. */
  modules(names: readonly string[]): readonly string[];
}

/** Debian's current kernel, unpacked once per machine and version, never installed: about 5 s the first time. */
export async function guestKernel(): Promise<GuestKernel> {
  const tree = await kernelTree().catch(async () => {
    // Without package lists nobody knows which kernel is the current one.
    await systemExec.run({ argv: ['apt-get', 'update', '-q'], timeoutMs: 5 * DEADLINE_MS });
    return await kernelTree();
  });
  const version = readdirSync(`${tree}/lib/modules`)[0] ?? '';
  const folder = `${tree}/lib/modules/${version}`;
  const needs = new Map(readFileSync(`${folder}/modules.dep`, 'utf8').split('\n').map(dependencies));
  return {
    image: `${tree}/boot/vmlinuz-${version}`,
    lists: ['modules.dep', 'modules.builtin', 'modules.alias', 'modules.symbols'].map((name) => join(folder, name)),
    modules: (names) => [...new Set(names.flatMap((one) => loadOrder(needs, one)))].map((path) => join(folder, path)),
  };
}

async function kernelTree(): Promise<string> {
  const { stdout } = await systemExec.run({ argv: ['apt-cache', 'depends', 'linux-image-amd64'] });
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error(`linux-image-amd64 depends on no kernel: ${stdout}`);
  return await debianPackage(name, async (draft) => {
    const version = readdirSync(`${draft}/lib/modules`)[0] ?? '';
    await systemExec.run({ argv: ['busybox', 'depmod', '-b', draft, version], timeoutMs: DEADLINE_MS });
  });
}

/** A line of modules.dep: the file, then all it needs, what must be loaded first standing last. */
function dependencies(line: string): [string, readonly string[]] {
  const [path = '', rest = ''] = line.split(':');
  const needs = rest.split(' ').filter((word) => word !== '');
  return [path.replace(/^.*\/|\.ko$/g, ''), [...needs.toReversed(), path]];
}

function loadOrder(needs: ReadonlyMap<string, readonly string[]>, name: string): readonly string[] {
  const paths = needs.get(name);
  if (paths === undefined) throw new Error(`the guest's kernel has no module ${name}`);
  return paths;
}

import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from './e2e.ts';
import type { NodeShell } from './e2e-cni.ts';

const HOME = '/sys/fs/cgroup';

interface Hierarchy {
  readonly path: string;
  readonly type: string;
  readonly options: string;
}

/** The control groups as this machine has them mounted: one of version 2, or one for each controller, or both. */
function hierarchies(): readonly Hierarchy[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const path = before.split(' ')[4] ?? '';
      const [type = '', , options = ''] = after.split(' ');
      return type.startsWith('cgroup') && path.startsWith(HOME) ? [{ path, type, options }] : [];
    });
}

/** The words after `-o` that mount a hierarchy once more. A named one has no controller. */
function mountOptions({ options }: Hierarchy): readonly string[] {
  const words = options
    .split(',')
    .filter((word) => !['rw', 'ro', 'seclabel'].includes(word) && !word.startsWith('release'));
  const named = words.some((word) => word.startsWith('name='));
  return words.length === 0 ? [] : ['-o', [...(named ? ['none'] : []), ...words].join(',')];
}

/** Shows a node the machine's control groups, which its own /sys does not have; a container runtime needs them. */
export async function mountCgroups(node: NodeShell): Promise<void> {
  const all = hierarchies();
  if (!all.some(({ path }) => path === HOME)) await node.text('mount', '-t', 'tmpfs', 'cgroups', HOME);
  for (const hierarchy of all) {
    await node.text('mkdir', '-p', hierarchy.path);
    await node.text('mount', '-t', hierarchy.type, ...mountOptions(hierarchy), 'cgroup', hierarchy.path);
  }
}

function foldersBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .concat(folder)
      .sort((a, b) => b.length - a.length);
  } catch {
    return [];
  }
}

const foldersOf = (group: string): readonly string[] =>
  hierarchies().flatMap(({ path }) => foldersBelow(join(path, group)));

/** The processes in a control group and in those below it. */
export function processesOf(group: string): readonly number[] {
  const pids = foldersOf(group).flatMap((folder) => {
    try {
      return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return [...new Set(pids)];
}

/** Ends what still runs in a control group and removes it. */
export async function removeCgroup(group: string): Promise<void> {
  if (dirname(group) !== '/' || group === '/') throw new Error(`${group} is not a group of a test`);
  for (const pid of processesOf(group)) process.kill(pid, 'SIGKILL');
  await until(`${group} to be empty`, () => (processesOf(group).length === 0 ? true : undefined));
  for (const folder of foldersOf(group)) rmdirSync(folder);
}

import { type ModuleState, type ObservedBoot, PATHS, sysctlName, type WantedBoot } from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import { observePolicies } from './forward-policy.ts';
import type { Host } from './host.ts';
import { readSysctl } from './observe.ts';

// What /proc/<pid>/stat counts in (USER_HZ), the same on every architecture.
const TICKS_PER_SECOND = 100;
const BUILT_IN = 'modules.builtin';
const LOADABLE = 'modules.dep';

/** When this boot began, in milliseconds since 1970: that of the first process, because a container boots later than its kernel. */
function bootTime(files: ReadFiles): number | undefined {
  const kernel = /^btime (\d+)$/m.exec(files.read('/proc/stat') ?? '')?.[1];
  const stat = files.read('/proc/1/stat') ?? '';
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (kernel === undefined || ticks === undefined) return undefined;
  return (Number(kernel) + Number(ticks) / TICKS_PER_SECOND) * 1000;
}

function staleResults(files: ReadFiles): readonly string[] {
  const since = bootTime(files);
  if (since === undefined) return [];
  return files.list(PATHS.cniResults).filter((name) => {
    const fact = files.fact(`${PATHS.cniResults}/${name}`);
    return fact.kind === 'file' && fact.mtimeMs < since;
  });
}

/** `kernel/drivers/net/veth.ko.zst: …` is `veth`; the kernel takes `-` and `_` for the same. */
function moduleNames(list: string): ReadonlySet<string> {
  return new Set(
    [...list.matchAll(/([^/\s]+)\.ko[.a-z0-9]*(?::|$)/gm)].map(([, name = '']) => name.replaceAll('-', '_')),
  );
}

const MODPROBES = ['/usr/sbin/modprobe', '/sbin/modprobe', '/usr/bin/modprobe', '/bin/modprobe'] as const;

/** A hardened host forbids any further module, a small image has no program to load one. */
function canLoad(files: ReadFiles): boolean {
  if (files.read('/proc/sys/kernel/modules_disabled')?.trim() === '1') return false;
  return MODPROBES.some((path) => ['file', 'link'].includes(files.fact(path).kind));
}

/** How the kernel stands to these modules. */
export function moduleStates(files: ReadFiles, names: readonly string[]): Readonly<Record<string, ModuleState>> {
  const present = (name: string): boolean => files.fact(`${PATHS.sysModule}/${name}`).kind !== 'absent';
  const open = names.filter((name) => !present(name));
  const directory = `${PATHS.kernelModules}/${files.read(PATHS.kernelRelease)?.trim() ?? ''}`;
  const dependencies = open.length === 0 ? undefined : files.read(`${directory}/${LOADABLE}`);
  // A kernel without a list of modules has everything built in, or will never have it; only using it tells.
  if (dependencies === undefined)
    return Object.fromEntries(names.map((name) => [name, open.includes(name) ? 'unknown' : 'present']));
  const loadable = canLoad(files) ? moduleNames(dependencies) : new Set<string>();
  const builtIn = moduleNames(files.read(`${directory}/${BUILT_IN}`) ?? '');
  const state = (name: string): ModuleState =>
    !open.includes(name) || builtIn.has(name) ? 'present' : loadable.has(name) ? 'loadable' : 'absent';
  return Object.fromEntries(names.map((name) => [name, state(name)]));
}

/** What this boot has so far, as far as it is wanted. */
export async function observeBoot(host: Host, wanted: WantedBoot): Promise<ObservedBoot> {
  const { files } = host;
  return {
    sysctls: Object.fromEntries(wanted.sysctls.map(({ key }) => [sysctlName(key), readSysctl(files, key)])),
    conflist: files.fact(PATHS.conflist).kind === 'absent' ? 'absent' : 'present',
    recordedBootId: files.read(PATHS.bootId)?.trim(),
    bootId: files.read(PATHS.kernelBootId)?.trim() ?? 'unknown',
    staleResults: staleResults(files),
    policies: wanted.forward.length === 0 ? [] : await observePolicies(host, wanted.forward),
    modules: moduleStates(
      files,
      wanted.modules.map(({ module }) => module),
    ),
  };
}

import { HostError } from '../errors/index.ts';
import {
  MODULES_OF_ANY_KERNEL,
  type ModuleState,
  PATHS,
  type Step,
  type WantedModule,
  wantedModules,
} from '../hostspec/index.ts';
import { followedFact, type ReadFiles } from '../sys/index.ts';
import type { Host } from './host.ts';

// A module with dependencies from a slow disk takes seconds; the ones we need have few.
const LOAD_MS = 30_000;

const BUILT_IN = 'modules.builtin';
const LOADABLE = 'modules.dep';

/** `kernel/drivers/net/veth.ko.zst: …` is `veth`; the kernel takes `-` and `_` for the same. */
function moduleNames(list: string): ReadonlySet<string> {
  return new Set(
    [...list.matchAll(/([^/\s]+)\.ko[.a-z0-9]*(?::|$)/gm)].map(([, name = '']) => name.replaceAll('-', '_')),
  );
}

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'] as const;

/** A hardened host forbids any further module, a small image has no program to load one. */
function canLoad(files: ReadFiles): boolean {
  if (files.read('/proc/sys/kernel/modules_disabled')?.trim() === '1') return false;
  return FOLDERS.some((folder) => ['file', 'link'].includes(files.fact(`${folder}/modprobe`).kind));
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

/** Where both kinds of iptables are, the older one has a name of its own; before there were two it was the only one. */
function hasLegacyIptables(files: ReadFiles): boolean {
  const has = (name: string): boolean =>
    FOLDERS.some((folder) => followedFact(files, `${folder}/${name}`).kind === 'file');
  return has('iptables-legacy-restore') || (has('iptables-restore') && !has('iptables-nft-restore'));
}

/** The modules that are asked of this kernel, and how it stands to them. */
export function kernelModules(files: ReadFiles): {
  readonly modules: readonly WantedModule[];
  readonly states: Readonly<Record<string, ModuleState>>;
} {
  const states = moduleStates(files, MODULES_OF_ANY_KERNEL);
  return { modules: wantedModules(states, hasLegacyIptables(files)), states };
}

/**
 * Loads a module. It stays: unloading veth would take the links of everybody's pods with it. One that is optional and
 * cannot be loaded is told through `onNote`.
 */
export async function loadModule(
  host: Host,
  step: Extract<Step, { readonly kind: 'load-module' }>,
  onNote: (note: string) => void,
): Promise<void> {
  try {
    await host.exec.run({ argv: ['modprobe', step.module], timeoutMs: LOAD_MS });
  } catch (error) {
    if (step.need === 'required' || !(error instanceof HostError)) throw error;
    onNote(`the kernel module ${step.module} could not be loaded: ${error.message}`);
  }
}

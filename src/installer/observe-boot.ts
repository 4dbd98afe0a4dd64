import { type ObservedBoot, PATHS, sysctlName, type WantedBoot } from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import { observePolicies } from './forward-policy.ts';
import type { Host } from './host.ts';
import { moduleStates } from './modules.ts';
import { readSysctl } from './observe.ts';

// What /proc/<pid>/stat counts in (USER_HZ), the same on every architecture.
const TICKS_PER_SECOND = 100;

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
    directories: wanted.directories.filter((path) => files.fact(path).kind !== 'absent'),
    modules: moduleStates(
      files,
      wanted.modules.map(({ module }) => module),
    ),
  };
}

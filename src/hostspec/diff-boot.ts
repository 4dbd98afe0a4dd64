import type { Settings } from '../config/index.ts';
import type { Plan } from './diff.ts';
import type { WantedModule } from './modules.ts';
import type { ModuleState, ObservedBoot } from './observed.ts';
import { PATHS } from './paths.ts';
import { forwardChain, type Step } from './step.ts';
import { sysctlName, type WantedSysctl, wantedValue } from './sysctl.ts';
import { AWS_NODE } from './takeover.ts';

/** What the kernel of a booted host must be told. */
export interface WantedBoot {
  readonly sysctls: readonly WantedSysctl[];
  readonly modules: readonly WantedModule[];
  /** The address families whose forwarded packets must pass. */
  readonly forward: readonly ('ipv4' | 'ipv6')[];
  /** Folders of /run that the daemon, which may not make any there, writes into. */
  readonly directories: readonly string[];
}

/** The folders that these settings ask for. Its readers run as root in pods: upstream makes it with the same mode. */
export function wantedDirectories(settings: Pick<Settings, 'ENABLE_GRPC_COMPAT'>): WantedBoot['directories'] {
  return settings.ENABLE_GRPC_COMPAT ? [AWS_NODE.directory] : [];
}

const DIRECTORY_MODE = 0o755;

/** What even a run that goes no further does: nothing of the kernel is asked for. */
export const NOTHING_OF_BOOT: WantedBoot = { sysctls: [], modules: [], forward: [], directories: [] };

function diffModules(wanted: readonly WantedModule[], states: Readonly<Record<string, ModuleState>>): Plan {
  const missing = wanted.filter(({ module, need }) => need === 'optional' && states[module] === 'absent');
  return {
    steps: wanted
      .filter(({ module }) => states[module] === 'loadable')
      .map(({ module, need }) => ({ kind: 'load-module', module, need }) as const),
    notes: missing.map(({ module, why }) => `the kernel module ${module} is not there and cannot be loaded: ${why}`),
  };
}

function diffPolicies(wanted: WantedBoot['forward'], observed: ObservedBoot): readonly Step[] {
  return observed.policies
    .filter(({ family, policy }) => wanted.includes(family) && policy !== 'ACCEPT')
    .toSorted((a, b) => forwardChain(a).localeCompare(forwardChain(b)))
    .map(({ family, backend, policy }) => {
      return { kind: 'set-forward-policy', family, backend, before: policy, policy: 'ACCEPT' } as const;
    });
}

/** The steps of one boot: what an earlier boot left is withdrawn, and the kernel is told what it forgot. */
export function diffBoot(wanted: WantedBoot, observed: ObservedBoot): Plan {
  const fresh = observed.recordedBootId !== observed.bootId;
  const path = PATHS.conflist;
  const reason = 'it is from an earlier boot, and the node would look ready before it is';
  const modules = diffModules(wanted.modules, observed.modules);
  const names = observed.staleResults;
  return {
    steps: [
      ...(fresh && observed.conflist === 'present' ? [{ kind: 'withdraw-conflist', path, reason } as const] : []),
      ...(fresh && names.length > 0 ? [{ kind: 'clear-directory', path: PATHS.cniResults, names } as const] : []),
      // Modules first: some sysctls are there only once their module is.
      ...modules.steps,
      ...wanted.sysctls.flatMap((sysctl): readonly Step[] => {
        const { key, need } = sysctl;
        const before = observed.sysctls[sysctlName(key)];
        const value = wantedValue(sysctl, before);
        if (before === value || (before === undefined && need === 'optional')) return [];
        return [{ kind: 'set-sysctl', key, before, value }];
      }),
      ...diffPolicies(wanted.forward, observed),
      ...wanted.directories
        .filter((directory) => !observed.directories.includes(directory))
        .map((directory) => ({ kind: 'make-directory', path: directory, mode: DIRECTORY_MODE }) as const),
      ...(fresh ? [{ kind: 'record-boot', path: PATHS.bootId, bootId: observed.bootId } as const] : []),
    ],
    notes: modules.notes,
  };
}

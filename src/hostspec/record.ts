import type { HostRecord, PendingEntry } from './parse-manifest.ts';
import { isInHome, PATHS } from './paths.ts';
import { forwardChain, type Step, stepTarget } from './step.ts';
import { sysctlName } from './sysctl.ts';

/** The folder of a boot's state goes as a whole, and by itself with the boot: nothing in it has to be noted. */
const isOfBoot = (path: string): boolean => `${path}/`.startsWith(`${PATHS.run}/`);

function pendingOf(step: Step, run: PendingEntry['run'], sha256Of: (text: string) => string): readonly PendingEntry[] {
  switch (step.kind) {
    case 'write-file':
      return [{ path: step.path, run, mode: step.mode, sha256: sha256Of(step.text) }];
    case 'copy-program':
      return [{ path: step.path, run, mode: step.mode, sha256: step.sha256 }];
    case 'make-link':
      return [{ path: step.path, run, target: step.target }];
    case 'save-foreign':
      return [{ path: step.to, run }];
    case 'write-manifest':
      return [{ path: step.path, run }];
    default:
      return [];
  }
}

/**
 * The record with what these steps are about to change. What it already knows is older, and stays. `run` is who does
 * it: its entries are pending until it is over.
 */
export function recordSteps(
  record: HostRecord,
  steps: readonly Step[],
  by: { readonly run: PendingEntry['run']; readonly sha256Of: (text: string) => string },
): HostRecord {
  const directories = new Set(record.directories);
  const files = new Set(record.files);
  const saved = new Map(record.saved.map((entry) => [entry.path, entry]));
  const sysctls = new Map(record.sysctls.map((entry) => [sysctlName(entry.key), entry]));
  const policies = new Map(record.policies.map((entry) => [forwardChain(entry), entry]));
  const noted = steps.filter((step) => !isOfBoot(stepTarget(step)));
  for (const step of noted) {
    if (step.kind === 'make-directory' && !isInHome(step.path)) directories.add(step.path);
    if ((step.kind === 'write-file' || step.kind === 'make-link') && !isInHome(step.path)) files.add(step.path);
    if (step.kind === 'save-foreign' && !saved.has(step.path)) {
      saved.set(step.path, { path: step.path, to: step.to });
    }
    if (step.kind === 'set-sysctl' && step.before !== undefined && !sysctls.has(sysctlName(step.key))) {
      sysctls.set(sysctlName(step.key), { key: step.key, value: step.before });
    }
    if (step.kind === 'set-forward-policy' && !policies.has(forwardChain(step))) {
      const { family, backend, before } = step;
      policies.set(forwardChain(step), { family, backend, policy: before });
    }
  }
  return {
    ...record,
    directories: [...directories],
    saved: [...saved.values()],
    sysctls: [...sysctls.values()],
    files: [...files],
    policies: [...policies.values()],
    pending: [...record.pending, ...noted.flatMap((step) => pendingOf(step, by.run, by.sha256Of))],
  };
}

/** The record once runs are over: nothing of them is pending any more. */
export function settleRuns(record: HostRecord, isOver: (run: PendingEntry['run']) => boolean): HostRecord {
  return { ...record, pending: record.pending.filter(({ run }) => !isOver(run)) };
}

import type { HostRecord } from './parse-manifest.ts';
import { PATHS } from './paths.ts';
import type { Step } from './step.ts';
import { sysctlName } from './sysctl.ts';

/** The record with what these steps are about to change. What it already knows is older, and stays. */
export function recordSteps(record: HostRecord, steps: readonly Step[]): HostRecord {
  const directories = new Set(record.directories);
  const saved = new Map(record.saved.map((entry) => [entry.path, entry]));
  const sysctls = new Map(record.sysctls.map((entry) => [sysctlName(entry.key), entry]));
  for (const step of steps) {
    if (step.kind === 'make-directory' && !`${step.path}/`.startsWith(`${PATHS.home}/`)) directories.add(step.path);
    if (step.kind === 'save-foreign' && !saved.has(step.path)) {
      saved.set(step.path, { path: step.path, to: step.to });
    }
    if (step.kind === 'set-sysctl' && step.before !== undefined && !sysctls.has(sysctlName(step.key))) {
      sysctls.set(sysctlName(step.key), { key: step.key, value: step.before });
    }
  }
  return {
    format: record.format,
    directories: [...directories],
    saved: [...saved.values()],
    sysctls: [...sysctls.values()],
  };
}

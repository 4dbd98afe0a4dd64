import { describeStep, forwardChain, type Step, sysctlName } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What the boot stage would do now; on a host that is as it should be, nothing. */
export type BootFacts =
  | {
      readonly kind: 'planned';
      readonly steps: readonly Step[];
      readonly problems: readonly { readonly code: string; readonly message: string }[];
    }
  | { readonly kind: 'unknown'; readonly reason: string };

function ofStep(step: Step): Finding {
  switch (step.kind) {
    case 'set-sysctl':
      return finding(
        'SYSCTL_WRONG',
        `${sysctlName(step.key)} is ${step.before === '' ? 'empty' : (step.before ?? 'not there')}, not ${step.value}`,
      );
    case 'set-forward-policy':
      return finding('FORWARD_DROPPED', `the policy of ${forwardChain(step)} is ${step.before}`);
    case 'load-module':
      return finding('MODULE_NOT_LOADED', `${step.module} is not loaded`);
    case 'withdraw-conflist':
      return finding('CONFLIST_STALE', `${step.path}: ${step.reason}`);
    case 'record-boot':
      return finding('BOOT_STAGE_NOT_RUN', `${step.path} does not name the boot ${step.bootId}`);
    default:
      // The other kinds are files, which say what they are about themselves.
      return finding('BOOT_STAGE_DUE', `it would ${describeStep(step)}`);
  }
}

/**
 * What the kernel was told at boot, and whether it still is so. `unheard`: that the metadata does not answer is told
 * already.
 */
export function diagnoseBoot(facts: BootFacts, unheard = false): readonly Finding[] {
  if (facts.kind === 'unknown') return [finding('CHECK_SKIPPED', `the boot stage: ${facts.reason}`)];
  return [
    ...facts.problems
      .filter(({ code }) => !(unheard && code.startsWith('IMDS_')))
      .map(({ code, message }) => finding('BOOT_STAGE_STOPPED', `${code}: ${message}`)),
    ...facts.steps.map(ofStep),
  ];
}

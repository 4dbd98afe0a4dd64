import type { FilterBackend, ForwardPolicy, Owner } from './observed.ts';
import { describeReload, type ReloadStep } from './reload-step.ts';
import { sysctlName } from './sysctl.ts';
import { diffText } from './text-diff.ts';

/** Who keeps the daemon running: systemd, or a small parent of our own where there is no systemd. */
export type Keeper = 'systemd' | 'supervisor';

/** One change of the host. `before` is what undoing it brings back. */
export type Step =
  | { readonly kind: 'make-directory'; readonly path: string; readonly mode: number }
  /** The content is right, who may do what with it is not. */
  | {
      readonly kind: 'set-mode';
      readonly path: string;
      readonly mode: number;
      readonly owner: Owner;
      readonly before: { readonly mode: number; readonly owner: Owner };
    }
  | {
      readonly kind: 'write-file';
      readonly path: string;
      readonly mode: number;
      readonly text: string;
      readonly before: { readonly text: string; readonly mode: number } | undefined;
    }
  | {
      readonly kind: 'copy-program';
      readonly path: string;
      readonly mode: number;
      readonly from: string;
      readonly size: number;
      readonly sha256: string;
      readonly before: 'absent' | 'different';
    }
  | {
      readonly kind: 'make-link';
      readonly path: string;
      readonly target: string;
      /** Target of the link it takes the place of. */
      readonly before: string | undefined;
      readonly over: 'nothing' | 'link' | 'file';
    }
  | { readonly kind: 'save-foreign'; readonly path: string; readonly to: string; readonly found: 'file' | 'link' }
  /** What a run that was killed did not clean up. */
  | { readonly kind: 'remove-leftover'; readonly path: string }
  /** A small file of ours that nothing asks for any more. */
  | { readonly kind: 'remove-file'; readonly path: string; readonly mode: number; readonly before: string }
  | { readonly kind: 'write-manifest'; readonly path: string }
  /** Gives the payload of a version another place as well, before a build of the same version takes this one. */
  | { readonly kind: 'keep-payload'; readonly path: string; readonly from: string }
  | { readonly kind: 'remove-payload'; readonly path: string }
  | { readonly kind: 'remove-link'; readonly path: string; readonly target: string }
  | { readonly kind: 'withdraw-conflist'; readonly path: string; readonly reason: string }
  | { readonly kind: 'record-boot'; readonly path: string; readonly bootId: string }
  | {
      readonly kind: 'set-sysctl';
      readonly key: readonly string[];
      readonly before: string | undefined;
      readonly value: string;
    }
  /** Removes these names of earlier boots from a directory that is not ours alone. */
  | { readonly kind: 'clear-directory'; readonly path: string; readonly names: readonly string[] }
  /** An `optional` one that cannot be loaded is told and nothing more. */
  | { readonly kind: 'load-module'; readonly module: string; readonly need: 'required' | 'optional' }
  | {
      readonly kind: 'set-forward-policy';
      readonly family: ForwardPolicy['family'];
      readonly backend: FilterBackend;
      readonly before: ForwardPolicy['policy'];
      readonly policy: ForwardPolicy['policy'];
    }
  | { readonly kind: 'reload-units'; readonly unit: string }
  | ReloadStep
  | { readonly kind: 'start-daemon'; readonly unit: string; readonly keeper: Keeper; readonly timeoutMs: number }
  | {
      readonly kind: 'restart-daemon';
      readonly unit: string;
      readonly keeper: Keeper;
      readonly timeoutMs: number;
      readonly reason: string;
    }
  /** `after` says whether it was us who started it just before. */
  | {
      readonly kind: 'await-ready';
      readonly socket: string;
      readonly keeper: Keeper;
      readonly after: 'start' | 'nothing';
      readonly timeoutMs: number;
    }
  | { readonly kind: 'await-conflist'; readonly path: string };

/** `iptables-nft FORWARD`: the chain for people. */
export function forwardChain(chain: Pick<ForwardPolicy, 'family' | 'backend'>): string {
  return `${chain.family === 'ipv4' ? 'iptables' : 'ip6tables'}-${chain.backend} FORWARD`;
}

/** The object a step is about, as one word. */
export function stepTarget(step: Step): string {
  switch (step.kind) {
    case 'set-sysctl':
      return sysctlName(step.key);
    case 'load-module':
      return step.module;
    case 'set-forward-policy':
      return forwardChain(step);
    case 'reload-program':
      return step.program;
    case 'reload-units':
    case 'start-daemon':
    case 'restart-daemon':
      return step.unit;
    case 'await-ready':
      return step.socket;
    default:
      return step.path;
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const right = (file: { readonly mode: number; readonly owner: Owner }): string =>
  `${octal(file.mode)} ${file.owner.uid}:${file.owner.gid}`;

function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** What a step does, in one line. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'make-directory':
      return `make directory ${step.path} (${octal(step.mode)})`;
    case 'write-file':
      return `${step.before === undefined ? 'write' : 'rewrite'} ${step.path} (${octal(step.mode)})`;
    case 'set-mode':
      return `set mode and owner of ${step.path} to ${right(step)} (is ${right(step.before)})`;
    case 'copy-program':
      return `${step.before === 'absent' ? 'copy' : 'replace'} ${step.path} from ${step.from} (${sizeText(step.size)}, sha256 ${step.sha256.slice(0, 12)}…)`;
    case 'make-link': {
      const old = step.before === undefined ? '' : `, instead of ${step.before}`;
      return `link ${step.path} → ${step.target}${old}`;
    }
    case 'save-foreign':
      return `save the ${step.found} ${step.path}, which is not ours, to ${step.to}; uninstall puts it back`;
    case 'remove-leftover':
      return `remove ${step.path}, left by a run that was interrupted`;
    case 'remove-file':
      return `remove ${step.path}, which no setting asks for any more`;
    case 'write-manifest':
      return `write the manifest ${step.path}`;
    case 'keep-payload':
      return `keep ${step.from} as ${step.path}, to go back to`;
    case 'remove-payload':
      return `remove ${step.path}, which is neither the current version nor the one before`;
    case 'remove-link':
      return `remove the link ${step.path} → ${step.target}`;
    case 'withdraw-conflist':
      return `withdraw ${step.path}: ${step.reason}`;
    case 'record-boot':
      return `note boot ${step.bootId} in ${step.path}`;
    case 'set-sysctl':
      return `set ${sysctlName(step.key)} = ${step.value}${step.before === undefined ? '' : ` (is ${step.before || 'empty'})`}`;
    case 'clear-directory':
      return `remove ${step.names.length} results of earlier boots from ${step.path}`;
    case 'load-module':
      return `load the kernel module ${step.module}`;
    case 'set-forward-policy':
      return `set the policy of ${forwardChain(step)} to ${step.policy} (is ${step.before})`;
    case 'reload-units':
      return 'make systemd read its unit files again';
    case 'reload-program':
      return describeReload(step);
    case 'start-daemon':
      return `start ${step.unit} ${step.keeper === 'systemd' ? 'with systemd' : 'as a supervised process: no systemd runs here'}`;
    case 'restart-daemon':
      return `restart ${step.unit}: ${step.reason}`;
    case 'await-ready':
      return `wait until ipamd answers ready on ${step.socket} (at most ${step.timeoutMs / 1000} s)`;
    case 'await-conflist':
      return `wait for ${step.path} and check it`;
    default:
      return step satisfies never;
  }
}

/** Which words of a file may be shown: one that not everybody may read, or might before, may hold credentials. */
function changeOf(step: Extract<Step, { readonly kind: 'write-file' }>): readonly string[] {
  const isSecret = [step.mode, step.before?.mode ?? step.mode].some((mode) => (mode & 0o004) === 0);
  return isSecret ? ['  (not shown: not everybody may read it)'] : diffText(step.before?.text ?? '', step.text);
}

/** The line of a step and, for text files, what changes in them. */
export function renderStep(step: Step): string {
  if (step.kind !== 'write-file') return describeStep(step);
  return [describeStep(step), ...changeOf(step).map((line) => `    ${line}`)].join('\n');
}

import { HostError } from '../errors/index.ts';
import type { DaemonState, ObservedBoot, ObservedEntry } from './observed.ts';
import { isOurLink, isOurText } from './owned.ts';
import { PATHS, UNIT_NAME } from './paths.ts';
import type { Keeper, Step } from './step.ts';
import { sysctlName, type WantedSysctl } from './sysctl.ts';
import type { WantedEntry } from './wanted.ts';

/** Steps, and what a reader should know although nothing is done about it. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

/** Whether what people changed by hand, and stock plugins of somebody else, are replaced. */
export type Foreign = 'keep' | 'replace';

const nothing: Plan = { steps: [], notes: [] };

/** Where a foreign object waits for uninstall: one flat name per path. */
function savedPath(path: string): string {
  return `${PATHS.saved}/${path.slice(1).replaceAll('/', '__')}`;
}

function inTheWay(path: string, observed: ObservedEntry): HostError {
  return new HostError('FILE_NOT_REGULAR', {
    path,
    found: observed.kind === 'directory' ? 'a directory' : observed.kind === 'link' ? 'a link' : 'a special file',
  });
}

function save(path: string, found: 'file' | 'link'): Step {
  return { kind: 'save-foreign', path, to: savedPath(path), found };
}

type Wanted<K extends WantedEntry['kind']> = Extract<WantedEntry, { readonly kind: K }>;

function diffLink(wanted: Wanted<'link'>, observed: ObservedEntry, foreign: Foreign): Plan {
  const { path, target } = wanted;
  const make = (over: 'nothing' | 'link' | 'file', before?: string): Step => ({
    kind: 'make-link',
    path,
    target,
    before,
    over,
  });
  switch (observed.kind) {
    case 'absent':
      return { steps: [make('nothing')], notes: [] };
    case 'link': {
      if (observed.target === target) return nothing;
      if (isOurLink(observed.target) || path === PATHS.current)
        return { steps: [make('link', observed.target)], notes: [] };
      break;
    }
    case 'file':
      break;
    case 'directory':
    case 'other':
      throw inTheWay(path, observed);
    default:
      return observed satisfies never;
  }
  if (wanted.rival === 'keep' && foreign === 'keep') {
    return { steps: [], notes: [`${path} is not ours and serves the same purpose: kept (--force replaces it)`] };
  }
  const before = observed.kind === 'link' ? observed.target : undefined;
  return { steps: [save(path, observed.kind), make(observed.kind, before)], notes: [] };
}

function diffFile(
  wanted: Wanted<'file'>,
  observed: ObservedEntry,
  hints: { readonly foreign: Foreign; readonly recorded: string | undefined },
): Plan {
  const { path, mode, text } = wanted;
  if (observed.kind === 'absent') {
    return { steps: [{ kind: 'write-file', path, mode, text, before: undefined }], notes: [] };
  }
  if (observed.kind !== 'file' || observed.text === undefined) throw inTheWay(path, observed);
  if (observed.text === text && observed.mode === mode) return nothing;
  const before = { text: observed.text, mode: observed.mode };
  const write: Step = { kind: 'write-file', path, mode, text, before };
  if (!isOurText(observed.text)) return { steps: [save(path, 'file'), write], notes: [] };
  const byHand = hints.recorded !== undefined && hints.recorded !== observed.sha256;
  if (byHand && hints.foreign === 'keep') {
    return { steps: [], notes: [`${path} was changed by hand: kept (--force replaces it)`] };
  }
  return { steps: [write], notes: [] };
}

function diffProgram({ path, mode, source }: Wanted<'program'>, observed: ObservedEntry): Plan {
  if (observed.kind !== 'absent' && observed.kind !== 'file') throw inTheWay(path, observed);
  if (observed.kind === 'file' && observed.sha256 === source.sha256 && observed.mode === mode) return nothing;
  const { from, size, sha256 } = source;
  const before = observed.kind === 'absent' ? 'absent' : 'different';
  return { steps: [{ kind: 'copy-program', path, mode, from, size, sha256, before }], notes: [] };
}

function diffEntry(
  wanted: WantedEntry,
  observed: ObservedEntry,
  hints: { readonly foreign: Foreign; readonly recorded: string | undefined },
): Plan {
  switch (wanted.kind) {
    case 'directory': {
      if (observed.kind === 'directory') return nothing;
      // A link to a directory is a choice of the distribution (/usr/bin, /opt): it is followed.
      if (observed.kind === 'link') return nothing;
      if (observed.kind !== 'absent') throw inTheWay(wanted.path, observed);
      return { steps: [{ kind: 'make-directory', path: wanted.path, mode: wanted.mode }], notes: [] };
    }
    case 'file':
      return diffFile(wanted, observed, hints);
    case 'program':
      return diffProgram(wanted, observed);
    case 'link':
      return diffLink(wanted, observed, hints.foreign);
    default:
      return wanted satisfies never;
  }
}

/** The steps that bring the files of the host to what is wanted. `recorded` holds checksums of what we wrote before. */
export function diffEntries(input: {
  readonly wanted: readonly WantedEntry[];
  readonly observed: ReadonlyMap<string, ObservedEntry>;
  readonly recorded: ReadonlyMap<string, string>;
  readonly foreign: Foreign;
}): Plan {
  const plans = input.wanted.map((wanted) =>
    diffEntry(wanted, input.observed.get(wanted.path) ?? { kind: 'absent' }, {
      foreign: input.foreign,
      recorded: input.recorded.get(wanted.path),
    }),
  );
  return { steps: plans.flatMap(({ steps }) => steps), notes: plans.flatMap(({ notes }) => notes) };
}

/** The steps of one boot: what an earlier boot left is withdrawn, and the kernel is told what it forgot. */
export function diffBoot(wanted: readonly WantedSysctl[], observed: ObservedBoot): Plan {
  const fresh = observed.recordedBootId !== observed.bootId;
  const path = PATHS.conflist;
  const reason = 'it is from an earlier boot, and the node would look ready before it is';
  return {
    steps: [
      ...(fresh && observed.conflist === 'present' ? [{ kind: 'withdraw-conflist', path, reason } as const] : []),
      ...wanted.flatMap(({ key, value, need }): readonly Step[] => {
        const before = observed.sysctls[sysctlName(key)];
        if (before === value || (before === undefined && need === 'optional')) return [];
        return [{ kind: 'set-sysctl', key, before, value }];
      }),
      ...(fresh ? [{ kind: 'record-boot', path: PATHS.bootId, bootId: observed.bootId } as const] : []),
    ],
    notes: [],
  };
}

/** Changes after which a running daemon is not the installed one any more. */
function needsRestart(step: Step): boolean {
  return (
    (step.kind === 'copy-program' && step.path.endsWith('/vpc-cni')) ||
    (step.kind === 'make-link' && step.path === PATHS.current) ||
    (step.kind === 'write-file' && step.path === PATHS.unit)
  );
}

/** The steps that make the daemon run what was installed, and the proof that it serves. */
export function diffDaemon(input: {
  readonly image: readonly Step[];
  readonly daemon: DaemonState;
  readonly conflist: 'absent' | 'present';
  readonly keeper: Keeper;
}): Plan {
  const { image, daemon, keeper } = input;
  const unit = UNIT_NAME;
  const units = image.some((step) => 'path' in step && (step.path === PATHS.unit || step.path === PATHS.unitEnabled));
  const reload: readonly Step[] = units && keeper === 'systemd' ? [{ kind: 'reload-units', unit }] : [];
  const restart = daemon !== 'absent' && image.some(needsRestart);
  const start: readonly Step[] = restart
    ? [{ kind: 'restart-daemon', unit, keeper, reason: 'what it runs has changed' }]
    : daemon === 'absent'
      ? [{ kind: 'start-daemon', unit, keeper }]
      : [];
  const serving = daemon === 'ready' && start.length === 0;
  const after = start.length > 0 ? 'start' : 'nothing';
  return {
    steps: [
      ...reload,
      ...start,
      ...(serving ? [] : [{ kind: 'await-ready', socket: PATHS.socket, after } as const]),
      ...(serving && input.conflist === 'present' ? [] : [{ kind: 'await-conflist', path: PATHS.conflist } as const]),
    ],
    notes: [],
  };
}

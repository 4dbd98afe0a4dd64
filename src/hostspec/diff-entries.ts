import { HostError } from '../errors/index.ts';
import type { Foreign, Plan } from './diff.ts';
import type { Known } from './known.ts';
import { isKnown } from './known.ts';
import { type ObservedEntry, type Owner, ROOT } from './observed.ts';
import { isOurLink, isOurText } from './owned.ts';
import { isInHome, isOwnPlace, PATHS } from './paths.ts';
import type { Step } from './step.ts';
import type { WantedEntry } from './wanted.ts';

type Wanted<K extends WantedEntry['kind']> = Extract<WantedEntry, { readonly kind: K }>;

/** What the decision over one path needs beside what is wanted and what stands there. */
interface Hints {
  readonly foreign: Foreign;
  /** What installed versions and unfinished runs wrote there. */
  readonly known: readonly Known[];
  /** Whether the first foreign object of this path is saved already: a later one was put there over ours. */
  readonly saved: boolean;
  readonly owner: Owner;
}

const nothing: Plan = { steps: [], notes: [] };
const steps = (...list: readonly Step[]): Plan => ({ steps: list, notes: [] });
const note = (text: string): Plan => ({ steps: [], notes: [text] });

/** Where a foreign object waits for uninstall: one flat name per path. */
function savedPath(path: string): string {
  return `${PATHS.saved}/${path.slice(1).replaceAll('/', '__')}`;
}

const SAYS = { directory: 'a directory', file: 'a file', link: 'a link', other: 'a special file' } as const;

function inTheWay(path: string, found: keyof typeof SAYS): HostError {
  return new HostError('FILE_NOT_REGULAR', { path, found: SAYS[found] });
}

function save(path: string, found: 'file' | 'link', hints: Hints): readonly Step[] {
  return hints.saved ? [] : [{ kind: 'save-foreign', path, to: savedPath(path), found }];
}

/** Reports whether what stands there is none of the things that we are known to have written there. */
function isByHand(observed: ObservedEntry, hints: Hints): boolean {
  return hints.known.length > 0 && !hints.known.some((known) => isKnown(observed, known));
}

const keptByHand = (path: string, what = 'was changed by hand'): Plan =>
  note(`${path} ${what}: kept (--force replaces it)`);

function diffLink({ path, target, rival }: Wanted<'link'>, observed: ObservedEntry, hints: Hints): Plan {
  if (observed.kind === 'absent') return steps({ kind: 'make-link', path, target, before: undefined, over: 'nothing' });
  if (observed.kind === 'directory' || observed.kind === 'other') throw inTheWay(path, observed.kind);
  if (observed.kind === 'link' && observed.target === target) return nothing;
  const before = observed.kind === 'link' ? observed.target : undefined;
  const make: Step = { kind: 'make-link', path, target, before, over: observed.kind };
  // Which version is current is for whoever installs to say, whatever it was before.
  if (observed.kind === 'link' && path === PATHS.current) return steps(make);
  if (isByHand(observed, hints)) return hints.foreign === 'keep' ? keptByHand(path) : steps(make);
  if (observed.kind === 'link' && isOurLink(observed.target)) return steps(make);
  if (rival === 'keep' && hints.foreign === 'keep')
    return note(`${path} is not ours and serves the same purpose: kept (--force replaces it)`);
  return steps(...save(path, observed.kind, hints), make);
}

/** Mode and owner of something whose content is right. */
function diffRight(
  { path, mode }: { readonly path: string; readonly mode: number },
  observed: Extract<ObservedEntry, { readonly owner: Owner }>,
  hints: Hints,
): Plan {
  const { owner } = hints;
  const before = { mode: observed.mode, owner: observed.owner };
  if (before.mode === mode && before.owner.uid === owner.uid && before.owner.gid === owner.gid) return nothing;
  if (isByHand(observed, hints) && hints.foreign === 'keep')
    return keptByHand(path, 'got another mode or owner by hand');
  return steps({ kind: 'set-mode', path, mode, owner, before });
}

function diffFile({ path, mode, text }: Wanted<'file'>, observed: ObservedEntry, hints: Hints): Plan {
  if (observed.kind === 'absent') return steps({ kind: 'write-file', path, mode, text, before: undefined });
  if (observed.kind !== 'file' || observed.text === undefined) throw inTheWay(path, observed.kind);
  if (observed.text === text) return diffRight({ path, mode }, observed, hints);
  const write: Step = { kind: 'write-file', path, mode, text, before: { text: observed.text, mode: observed.mode } };
  if (isByHand(observed, hints)) return hints.foreign === 'keep' ? keptByHand(path) : steps(write);
  if (!isOurText(observed.text) && !isOwnPlace(path)) return steps(...save(path, 'file', hints), write);
  return steps(write);
}

function diffProgram({ path, mode, source }: Wanted<'program'>, observed: ObservedEntry, hints: Hints): Plan {
  if (observed.kind !== 'absent' && observed.kind !== 'file') throw inTheWay(path, observed.kind);
  if (observed.kind === 'file' && observed.sha256 === source.sha256) return diffRight({ path, mode }, observed, hints);
  if (observed.kind === 'file' && isByHand(observed, hints) && hints.foreign === 'keep') return keptByHand(path);
  const { from, size, sha256 } = source;
  const before = observed.kind === 'absent' ? 'absent' : 'different';
  return steps({ kind: 'copy-program', path, mode, from, size, sha256, before });
}

function diffDirectory({ path, mode }: Wanted<'directory'>, observed: ObservedEntry, hints: Hints): Plan {
  switch (observed.kind) {
    case 'absent':
      return steps({ kind: 'make-directory', path, mode });
    case 'directory':
      // What is shared with others has the mode that they gave it.
      return isInHome(path) ? diffRight({ path, mode }, observed, hints) : nothing;
    case 'link':
      // A link to a directory is a choice of the distribution (/usr/bin, /opt): it is followed.
      return nothing;
    case 'file':
    case 'other':
      throw inTheWay(path, observed.kind);
    default:
      return observed satisfies never;
  }
}

function diffEntry(wanted: WantedEntry, observed: ObservedEntry, hints: Hints): Plan {
  switch (wanted.kind) {
    case 'directory':
      return diffDirectory(wanted, observed, hints);
    case 'file':
      return diffFile(wanted, observed, hints);
    case 'program':
      return diffProgram(wanted, observed, hints);
    case 'link':
      return diffLink(wanted, observed, hints);
    default:
      return wanted satisfies never;
  }
}

/**
 * The steps that bring the files of the host to what is wanted. `known` is what we are known to have written where;
 * `saved` are the paths whose first foreign object waits for uninstall.
 */
export function diffEntries(input: {
  readonly wanted: readonly WantedEntry[];
  readonly observed: ReadonlyMap<string, ObservedEntry>;
  readonly known: ReadonlyMap<string, readonly Known[]>;
  readonly saved: ReadonlySet<string>;
  readonly foreign: Foreign;
  readonly owner?: Owner;
}): Plan {
  const { foreign, owner = ROOT } = input;
  const plans = input.wanted.map((wanted) =>
    diffEntry(wanted, input.observed.get(wanted.path) ?? { kind: 'absent' }, {
      foreign,
      owner,
      known: input.known.get(wanted.path) ?? [],
      saved: input.saved.has(wanted.path),
    }),
  );
  return { steps: plans.flatMap((plan) => plan.steps), notes: plans.flatMap((plan) => plan.notes) };
}

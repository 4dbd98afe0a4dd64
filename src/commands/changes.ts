import { HostError } from '../errors/index.ts';
import type { CommandContext } from './command.ts';
import { interruptible } from './interrupt.ts';
import { countSteps } from './options.ts';
import { EXIT } from './report.ts';
import { createProgress, type StepProgress } from './step-progress.ts';

/** One change of the host as every command shows it; `text` is for people: one line, and for texts what changes in them. */
export interface Change {
  readonly kind: string;
  readonly target: string;
  readonly text: string;
}

/** What a dry run found. */
export interface PlannedChanges {
  readonly steps: readonly Change[];
  /** `Nothing to do: …`, for when there are no steps. */
  readonly nothing: string;
  readonly notes?: readonly string[];
  /** What only people are told beside the notes. */
  readonly asides?: readonly string[];
  /** What would stop it, and what it is called: `An installation`. */
  readonly problems?: readonly HostError[];
  readonly called?: string;
}

/** What was done. */
export interface DoneChanges {
  readonly steps: readonly (Change & { readonly ms: number })[];
  readonly nothing: string;
  readonly notes?: readonly string[];
  /** For people, behind the number of steps: `, 3 pods taken over`. */
  readonly also?: string;
  /** For people, after all is done. */
  readonly next?: string;
  /** Milliseconds of the whole, and of its stages by name. */
  readonly timings: { readonly total: number; readonly [stage: string]: number };
  /** More members of the JSON document. */
  readonly more?: Readonly<Record<string, unknown>>;
}

interface Options {
  readonly json?: true;
}

const changeOf = ({ kind, target }: Change): { readonly kind: string; readonly target: string } => ({ kind, target });
const noted = (notes: readonly string[]): readonly string[] => notes.map((note) => `note: ${note}`);

/** Prints what would be done. Exit code 3 when that is something. */
export function printPlanned(context: CommandContext, planned: PlannedChanges, options: Options): number {
  const { steps, nothing, notes = [], asides = [], problems = [], called = '' } = planned;
  const changed = steps.length > 0;
  if (options.json === true) {
    const document = { ok: true, dryRun: true, changed, changes: steps.map(changeOf), notes, problems };
    context.stdout(`${JSON.stringify(document)}\n`);
  } else {
    const head = changed ? `${countSteps(steps.length)} would be done:` : `${nothing}.`;
    const lines = steps.map(({ text }) => `  ${text.replaceAll('\n', '\n  ')}`);
    const stops = problems.map(
      ({ code, message, remedy }) => `${called} would stop here, before any change:\n${code}: ${message}\n→ ${remedy}`,
    );
    context.stdout([head, ...lines, ...noted([...asides, ...notes]), ...stops, ''].join('\n'));
  }
  return changed ? EXIT.found : EXIT.done;
}

/** `1204 ms: plan 80, image 640, …`: stages that took no time are left out. */
function describeTimings({ total, ...stages }: DoneChanges['timings']): string {
  const named = Object.entries(stages).filter(([, ms]) => ms > 0);
  const parts = named.map(([stage, ms]) => `${stage} ${ms}`).join(', ');
  return `${total} ms${parts === '' ? '' : `: ${parts}`}`;
}

function printDone(context: CommandContext, done: DoneChanges, options: Options): void {
  const { steps, nothing, notes = [], also = '', next, timings, more } = done;
  const changed = steps.length > 0;
  if (options.json === true) {
    const named = steps.map((step) => ({ name: `${step.kind} ${step.target}`, ...changeOf(step), ms: step.ms }));
    const document = { ok: true, changed, changes: steps.map(changeOf), steps: named, notes, ...more, timings };
    context.stdout(`${JSON.stringify({ ...document, ms: timings.total })}\n`);
    return;
  }
  const head = changed ? `Done: ${countSteps(steps.length)}${also}` : nothing;
  const lines = [...noted(notes), `${head} (${describeTimings(timings)}).`, ...(changed && next ? [next] : [])];
  context.stdout(`${lines.join('\n')}\n`);
}

/**
 * Does the work, telling its steps as they go, then prints what was done. `before` is what goes on before the first step; a
 * signal ends the work as a failure does.
 */
export async function carryOut(
  context: CommandContext,
  options: Options & { readonly before?: string },
  work: (progress: StepProgress) => Promise<DoneChanges>,
): Promise<number> {
  const { before = 'looking at this host' } = options;
  const progress = interruptible(createProgress(context, { ...options, before }));
  try {
    printDone(context, await work(progress), options);
    return EXIT.done;
  } finally {
    progress.end();
  }
}

/** Throws `NOT_ROOT` unless root calls. `what` says what is asked for and why that takes root. */
export function requireRoot(what: string): void {
  const uid = process.getuid?.();
  if (uid !== 0) throw new HostError('NOT_ROOT', { what, uid });
}

/** Throws `NOT_COMPILED` when run from source: the compiled program's entry lies in its own file system. */
export function requireCompiled(context: CommandContext): void {
  if (!Bun.main.startsWith('/$bunfs/')) throw new HostError('NOT_COMPILED', { executable: context.executable });
}

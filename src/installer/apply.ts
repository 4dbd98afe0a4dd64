import { dirname } from 'node:path/posix';
import { HostError, toHostError } from '../errors/index.ts';
import {
  describeStep,
  PATHS,
  recordSteps,
  renderDocument,
  type Step,
  settleRuns,
  type WantedEntry,
} from '../hostspec/index.ts';
import { errnoCode, identifyProcess, isAlive, letSignalsIn, type ProcessId } from '../sys/index.ts';
import { applyStep, putInPlace, type StepContext } from './apply-step.ts';
import type { Host } from './host.ts';
import { renderInstalled } from './manifest.ts';
import { readRecord, sha256Text } from './observe.ts';
import { createUndoStack, type Undo, type UndoStack } from './undo.ts';

/** What a reader of an installation wants to see while it goes on. */
export interface Progress {
  readonly started: (step: Step) => void;
  readonly finished: (step: Step, ms: number) => void;
  /** Why the step under way takes longer; called often. */
  readonly waiting: (reason: string) => void;
}

/** A step that was done, with its duration. */
export interface DoneStep {
  readonly step: Step;
  readonly ms: number;
}

/** Steps that were done and how to take them back; whoever gets it settles it once nothing can fail any more. */
export interface Applied {
  readonly done: readonly DoneStep[];
  readonly notes: readonly string[];
  readonly undo: UndoStack;
}

const RECORD_MODE = 0o644;

/** The run that this process is. */
function thisRun(): ProcessId {
  return identifyProcess(process.pid) ?? { pid: process.pid, startTime: '' };
}

/** What must be given back is written down before anything is changed, so that a run killed anywhere can be undone. */
function writeRecord(host: Host, steps: readonly Step[], undo: UndoStack): void {
  const { files } = host;
  const run = thisRun();
  const record = readRecord(files);
  const text = renderDocument(recordSteps(record, steps, { run, sha256Of: sha256Text }));
  const isOver = (other: ProcessId): boolean => other.pid === run.pid || !isAlive(other);
  if (text === renderDocument(record) && !record.pending.some((entry) => isOver(entry.run))) return;
  for (const path of [dirname(PATHS.home), PATHS.home]) {
    if (files.fact(path).kind !== 'absent') continue;
    undo.push({ kind: 'undo', run: () => files.remove(path) });
    files.ensureDirectory(path, 0o755);
  }
  const put = (content: string): void => files.replace({ path: PATHS.record, text: content, mode: RECORD_MODE });
  const settle = (): void => put(renderDocument(settleRuns(readRecord(files), isOver)));
  const placed = putInPlace(host, PATHS.record, () => put(text));
  undo.push({
    kind: 'undo',
    after: 'all-else',
    // Another run, such as the boot stage of the unit we started, may have noted something meanwhile.
    run: () => (files.read(PATHS.record) === text ? placed.run() : settle()),
    settle: () => {
      settle();
      placed.settle?.();
    },
  });
}

const isReadOnly = (error: unknown): boolean => error instanceof HostError && errnoCode(error.cause) === 'EROFS';

/**
 * Writes the record, or says that it cannot be: an image whose /opt is mounted read-only must boot all the same, and
 * nothing of ours can be taken off it anyway.
 */
function noteRecord(
  host: Host,
  steps: readonly Step[],
  undo: UndoStack,
  record: 'required' | 'if-writable',
): readonly string[] {
  try {
    writeRecord(host, steps, undo);
    return [];
  } catch (error) {
    if (record === 'required' || !isReadOnly(error)) throw error;
    return [`${PATHS.record} can only be read: uninstall will not give back what this boot changes`];
  }
}

/** Carries out one step, and gives its undo to `keep` before anybody is told. */
async function applyTold(
  context: StepContext,
  step: Step,
  { progress, keep }: { readonly progress: Progress; readonly keep: (undo: Undo) => void },
): Promise<DoneStep> {
  const { clock } = context.host;
  await letSignalsIn();
  progress.started(step);
  const start = clock.monotonic();
  keep(await applyStep(context, step));
  const ms = Math.round(clock.monotonic() - start);
  progress.finished(step, ms);
  return { step, ms };
}

/**
 * Carries out file and kernel steps in order. When one fails, those before it are taken back, and the error says which
 * step failed, why, and what could not be taken back.
 */
export async function applySteps(
  input: {
    readonly host: Host;
    readonly version: string;
    readonly wanted: readonly WantedEntry[];
    /** Programs that somebody changed by hand and that stay as they are. */
    readonly kept?: ReadonlySet<string>;
    readonly steps: readonly Step[];
    /** Whether what is to be given back must be written down first, which is so unless told. */
    readonly record?: 'required' | 'if-writable';
  },
  progress: Progress,
): Promise<Applied> {
  const { host, version, wanted, steps, kept = new Set(), record = 'required' } = input;
  const notes: string[] = [];
  const context: StepContext = {
    host,
    renderManifest: () => renderInstalled(host, { version, wanted, kept }),
    onReason: progress.waiting,
    onNote: (note) => notes.push(note),
  };
  const undo = createUndoStack();
  const done: DoneStep[] = [];
  let current: Step | undefined;
  try {
    notes.push(...noteRecord(host, steps, undo, record));
    for (const step of steps) {
      current = step;
      done.push(await applyTold(context, step, { progress, keep: undo.push }));
    }
  } catch (error) {
    throw incomplete({ step: current, error, remains: await undo.takeBack() });
  }
  return { done, notes, undo };
}

/** What is left of a run that was taken back, as words for its failure. */
export function takenBack(remains: readonly string[]): string {
  return remains.length === 0
    ? 'everything before it was taken back, nothing of this run is left'
    : `taken back, except ${remains.join(', ')}`;
}

function incomplete(input: {
  readonly step: Step | undefined;
  readonly error: unknown;
  readonly remains: readonly string[];
}): HostError {
  const cause = toHostError(input.error);
  const step = input.step === undefined ? 'write down what is about to change' : describeStep(input.step);
  const state = takenBack(input.remains);
  return new HostError('INSTALL_INCOMPLETE', { step, cause: cause.code, reason: cause.message, state }, cause);
}

/** Carries out steps that nobody takes back: those before the one that fails stay done. */
export async function applyForGood(
  { host, steps }: { readonly host: Host; readonly steps: readonly Step[] },
  progress: Progress,
): Promise<readonly DoneStep[]> {
  const context = { host, renderManifest: () => '', onReason: progress.waiting, onNote: () => undefined };
  const done: DoneStep[] = [];
  for (const step of steps) done.push(await applyTold(context, step, { progress, keep: () => undefined }));
  return done;
}

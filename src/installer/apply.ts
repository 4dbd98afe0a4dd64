import { dirname } from 'node:path/posix';
import { HostError, toHostError } from '../errors/index.ts';
import { describeStep, PATHS, recordSteps, renderDocument, type Step, type WantedEntry } from '../hostspec/index.ts';
import { applyStep, type StepContext, type Undo } from './apply-step.ts';
import type { Host } from './host.ts';
import { renderInstalled } from './manifest.ts';
import { readRecord } from './observe.ts';

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

/** What must be given back is written down before anything is changed, so that a run killed anywhere can be undone. */
function writeRecord(host: Host, steps: readonly Step[], undos: Undo[]): void {
  const { files } = host;
  const record = readRecord(files);
  const text = renderDocument(recordSteps(record, steps));
  if (text === renderDocument(record)) return;
  const before = files.read(PATHS.record);
  for (const path of [dirname(PATHS.home), PATHS.home]) {
    if (files.fact(path).kind !== 'absent') continue;
    undos.push({ kind: 'undo', run: () => files.remove(path) });
    files.ensureDirectory(path, 0o755);
  }
  undos.push({
    kind: 'undo',
    run: () =>
      before === undefined
        ? files.remove(PATHS.record)
        : files.replace({ path: PATHS.record, text: before, mode: 0o644 }),
  });
  files.replace({ path: PATHS.record, text, mode: 0o644 });
}

/** Takes steps back, last first; returns what stays. */
function takeBack(undos: readonly Undo[]): readonly string[] {
  return undos.toReversed().flatMap((item): readonly string[] => {
    if (item.kind === 'remains') return [item.what];
    try {
      if (item.kind === 'undo') item.run();
      return [];
    } catch (error) {
      return [`(${toHostError(error).message})`];
    }
  });
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
    readonly steps: readonly Step[];
  },
  progress: Progress,
): Promise<readonly DoneStep[]> {
  const { host, version, wanted, steps } = input;
  const context: StepContext = {
    host,
    renderManifest: () => renderInstalled(host, version, wanted),
    saved: new Map(steps.flatMap((step) => (step.kind === 'save-foreign' ? [[step.path, step.to] as const] : []))),
    onReason: progress.waiting,
  };
  const undos: Undo[] = [];
  const done: DoneStep[] = [];
  let current: Step | undefined;
  try {
    writeRecord(host, steps, undos);
    for (const step of steps) {
      current = step;
      progress.started(step);
      const start = host.clock.monotonic();
      undos.push(await applyStep(context, step));
      const ms = Math.round(host.clock.monotonic() - start);
      progress.finished(step, ms);
      done.push({ step, ms });
    }
  } catch (error) {
    throw incomplete({ step: current, error, remains: takeBack(undos) });
  }
  return done;
}

function incomplete(input: {
  readonly step: Step | undefined;
  readonly error: unknown;
  readonly remains: readonly string[];
}): HostError {
  const cause = toHostError(input.error);
  const step = input.step === undefined ? 'write down what is about to change' : describeStep(input.step);
  const state =
    input.remains.length === 0
      ? 'everything before it was taken back, nothing of this run is left'
      : `taken back, except ${input.remains.join(', ')}`;
  return new HostError('INSTALL_INCOMPLETE', { step, cause: cause.code, reason: cause.message, state }, cause);
}

/** Carries out the steps of the daemon. The files stay when one fails: the keeper goes on trying. */
export async function applyDaemonSteps(
  input: { readonly host: Host; readonly steps: readonly Step[] },
  progress: Progress,
): Promise<readonly DoneStep[]> {
  const { host, steps } = input;
  const done: DoneStep[] = [];
  for (const step of steps) {
    progress.started(step);
    const start = host.clock.monotonic();
    await applyStep({ host, renderManifest: () => '', saved: new Map(), onReason: progress.waiting }, step);
    const ms = Math.round(host.clock.monotonic() - start);
    progress.finished(step, ms);
    done.push({ step, ms });
  }
  return done;
}

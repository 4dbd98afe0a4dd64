import { describeRemoval, type RemovalStep, removalTarget } from '../hostspec/index.ts';
import type { DoneRemoval } from '../installer/index.ts';
import { type Change, carryOut, printPlanned } from './changes.ts';
import type { CommandContext } from './command.ts';

const changeOf = (step: RemovalStep): Change => ({
  kind: step.kind,
  target: removalTarget(step),
  text: describeRemoval(step),
});

/** Shows or does what takes ours away: `plan` is for a dry run, `work` for all else. */
export async function runRemoval(
  context: CommandContext,
  options: { readonly dryRun?: true; readonly json?: true },
  removal: {
    readonly plan: () => Promise<readonly RemovalStep[]>;
    readonly work: (progress: {
      readonly started: (step: RemovalStep) => void;
      readonly finished: (step: RemovalStep, ms: number) => void;
    }) => Promise<readonly DoneRemoval[]>;
    readonly nothing: string;
    readonly next?: string;
  },
): Promise<number> {
  const { plan, work, nothing, next } = removal;
  if (options.dryRun === true) {
    const steps = (await plan()).map(changeOf);
    return printPlanned(context, { steps, nothing }, options);
  }
  return await carryOut(context, options, async (progress) => {
    const begin = performance.now();
    const done = await work({
      started: (step) => progress.started(describeRemoval(step)),
      finished: (step, ms) => progress.finished(describeRemoval(step), ms),
    });
    const steps = done.map(({ step, ms }) => ({ ...changeOf(step), ms }));
    const timings = { total: Math.round(performance.now() - begin) };
    return { steps, nothing, timings, ...(next === undefined ? {} : { next }) };
  });
}

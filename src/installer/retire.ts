import { toHostError } from '../errors/index.ts';
import { describeStep, type Step } from '../hostspec/index.ts';
import { applyForGood, type DoneStep, type Progress } from './apply.ts';
import type { Host } from './host.ts';

/** What was removed, and what could not be. */
export interface Retired {
  readonly done: readonly DoneStep[];
  readonly notes: readonly string[];
}

/** Removes what nobody needs any more. What cannot be removed is told and no failure: the version that is wanted serves. */
export async function retire(host: Host, steps: readonly Step[], progress: Progress): Promise<Retired> {
  const done: DoneStep[] = [];
  const notes: string[] = [];
  for (const step of steps) {
    try {
      done.push(...(await applyForGood({ host, steps: [step] }, progress)));
    } catch (error) {
      notes.push(`could not ${describeStep(step)}: ${toHostError(error).message}`);
    }
  }
  return { done, notes };
}

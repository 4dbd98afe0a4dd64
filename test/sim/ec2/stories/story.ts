import type { SimEni, SimInstance, SimVpc } from '../../../../src/sim/model/index.ts';
import type { StoryStage } from './stage.ts';

/** Elements that differ from EC2's documented example, by the reason; `+` is ours alone, `-` the example's alone. */
export type Differences = Readonly<Record<string, readonly string[]>>;

/** One request of a story. */
export interface Step {
  /** EC2's name of the action. */
  readonly action: string;
  /** The input under the names that SDK and CLI share. */
  readonly input: (stage: StoryStage) => object;
  /** Milliseconds that pass when it is answered, so that what it started ends. */
  readonly passing?: number;
  readonly differences?: Differences;
}

/** Requests that build on each other. Every action is asked for in one story or another. */
export interface Story {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Why elements are ours alone. */
export const NEWER = 'EC2 answers it, but the example is older or leaves it out';
/** Why elements are the example's alone. */
export const NO_PUBLIC = 'the simulator has no public addresses';
export const NO_DISKS = 'the simulator has no disks, key pairs, roles or processors';
export const NO_TAGS_THERE = 'the example has no tags';
/** Why elements are the service model's alone. */
export const NO_SUCH_THING = 'the simulator has no such thing';
export const NOT_IN_STORY = 'what the story asks for has none';

/** The last ENI that was made. */
export function lastEni(vpc: SimVpc): SimEni {
  return need(vpc.enis().at(-1));
}

/** The last instance that was launched. */
export function lastInstance(vpc: SimVpc): SimInstance {
  return need(vpc.instances().at(-1));
}

/** The value, which must be there. */
export function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the story expects something that is not there');
  return value;
}

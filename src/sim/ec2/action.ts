import type { SimInstance, SimVpc, VpcView } from '../model/index.ts';
import type { DoneTokens } from './done-tokens.ts';
import type { Launches } from './launches.ts';
import type { Parameters } from './parameters.ts';
import type { Xml } from './xml.ts';

/** What an action works on. */
export interface ActionContext {
  readonly vpc: SimVpc;
  /** Runs `then` after `ms`, outside the answer: an attach goes on when its call has long been answered. */
  readonly later: (ms: number, then: () => void) => void;
  readonly attachMs: number;
  readonly detachMs: number;
  /** Brings an instance that was begun to its end, outside the answer. */
  readonly launch: (instance: SimInstance) => void;
  readonly terminate: (instance: SimInstance) => void;
  readonly launches: Launches;
  readonly disassociations: DoneTokens;
}

/**
 * One EC2 action in two steps: read every parameter, then do it. Nothing has happened before the second. What tells which
 * ENIs there are reads them from `seen`, because EC2's answers may lag behind the VPC.
 */
export type Action = (parameters: Parameters, context: ActionContext) => (seen: VpcView) => Xml;

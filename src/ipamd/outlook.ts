import type { OutlookAction, OutlookDocument } from '../cniproto/index.ts';
import { decide, kindsOf, type Owner, type PoolAction, viewWith } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import { laneOf } from './lane-holds.ts';
import type { Node } from './parts.ts';
import { growingRefusal } from './refusal.ts';

/** A pod that nobody runs: asked for to see what it would get. */
const NEXT_POD: Owner = {
  network: 'outlook',
  containerId: 'next-pod',
  ifName: 'eth0',
  podNamespace: undefined,
  podName: undefined,
};

function outlookAction(action: PoolAction): OutlookAction {
  switch (action.kind) {
    case 'assign':
      return { kind: action.kind, eni: action.eniId, unit: action.unit, count: action.count };
    case 'create-eni':
      return { kind: action.kind, eni: null, unit: action.unit, count: action.count };
    case 'unassign':
      return { kind: action.kind, eni: action.eniId, unit: null, count: action.cidrs.length };
    case 'delete-eni':
      return { kind: action.kind, eni: action.eniId, unit: null, count: null };
    default:
      return action satisfies never;
  }
}

/** What is due now, what holds it back, and what would follow one pod more. Changes nothing. */
export function outlookDocument(
  engine: Engine,
  node: Pick<Node, 'clock' | 'limits' | 'targets' | 'identity'>,
): OutlookDocument {
  const { pool, holds, waiting } = engine;
  pool.endCooldowns(node.clock.monotonic());
  const input = { ...engine.decideInput(), holds: { growthUntilMs: 0, shrinkUntilMs: 0 } };
  const now = decide(input).actions;
  const lane = now[0] === undefined ? undefined : laneOf(now[0]);
  const forMs = lane === undefined ? 0 : Math.ceil(holds.untils[`${lane}UntilMs`] - input.nowMs);
  const held = lane === undefined || forMs <= 0 ? null : { lane, forMs, code: holds.failureOf(lane)?.code ?? null };
  const common = { now: now.map(outlookAction), held };
  const cards = node.limits.cards.map(({ card }) => card);
  // Those that wait come first.
  const choice =
    waiting > 0 ? undefined : pool.choose({ owner: NEXT_POD, since: 0n, kinds: kindsOf(node.targets.mode), cards });
  if (choice?.kind === 'new') {
    const { address } = choice.event;
    const { actions } = decide({ ...input, view: viewWith(pool, choice.event) });
    const eni = pool.eniOf(address)?.id ?? null;
    return { ...common, next: { address, eni, refusal: null, actions: actions.map(outlookAction) } };
  }
  const { code, message, remedy } = engine.refusal() ?? growingRefusal(node, pool, holds.failureOf('growth'));
  const { actions } = decide({ ...input, waiting: waiting + 1 });
  return {
    ...common,
    next: { address: null, eni: null, refusal: { code, message, remedy }, actions: actions.map(outlookAction) },
  };
}

import {
  addressIn,
  type DecideInput,
  decide,
  type PodAddress,
  Pool,
  type PoolAction,
} from '../../../src/pool/index.ts';
import { facts, input, owner, prefix, T3_SMALL, TARGETS } from '../model/sample.ts';

export const OLD = 3_600_000;
export const range = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => from + n);

export function pool(...cidrs: readonly (readonly string[])[]): Pool {
  const made = new Pool();
  cidrs.forEach((held, device) => {
    made.putEni(facts(device));
    made.addCidrs(`eni-0-${device}`, held);
  });
  return made;
}
export function assign(held: Pool, ...addresses: readonly PodAddress[]): Pool {
  for (const each of addresses) held.apply({ kind: 'assigned', address: each, owner: owner(each), since: 1n });
  return held;
}
export function rest(held: Pool, untilMs: number, ...addresses: readonly PodAddress[]): Pool {
  assign(held, ...addresses);
  for (const each of addresses) for (const event of held.release(owner(each), untilMs)) held.apply(event);
  return held;
}
export const show = (action: PoolAction): string => {
  switch (action.kind) {
    case 'assign':
      return `+${action.count} ${action.unit} on ${action.eniId}`;
    case 'create-eni':
      return `new ${action.card}-${action.device} with ${action.count} ${action.unit}`;
    case 'unassign':
      return `-${action.cidrs.join(' ')} of ${action.eniId}`;
    case 'delete-eni':
      return `delete ${action.eniId}`;
    default:
      return action satisfies never;
  }
};
export type Change = Partial<Omit<DecideInput, 'targets' | 'limits'>> & {
  readonly targets?: Partial<DecideInput['targets']>;
  readonly limits?: Partial<DecideInput['limits']>;
};
export const given = (held: Pool, { targets, limits, ...change }: Change): DecideInput =>
  input(held, { limits: { ...T3_SMALL, ...limits }, targets: { ...TARGETS, ...targets } }, { nowMs: OLD, ...change });
export const plan = (held: Pool, change: Change = {}): string =>
  decide(given(held, change)).actions.map(show).join(', ');

/** Prefixes, one of them warm. */
export const PD = { mode: 'prefix', warmPrefix: 1 } as const;
export const pdAddress = (n: number): PodAddress => addressIn(prefix(0), n);

import type { IpAddress } from '../addr/index.ts';
import { PRIORITY } from './owned.ts';
import { rulesOfAddress } from './pod.ts';
import { ruleKey } from './rule-key.ts';
import type { ForeignRule, Rule, Step } from './types.ts';

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;

const POD_PRIORITIES: ReadonlySet<number> = new Set([PRIORITY.toPod, PRIORITY.fromPod]);

/** What makes rules of another CNI plugin ours: first all that is added, later all that is removed. */
export interface ForeignRuleSteps {
  readonly add: readonly StepOf<'add-rule'>[];
  readonly remove: readonly (StepOf<'remove-rule'> | StepOf<'remove-foreign-rule'>)[];
}

/**
 * The steps after which every wanted rule is there once, as ours. The kernel finds a rule to be removed by its selectors
 * and, where its maker gave no protocol number, takes the first of equal ones: so a fresh one of ours goes behind all of
 * them before those in front are removed, ours first. No packet meets a moment without the rule.
 */
export function foreignRuleSteps(input: {
  readonly wanted: readonly Rule[];
  readonly own: readonly Rule[];
  readonly foreign: readonly ForeignRule[];
  readonly idle: readonly IpAddress[];
}): ForeignRuleSteps {
  const { wanted, own, foreign, idle } = input;
  const wantedKeys = new Set(wanted.map(ruleKey));
  const ownKeys = new Set(own.map(ruleKey));
  const twins = foreign.filter(({ rule }) => wantedKeys.has(ruleKey(rule)));
  const taken = [...new Map(twins.map(({ rule }) => [ruleKey(rule), rule])).values()];
  // Of an address that has a pod, or will have one: whatever it says, ours says it now.
  const addresses = [...idle, ...wanted.flatMap(addressesOf)];
  const stale = foreign.filter(
    ({ rule }) =>
      POD_PRIORITIES.has(rule.priority) &&
      !wantedKeys.has(ruleKey(rule)) &&
      addresses.some((address) => rulesOfAddress(address, [rule]).length > 0),
  );
  return {
    add: taken.map((rule) => ({ kind: 'add-rule', rule, beside: true })),
    remove: [
      ...taken.filter((rule) => ownKeys.has(ruleKey(rule))).map((rule) => ({ kind: 'remove-rule', rule }) as const),
      ...[...twins, ...stale].map(({ rule, protocol }) => ({ kind: 'remove-foreign-rule', rule, protocol }) as const),
    ],
  };
}

/** The pod addresses a rule of ours speaks of. */
function addressesOf({ priority, from, to }: Rule): readonly IpAddress[] {
  if (!POD_PRIORITIES.has(priority)) return [];
  return [from, to].flatMap((cidr) => (cidr === undefined ? [] : [cidr.address]));
}

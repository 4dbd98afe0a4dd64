import { anywhere, type IpFamily, isIpv6Cidr } from '../addr/index.ts';
import { KERNEL_PROTOCOL, LOCAL_TABLE, PRIORITY } from './owned.ts';
import { ruleKey } from './rule-key.ts';
import type { ForeignRule, Rule, Step } from './types.ts';

/** The rule by which the host looks for its own addresses. */
export function localRule(family: IpFamily, priority: number): Rule {
  const from = family === 'ipv6' ? { from: anywhere(family) } : {};
  return { priority, ...from, table: LOCAL_TABLE };
}

const familyOfRule = ({ from }: Rule): IpFamily => (from !== undefined && isIpv6Cidr(from) ? 'ipv6' : 'ipv4');
const isLocalRule = (rule: Rule, priority: number): boolean =>
  ruleKey(rule) === ruleKey(localRule(familyOfRule(rule), priority));

/**
 * The steps about the kernel's own first rule: it goes where ours stands for it, and comes back, as the kernel's, before
 * ours goes. The host is never without either: it would hear nothing any more.
 */
export function localRuleSteps(input: {
  readonly wanted: readonly Rule[];
  readonly own: readonly Rule[];
  readonly foreign: readonly ForeignRule[];
}): { readonly add: readonly Step[]; readonly remove: readonly Step[] } {
  const last = (rules: readonly Rule[]): readonly IpFamily[] =>
    rules.filter((rule) => isLocalRule(rule, PRIORITY.localBehindBranches)).map(familyOfRule);
  const first = input.foreign.filter(({ rule }) => isLocalRule(rule, PRIORITY.first));
  const wanted = last(input.wanted);
  const isFirst = new Set(first.map(({ rule }) => familyOfRule(rule)));
  return {
    add: last(input.own)
      .filter((family) => !wanted.includes(family) && !isFirst.has(family))
      .map((family) => ({ kind: 'add-rule', rule: localRule(family, PRIORITY.first), protocol: KERNEL_PROTOCOL })),
    remove: first
      .filter(({ rule }) => wanted.includes(familyOfRule(rule)))
      .map(({ rule, protocol }) => ({ kind: 'remove-foreign-rule', rule, protocol })),
  };
}

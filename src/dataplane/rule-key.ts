import { formatCidr, type Ipv4Cidr } from '../addr/index.ts';
import type { Rule } from './types.ts';

// The kernel keeps a selector of length zero as no selector at all.
const selector = (cidr: Ipv4Cidr | undefined): string | undefined =>
  cidr === undefined || cidr.prefixLength === 0 ? undefined : formatCidr(cidr);

/** The identity of a rule: all of it. The kernel keeps two rules apart that differ in any part. */
export function ruleKey(rule: Rule): string {
  const from = selector(rule.from) ?? 'all';
  const to = selector(rule.to) === undefined ? '' : ` to ${selector(rule.to)}`;
  const mark = rule.mark === undefined ? '' : ` fwmark ${rule.mark.value}/${rule.mark.mask}`;
  return `${rule.priority}: from ${from}${to}${mark} lookup ${rule.table}`;
}

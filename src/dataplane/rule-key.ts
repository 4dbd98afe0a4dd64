import { formatCidr, type IpCidr, isIpv6Cidr } from '../addr/index.ts';
import type { Rule } from './types.ts';

// The kernel keeps a selector of length zero as no selector at all.
const selector = (cidr: IpCidr | undefined): string | undefined =>
  cidr === undefined || cidr.prefixLength === 0 ? undefined : formatCidr(cidr);

/** The identity of a rule: all of it. The kernel keeps two rules apart that differ in any part. */
export function ruleKey(rule: Rule): string {
  const destination = selector(rule.to);
  const ipv6 = [rule.from, rule.to].some((cidr) => cidr !== undefined && isIpv6Cidr(cidr));
  // Without a destination nothing else tells the families apart.
  const from = selector(rule.from) ?? (ipv6 && destination === undefined ? '::/0' : 'all');
  const to = destination === undefined ? '' : ` to ${destination}`;
  const mark = rule.mark === undefined ? '' : ` fwmark ${rule.mark.value}/${rule.mark.mask}`;
  const input = rule.input === undefined ? '' : ` iif ${rule.input}`;
  const protocol = rule.ipProtocol === undefined ? '' : ` ipproto ${rule.ipProtocol}`;
  return `${rule.priority}: from ${from}${to}${mark}${input}${protocol} lookup ${rule.table}`;
}

import { instanceIdOf } from '../imds/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';

/** Everything an instance is called in the record of calls: the access keys its role has had, and its addresses. */
export function callersOf(vpc: SimVpc, instance: SimInstance | undefined): ReadonlySet<string> {
  if (instance === undefined) return new Set();
  const keys = vpc.calls().flatMap(({ caller }) => (instanceIdOf(caller) === instance.id ? [caller] : []));
  return new Set([...keys, ...vpc.enisOf(instance.id).flatMap(({ addresses }) => addresses)]);
}

import { SimFault } from '../model/index.ts';
import { buildVpc, launchNode } from './build.ts';
import type { Scenario } from './scenario.ts';

/** What EC2 would refuse, in its words. */
export interface Refusal {
  /** The node it is about and its place among them; missing when the VPC itself is refused. */
  readonly node?: { readonly name: string; readonly index: number };
  readonly message: string;
}

/**
 * What EC2 would refuse of a scenario whose parts fit together: it is built in a model of its own, before anything is
 * started. What several nodes are refused for is told of the first of them.
 */
export function rehearse(scenario: Scenario): readonly Refusal[] {
  const built = refusalOr(() => buildVpc(scenario, () => 0));
  if (typeof built === 'string') return [{ message: built }];
  const refusals: Refusal[] = [];
  for (const [index, node] of (scenario.nodes ?? []).entries()) {
    const message = refusalOr(() => launchNode(built, node));
    if (typeof message === 'string' && !refusals.some((earlier) => earlier.message === message))
      refusals.push({ node: { name: node.name, index }, message });
  }
  return refusals;
}

function refusalOr<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof SimFault) return `${error.code}: ${error.message}`;
    throw error;
  }
}

import type { Step } from '../dataplane/index.ts';
import type { NodeEni } from './parts.ts';

/** Reports whether the step gives this ENI something. */
export function concerns(step: Step, eni: NodeEni): boolean {
  switch (step.kind) {
    case 'add-vlan':
      return false;
    case 'set-link':
    case 'set-neighbour':
      return step.link === eni.link;
    case 'add-address':
    case 'remove-address':
      return step.address.link === eni.link;
    case 'replace-route':
    case 'remove-route':
      return step.route.table === eni.table;
    case 'add-rule':
    case 'remove-rule':
    case 'remove-foreign-rule':
      return step.rule.table === eni.table;
    default:
      return step satisfies never;
  }
}

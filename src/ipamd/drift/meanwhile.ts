import type { IpAddress } from '../../addr/index.ts';
import type { Step } from '../../dataplane/index.ts';
import type { Allocation } from '../../pool/index.ts';

type Held = Pick<Allocation, 'address' | 'owner'>;

/** The addresses that have come to somebody, or to somebody else, or to nobody. An owner is one object while it holds one. */
export function changedAddresses(then: readonly Held[], since: readonly Held[]): ReadonlySet<IpAddress> {
  const holders = (held: readonly Held[]) => new Map(held.map(({ address, owner }) => [address, owner] as const));
  const [before, now] = [holders(then), holders(since)];
  const addresses = new Set([...before.keys(), ...now.keys()]);
  return new Set([...addresses].filter((address) => before.get(address) !== now.get(address)));
}

function addressesOf(step: Step): readonly (IpAddress | undefined)[] {
  switch (step.kind) {
    case 'replace-route':
    case 'remove-route':
      return [step.route.destination.address];
    case 'add-rule':
    case 'remove-rule':
    case 'remove-foreign-rule':
      return [step.rule.to?.address, step.rule.from?.address];
    case 'set-neighbour':
      return [step.address];
    case 'set-link':
    case 'add-vlan':
    case 'add-address':
    case 'remove-address':
      return [];
    default:
      return step satisfies never;
  }
}

/**
 * The steps that say nothing of these addresses. While a look takes its turns, a pod may be wired behind one kind of object and
 * before the next, or may take the address of one that was seen: then its rules would seem to be nobody's.
 */
export function stepsBeside(steps: readonly Step[], changed: ReadonlySet<IpAddress>): readonly Step[] {
  if (changed.size === 0) return steps;
  return steps.filter((step) => !addressesOf(step).some((address) => address !== undefined && changed.has(address)));
}

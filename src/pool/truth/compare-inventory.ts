import type { KnownEni } from '../journal/memory.ts';
import type { ForeignDevice, PoolView } from '../model/types.ts';

/** The ENIs of this instance as EC2 lists them: those for pods, and those that are not. */
export interface Inventory {
  readonly enis: readonly KnownEni[];
  readonly foreign: readonly ForeignDevice[];
}

/** What a list must tell of an ENI to be compared. */
type Listed = Pick<KnownEni, 'cidrs'> & { readonly facts: Pick<KnownEni['facts'], 'id'> };

/** Some CIDRs of an ENI. */
export interface EniCidrs {
  readonly eniId: string;
  readonly cidrs: readonly string[];
}

/** How a list differs from the pool. */
export interface InventoryDifference<E extends Listed = Listed> {
  readonly newEnis: readonly E[];
  readonly goneEnis: readonly string[];
  readonly newCidrs: readonly EniCidrs[];
  readonly goneCidrs: readonly EniCidrs[];
}

/**
 * What a list of the instance's ENIs has that the pool has not, and the other way round. Says nothing of who is right:
 * EC2 adds and removes, the metadata only makes us ask EC2. CIDRs on their way out are nobody's business, but for those
 * (`ENI CIDR`) that are kept from new pods only because a list has `missed` them.
 */
export function compareInventory<E extends Listed>(
  pool: PoolView,
  listed: readonly E[],
  missed?: { has(key: string): boolean },
): InventoryDifference<E> {
  const byId = new Map(listed.map((eni) => [eni.facts.id, eni]));
  const known = [...pool.enis.values()];
  const both = known.flatMap((eni) => {
    const other = byId.get(eni.id);
    return other === undefined ? [] : [{ eni, cidrs: new Set(other.cidrs) }];
  });
  return {
    newEnis: listed.filter(({ facts }) => !pool.enis.has(facts.id)),
    goneEnis: known.filter(({ id }) => !byId.has(id)).map(({ id }) => id),
    newCidrs: both.flatMap(({ eni, cidrs }) =>
      some(
        eni.id,
        [...cidrs].filter((cidr) => !eni.cidrs.has(cidr)),
      ),
    ),
    goneCidrs: both.flatMap(({ eni, cidrs }) =>
      some(
        eni.id,
        [...eni.cidrs.values()]
          .filter(({ cidr, releasing }) => !cidrs.has(cidr) && (!releasing || missed?.has(`${eni.id} ${cidr}`)))
          .map(({ cidr }) => cidr),
      ),
    ),
  };
}

const some = (eniId: string, cidrs: readonly string[]): readonly EniCidrs[] =>
  cidrs.length === 0 ? [] : [{ eniId, cidrs }];

/** The differences as words that stay the same while the differences do. */
export function differenceKeys(difference: InventoryDifference): readonly string[] {
  const { newEnis, goneEnis, newCidrs, goneCidrs } = difference;
  return [
    ...newEnis.map(({ facts }) => `new ${facts.id}`),
    ...goneEnis.map((id) => `gone ${id}`),
    ...newCidrs.flatMap(({ eniId, cidrs }) => cidrs.map((cidr) => `new ${eniId} ${cidr}`)),
    ...goneCidrs.flatMap(({ eniId, cidrs }) => cidrs.map((cidr) => `gone ${eniId} ${cidr}`)),
  ].sort();
}

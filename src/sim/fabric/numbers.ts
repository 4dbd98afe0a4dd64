/** Numbers of ports, by which their connections are told apart. */
export interface PortNumbers {
  /** The number of an ENI at a place; it keeps it for as long as it stays there. */
  of(eniId: string, place: string): number;
  /** The ENI is gone. */
  forget(eniId: string): void;
}

/**
 * Counts places from 1 to `last`, and then anew. A number comes again after all the others, when hardly a connection of
 * the port that had it is left, and never while a port still has it. There must be fewer ENIs than numbers.
 */
export function createPortNumbers(last: number): PortNumbers {
  const byEni = new Map<string, { readonly place: string; readonly number: number }>();
  const taken = new Set<number>();
  let current = 0;
  const forget = (eniId: string): void => {
    const known = byEni.get(eniId);
    if (known !== undefined) taken.delete(known.number);
    byEni.delete(eniId);
  };
  return {
    of(eniId, place) {
      const known = byEni.get(eniId);
      if (known?.place === place) return known.number;
      do current = (current % last) + 1;
      while (taken.has(current));
      forget(eniId);
      taken.add(current);
      byEni.set(eniId, { place, number: current });
      return current;
    },
    forget,
  };
}

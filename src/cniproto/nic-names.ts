/** What runtimes call the interface of a pod that has only one. */
export const FIRST_INTERFACE = 'eth0';

const NIC = /^mNicIf([1-9]\d?)$/;

/** Cards of the biggest instances are counted to 32; the first interface of a pod is none of these. */
const MOST_FURTHER_NICS = 31;

/** What the interface of a pod on another network card is called in it, counted from 1; upstream's name. */
export const nicName = (index: number): string => `mNicIf${index}`;

/** The number in such a name; `undefined` for any other interface. */
export function nicIndex(ifName: string): number | undefined {
  const index = Number(NIC.exec(ifName)?.[1] ?? 0);
  return index >= 1 && index <= MOST_FURTHER_NICS ? index : undefined;
}

/** The names of all interfaces that a pod may have beside its first one on other network cards. */
export const FURTHER_NICS: readonly string[] = Array.from({ length: MOST_FURTHER_NICS }, (_, at) => nicName(at + 1));

/** The attachment that a runtime knows: that of the first interface, for one that came along with it. */
export function askedFor<T extends { readonly ifName: string }>(owner: T): T {
  return nicIndex(owner.ifName) === undefined ? owner : { ...owner, ifName: FIRST_INTERFACE };
}

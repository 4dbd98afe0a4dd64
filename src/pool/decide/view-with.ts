import { keysAround } from '../model/range.ts';
import type { AddressUse, PoolEvent, PoolView } from '../model/types.ts';

/** The pool as it would be with one address more given to a pod: to ask what would be decided then. Changes nothing. */
export function viewWith(view: PoolView, event: Extract<PoolEvent, { kind: 'assigned' }>): PoolView {
  const { address, owner, since } = event;
  const keys = keysAround(address);
  const use: AddressUse = { kind: 'assigned', owner, since };
  const enis = [...view.enis].map(([id, eni]) => {
    const found = [...eni.cidrs].find(([key]) => keys.includes(key));
    if (found === undefined) return [id, eni] as const;
    const [key, cidr] = found;
    const changed = { ...plainCidr(cidr), uses: new Map([...cidr.uses, [address, use]]) };
    return [id, { ...plainEni(eni), cidrs: new Map([...eni.cidrs, [key, changed]]) }] as const;
  });
  return { enis: new Map(enis), orphans: view.orphans, pending: view.pending, foreign: view.foreign };
}

type Eni = PoolView['enis'] extends ReadonlyMap<string, infer E> ? E : never;
type Cidr = Eni['cidrs'] extends ReadonlyMap<string, infer C> ? C : never;

// Spreading copies no getters of a class.
const plainCidr = ({ cidr, kind, size, uses, releasing }: Cidr): Cidr => ({ cidr, kind, size, uses, releasing });
const plainEni = (eni: Eni): Eni => {
  const { id, card, device, table, primary, subnetId, attachedAtMs, service, efa, leaving, cidrs } = eni;
  return { id, card, device, table, primary, subnetId, attachedAtMs, service, efa, leaving, cidrs };
};

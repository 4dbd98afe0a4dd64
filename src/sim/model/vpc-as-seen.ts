import { cidrContains, ipv6CidrContains, isIpv4, isIpv6 } from '../../addr/index.ts';
import { SimFault } from './fault.ts';
import { type EniIndex, hasValue } from './postings.ts';
import { placeOf } from './state.ts';
import type { SimEni } from './types.ts';
import { VpcView } from './vpc-view.ts';

/** How ENIs look to somebody who does not see them as they are. */
export interface SeenEnis {
  /** ENIs that look otherwise, as they look; nothing for one that is not seen at all. */
  readonly changed: ReadonlyMap<string, SimEni | undefined>;
  /** Applied to every ENI after that, those of `changed` included. */
  readonly alter?: (eni: SimEni) => SimEni | undefined;
}

/** A VPC in which ENIs look otherwise than they are; everything else is read as it is. */
export class VpcAsSeen extends VpcView {
  readonly #seen: SeenEnis;

  constructor(parts: ConstructorParameters<typeof VpcView>[0], seen: SeenEnis) {
    super(parts);
    this.#seen = seen;
  }

  override eni(id: string): SimEni {
    const eni = this.findEni(id);
    if (eni === undefined)
      throw new SimFault('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
    return eni;
  }
  override findEni(id: string): SimEni | undefined {
    return this.#see(this.#seen.changed.has(id) ? this.#seen.changed.get(id) : super.findEni(id));
  }
  override enis(): readonly SimEni[] {
    return this.#merged(super.enis(), () => true);
  }
  override enisOf(instanceId: string): readonly SimEni[] {
    return [...this.#merged(super.enisOf(instanceId), (eni) => eni.attachment?.instanceId === instanceId)].sort(
      (a, b) => placeOf(a) - placeOf(b),
    );
  }
  override eniIdsBy(index: EniIndex, value: string): ReadonlySet<string> {
    const now = [...super.eniIdsBy(index, value)].flatMap((id) => super.findEni(id) ?? []);
    const seen = this.#merged(now, (eni) => hasValue(eni, index, value));
    return new Set(seen.filter((eni) => hasValue(eni, index, value)).map(({ id }) => id));
  }
  override eniByAddress(address: string): SimEni | undefined {
    const now = super.eniByAddress(address);
    return this.#merged(now === undefined ? [] : [now], (eni) => holds(eni, address)).find((eni) =>
      holds(eni, address),
    );
  }
  override eniByMac(mac: string): SimEni | undefined {
    const now = super.eniByMac(mac);
    return this.#merged(now === undefined ? [] : [now], (eni) => eni.mac === mac)[0];
  }

  /** ENIs as they are, of which the changed ones are replaced by those changed ones that `belong`. */
  #merged(now: readonly SimEni[], belongs: (eni: SimEni) => boolean): readonly SimEni[] {
    const { changed } = this.#seen;
    return [
      ...now.filter(({ id }) => !changed.has(id)),
      ...[...changed.values()].filter((eni) => eni !== undefined && belongs(eni)),
    ].flatMap((eni) => this.#see(eni) ?? []);
  }

  #see(eni: SimEni | undefined): SimEni | undefined {
    const { alter } = this.#seen;
    return eni === undefined || alter === undefined ? eni : alter(eni);
  }
}

function holds(eni: SimEni, address: string): boolean {
  if (isIpv4(address))
    return eni.addresses.includes(address) || eni.prefixes.some((prefix) => cidrContains(prefix, address));
  return (
    isIpv6(address) &&
    (eni.ipv6Addresses.includes(address) || eni.ipv6Prefixes.some((prefix) => ipv6CidrContains(prefix, address)))
  );
}

import type { Stale } from '../dials/index.ts';
import type { SimEni } from '../model/index.ts';

/** An ENI as a stale answer shows it: without its newest prefix or address, or not at all. */
export function alterationOf(
  stale: Exclude<Stale, 'deleted-eni'>,
  /** The ENIs among which an ENI is missing if it is the newest of them: those of its instance, or those of none. */
  siblingsOf: (eni: SimEni) => readonly SimEni[],
): (eni: SimEni) => SimEni | undefined {
  switch (stale) {
    case 'missing-prefix':
      return withoutPrefix;
    case 'missing-address':
      return withoutAddress;
    case 'missing-eni': {
      const missing = new Map<string, string | undefined>();
      return (eni) => {
        const place = eni.attachment?.instanceId ?? '';
        if (!missing.has(place)) missing.set(place, newest(siblingsOf(eni))?.id);
        return missing.get(place) === eni.id ? undefined : eni;
      };
    }
    default:
      return stale satisfies never;
  }
}

/** Of ENIs that are gone, the latest last, the latest of each instance, and of those that hung on none. */
export function pickGhosts(gone: readonly SimEni[]): readonly SimEni[] {
  return [...new Map(gone.map((eni) => [eni.attachment?.instanceId ?? '', eni])).values()];
}

function withoutPrefix(eni: SimEni): SimEni {
  return eni.prefixes.length > 0
    ? { ...eni, prefixes: eni.prefixes.slice(0, -1) }
    : { ...eni, ipv6Prefixes: eni.ipv6Prefixes.slice(0, -1) };
}

/** The primary address is there from the first moment. */
function withoutAddress(eni: SimEni): SimEni {
  return eni.addresses.length > 1
    ? { ...eni, addresses: eni.addresses.slice(0, -1) }
    : { ...eni, ipv6Addresses: eni.ipv6Addresses.slice(0, -1) };
}

/** The ENI that came last. An instance has never been without its first one. */
function newest(enis: readonly SimEni[]): SimEni | undefined {
  const since = (eni: SimEni): number => eni.attachment?.attachedAt ?? eni.createdAt;
  return enis
    .filter(({ attachment }) => attachment?.deviceIndex !== 0 || attachment.networkCardIndex !== 0)
    .reduce<SimEni | undefined>((found, eni) => (found && since(found) > since(eni) ? found : eni), undefined);
}

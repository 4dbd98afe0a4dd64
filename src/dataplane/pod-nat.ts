import { familyOf, formatCidr, type IpAddress, type Ipv4Cidr } from '../addr/index.ts';

/** What happens to the address of a pod that talks to somebody outside the VPC. */
export type PodNat =
  /** Nothing: somebody outside the host translates, or the address is valid everywhere. */
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'snat';
      readonly to: IpAddress;
      readonly mark: number;
      /** Networks that see the pod's own address. */
      readonly exempt: readonly Ipv4Cidr[];
      readonly by: string;
    };

/** What the settings make of a pod's address outside the VPC; `to` is the node's own address, `exempt` the VPC's networks and excluded ones. */
export function podNat(
  address: IpAddress,
  host: Omit<Extract<PodNat, { kind: 'snat' }>, 'kind'> & { readonly externalSnat: boolean },
): PodNat {
  const { externalSnat, ...snat } = host;
  if (familyOf(address) === 'ipv6') return { kind: 'none', why: 'addresses of IPv6 are valid everywhere' };
  if (externalSnat)
    return { kind: 'none', why: 'AWS_VPC_K8S_CNI_EXTERNALSNAT leaves translation to somebody outside the host' };
  const all = snat.exempt.find(({ prefixLength }) => prefixLength === 0);
  if (all !== undefined) return { kind: 'none', why: `${formatCidr(all)} is excluded from translation` };
  return { kind: 'snat', ...snat };
}

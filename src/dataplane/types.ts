import type { IpAddress, IpCidr, MacAddress } from '../addr/index.ts';

/** A link as the kernel has it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mac: MacAddress | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly group: number;
  readonly alias: string | undefined;
}

/**
 * A policy rule: packets that match all given selectors are routed by `table`. It is of the family of its networks; one
 * of IPv6 without any says so by `from ::/0`.
 */
export interface Rule {
  readonly priority: number;
  readonly from?: IpCidr;
  readonly to?: IpCidr;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** The link by which packets come in, by its name: the rule outlives the link. */
  readonly input?: string;
  /** Number of the protocol above IP. */
  readonly ipProtocol?: number;
  readonly table: number;
}

/** A rule that somebody else made, with the routing protocol number it carries: 0 when its maker gave none. */
export interface ForeignRule {
  readonly rule: Rule;
  readonly protocol: number;
}

/** A unicast route; destination `0.0.0.0/0` or `::/0` is the default route. Scope is link without a gateway, else global. */
export interface Route {
  readonly table: number;
  readonly destination: IpCidr;
  readonly gateway?: IpAddress;
  readonly link: string;
  /** Behind those of a lower one; only of routes in a pod, where it is told apart by nobody. */
  readonly metric?: number;
}

/** An address on a link, with the prefix length it is configured with. */
export interface LinkAddress {
  readonly link: string;
  readonly address: IpCidr;
  /** The kernel keeps the connected route of the subnet in main for it; ours never have one. */
  readonly connected?: boolean;
}

/** A permanent neighbour entry of a link. */
export interface Neighbour {
  readonly link: string;
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/** A link for the packets of one 802.1Q tag on another link. */
export interface VlanLink {
  readonly name: string;
  readonly id: number;
  readonly mac: MacAddress;
  readonly parent: string;
  /** Values to be written before it comes up. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** One change in one network namespace. */
export type Step =
  /** Makes the link anew when one of that name has another MAC. */
  | { readonly kind: 'add-vlan'; readonly vlan: VlanLink }
  | {
      readonly kind: 'set-link';
      readonly link: string;
      readonly mtu?: number;
      readonly up?: true;
      readonly group?: number;
      readonly alias?: string;
      readonly mac?: MacAddress;
    }
  | { readonly kind: 'add-address'; readonly address: LinkAddress }
  | { readonly kind: 'remove-address'; readonly address: LinkAddress }
  | { readonly kind: 'replace-route'; readonly route: Route }
  | { readonly kind: 'remove-route'; readonly route: Route }
  /**
   * `beside`: also when the same rule of somebody else is there, which the kernel otherwise takes for ours. `protocol`: in
   * the name of somebody else whose rule it is.
   */
  | { readonly kind: 'add-rule'; readonly rule: Rule; readonly beside?: true; readonly protocol?: number }
  | { readonly kind: 'remove-rule'; readonly rule: Rule }
  | { readonly kind: 'remove-foreign-rule'; readonly rule: Rule; readonly protocol: number }
  | { readonly kind: 'set-neighbour'; readonly link: string; readonly address: IpAddress; readonly mac: MacAddress };

/** A pod's pair of links: made in one request, the container end born in the pod's namespace. */
export interface VethPair {
  readonly host: { readonly name: string; readonly mac: MacAddress };
  readonly container: { readonly name: string; readonly mac: MacAddress };
  readonly mtu: number;
}

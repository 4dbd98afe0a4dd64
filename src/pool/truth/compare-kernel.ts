import type { Pool } from '../model/pool.ts';
import type { PodAddress, QuarantineReason } from '../model/types.ts';

/** What the kernel says of ENIs and addresses. */
export interface KernelFacts {
  /** MACs of the links that are there. */
  readonly macs: ReadonlySet<string>;
  /** Addresses that links of the host itself have. */
  readonly hostAddresses: ReadonlySet<PodAddress>;
  /** Addresses for which the kernel has a rule or a route of ours. */
  readonly routed: ReadonlySet<PodAddress>;
}

/** An ENI of the pool by the MAC of its link. */
export interface EniLinkFact {
  readonly id: string;
  readonly mac: string;
}

/** Something the kernel says that the pool does not know yet. */
export type KernelDifference =
  /** Its link has gone: detached by hand, or taken into another namespace. */
  | { readonly kind: 'link-gone'; readonly eniId: string }
  | { readonly kind: 'link-back'; readonly eniId: string }
  /** An address of the pool that no pod holds is in use. */
  | { readonly kind: 'in-use'; readonly address: PodAddress; readonly reason: QuarantineReason }
  | { readonly kind: 'unused'; readonly address: PodAddress }
  /** A pod's address is on a link of the host, which takes its packets. */
  | { readonly kind: 'conflict'; readonly address: PodAddress };

/**
 * What has changed in the kernel behind our back. `lost` are the ENIs whose links were gone before. An ENI on its way out
 * is left alone: its link goes because we want it.
 */
export function compareKernel(
  pool: Pool,
  kernel: KernelFacts,
  known: { readonly enis: readonly EniLinkFact[]; readonly lost: ReadonlySet<string> },
): readonly KernelDifference[] {
  return [...linkDifferences(), ...newlyUsed(), ...noLongerUsed()];

  function linkDifferences(): readonly KernelDifference[] {
    return known.enis.flatMap(({ id, mac }): readonly KernelDifference[] => {
      const eni = pool.enis.get(id);
      const isThere = kernel.macs.has(mac);
      if (known.lost.has(id)) return isThere ? [{ kind: 'link-back', eniId: id }] : [];
      return eni === undefined || eni.leaving || isThere ? [] : [{ kind: 'link-gone', eniId: id }];
    });
  }

  function newlyUsed(): readonly KernelDifference[] {
    const used = (address: PodAddress, reason: QuarantineReason): readonly KernelDifference[] => {
      if (pool.eniOf(address) === undefined) return [];
      const use = pool.useOf(address);
      if (use?.kind === 'assigned') return reason === 'host-link' ? [{ kind: 'conflict', address }] : [];
      return use?.kind === 'quarantine' ? [] : [{ kind: 'in-use', address, reason }];
    };
    return [
      ...[...kernel.hostAddresses].flatMap((address) => used(address, 'host-link')),
      ...[...kernel.routed]
        .filter((address) => !kernel.hostAddresses.has(address))
        .flatMap((address) => used(address, 'kernel')),
    ];
  }

  function noLongerUsed(): readonly KernelDifference[] {
    const differences: KernelDifference[] = [];
    for (const { cidrs } of pool.enis.values())
      for (const { uses } of cidrs.values())
        for (const [address, use] of uses)
          if (
            use.kind === 'quarantine' &&
            use.reason !== 'not-in-ec2' &&
            !kernel.hostAddresses.has(address) &&
            !kernel.routed.has(address)
          )
            differences.push({ kind: 'unused', address });
    return differences;
  }
}

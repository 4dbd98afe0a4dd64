import type { ForwardPolicy } from '../hostspec/index.ts';

interface NftChain {
  readonly family: unknown;
  readonly table: unknown;
  readonly name: unknown;
  readonly hook?: unknown;
  readonly policy?: unknown;
}

const FAMILIES = { ip: 'ipv4', ip6: 'ipv6' } as const;

/** The policies of the chains that iptables keeps in nftables, from `nft --json list chains`; other chains are not its. */
export function parseNftPolicies(text: string): readonly ForwardPolicy[] {
  const { nftables = [] } = JSON.parse(text) as { readonly nftables?: readonly { readonly chain?: NftChain }[] };
  return nftables.flatMap(({ chain }): readonly ForwardPolicy[] => {
    if (chain?.table !== 'filter' || chain.name !== 'FORWARD' || chain.hook !== 'forward') return [];
    if (chain.family !== 'ip' && chain.family !== 'ip6') return [];
    return [{ family: FAMILIES[chain.family], backend: 'nft', policy: chain.policy === 'drop' ? 'DROP' : 'ACCEPT' }];
  });
}

/** The policy of FORWARD of table filter in the output of iptables-save (`:FORWARD DROP [0:0]`); `undefined` without such a chain. */
export function parseSavedPolicy(text: string): ForwardPolicy['policy'] | undefined {
  // Other tables have a chain of this name too.
  const filter = /^\*filter$[\s\S]*?^COMMIT$/m.exec(text)?.[0] ?? '';
  const policy = /^:FORWARD (ACCEPT|DROP) /m.exec(filter)?.[1];
  return policy === 'ACCEPT' || policy === 'DROP' ? policy : undefined;
}

import { familyOf, hostCidr, type IpAddress } from '../addr/index.ts';
import {
  type HostNetwork,
  isTakenOver,
  MAIN_TABLE,
  type ObservedNetwork,
  type PodIdentity,
  podLinkFinder,
  podMacs,
  podRules,
  rulesOfAddress,
  type WantedNetwork,
} from '../dataplane/index.ts';
import { addressIn, type Owner, type Pool } from '../pool/index.ts';

/** By owner, of which an allocation keeps one object: a look at hundreds of pods would hash for most of its time. */
const MACS = new WeakMap<Owner, ReturnType<typeof podMacs>>();

function macsOf(owner: Owner, pod: PodIdentity): ReturnType<typeof podMacs> {
  const known = MACS.get(owner);
  if (known !== undefined) return known;
  const macs = podMacs(pod);
  MACS.set(owner, macs);
  return macs;
}

/** Rules and routes of every allocation; an orphan keeps the rules it has, for its table is not known. */
export function wantedPods(input: {
  readonly pool: Pool;
  readonly observed: ObservedNetwork;
  /** Links of ENIs: none of them is the host end of a pod. */
  readonly eniLinks: readonly string[];
  readonly vethPrefix: string;
  /** Whether this node was another CNI plugin's in this boot, so that what it left becomes ours. */
  readonly takesOver: boolean;
}): Pick<WantedNetwork, 'podRules' | 'podRoutes' | 'podNeighbours' | 'podMacs' | 'podAliases' | 'takeOver'> {
  const { pool, observed, vethPrefix, takesOver } = input;
  const eniLinks = new Set(input.eniLinks);
  const links = observed.links.filter(({ name }) => !eniLinks.has(name));
  const own = observed.routes.filter(({ table }) => table === MAIN_TABLE);
  const routes = takesOver ? [...own, ...observed.foreignRoutes] : own;
  const foreignRules = takesOver ? observed.foreignRules.map(({ rule }) => rule) : [];
  const rules = [...observed.rules, ...foreignRules];
  const find = podLinkFinder({ links, routes });
  const wired = pool.allocations().flatMap(({ address, owner, eni }) => {
    const pod = { ...owner, namespace: owner.podNamespace, name: owner.podName };
    const end = find({ pod, address, vethPrefix });
    return end === undefined
      ? []
      : [{ address, end, eni, macs: isTakenOver(end.alias) ? undefined : macsOf(owner, pod) }];
  });
  return {
    podRules: wired.flatMap(({ address, eni }) =>
      eni === undefined ? rulesOfAddress(address, rules) : podRules(address, eni.table),
    ),
    podRoutes: wired.map(({ address, end }) => ({
      table: MAIN_TABLE,
      destination: hostCidr(address),
      link: end.link,
    })),
    podNeighbours: wired.flatMap(({ address, end: { link }, macs }) =>
      macs === undefined || familyOf(address) === 'ipv4' ? [] : [{ link, address, mac: macs.container }],
    ),
    podMacs: wired.flatMap(({ end: { link }, macs }) => (macs === undefined ? [] : [{ link, mac: macs.host }])),
    ...(takesOver ? { podAliases: wired.map(({ end }) => end), takeOver: { idleAddresses: idleAddresses(pool) } } : {}),
  };
}

type WantedPods = Omit<WantedNetwork, keyof HostNetwork>;

/** What is wanted of two kinds of pods. */
export function bothWanted(a: WantedPods, b: WantedPods): WantedPods {
  return {
    ...a,
    podRules: [...a.podRules, ...b.podRules],
    podRoutes: [...a.podRoutes, ...b.podRoutes],
    podNeighbours: [...(a.podNeighbours ?? []), ...(b.podNeighbours ?? [])],
    podMacs: [...(a.podMacs ?? []), ...(b.podMacs ?? [])],
    podAliases: [...(a.podAliases ?? []), ...(b.podAliases ?? [])],
    vlans: [...(a.vlans ?? []), ...(b.vlans ?? [])],
  };
}

/** Addresses of the pool that no pod holds; those of a /80 are too many, and no other plugin has given them away. */
function idleAddresses(pool: Pool): readonly IpAddress[] {
  return [...pool.enis.values()].flatMap((eni) =>
    [...eni.cidrs.values()].flatMap((cidr) =>
      cidr.kind === 'ipv6-prefix'
        ? []
        : Array.from({ length: cidr.size }, (_, index) => addressIn(cidr.cidr, index)).filter(
            (address) => cidr.uses.get(address)?.kind !== 'assigned',
          ),
    ),
  );
}

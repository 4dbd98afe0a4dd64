import { familyOf, hostCidr, type IpAddress, type IpFamily, isIpv4, isIpv6 } from '../../addr/index.ts';
import {
  DEAD_LINK_GROUP,
  EGRESS,
  egressAddress,
  egressFamilyOf,
  egressHost,
  egressIdentity,
  isTakenOver,
  type Link,
  MAIN_TABLE,
  nextEgressHost,
  type ObservedNetwork,
  podMacs,
  type Route,
  readPodAlias,
  type WantedNetwork,
} from '../../dataplane/index.ts';
import { HostError } from '../../errors/index.ts';
import type { Logger } from '../../log/index.ts';
import { type Owner, type OwnerKey, parseLease, renderLease } from '../../pool/index.ts';
import type { Files } from '../../sys/index.ts';

/** An address of an egress range and the sandbox that has it. */
export interface Lease {
  readonly address: IpAddress;
  readonly owner: Owner;
}

/** The host end of an egress link. */
interface EgressEnd {
  readonly link: string;
  readonly address: IpAddress;
  /** Of a pair that we have made. */
  readonly macs: ReturnType<typeof podMacs> | undefined;
}

/** What egress adds to what is wanted of the pods. */
export type EgressWanted = Required<Pick<WantedNetwork, 'podRules' | 'podRoutes' | 'podNeighbours' | 'podMacs'>>;

type Parts = { readonly files: Files; readonly logger: Logger };
type Wired = Pick<ObservedNetwork, 'links' | 'routes'>;

const MODE = 0o600;
const keyOf = ({ network, containerId, ifName }: OwnerKey): string => `${network}\n${containerId}\n${ifName}`;

const isAddress = (name: string): name is IpAddress => isIpv4(name) || isIpv6(name);

/** Which sandbox an egress link belongs to, and the address the host routes to it. */
function wiredEgress(
  link: Link,
  routes: readonly Route[],
): { readonly pod: OwnerKey; readonly address?: IpAddress } | undefined {
  const pod = link.alias === undefined ? undefined : readPodAlias(link.alias);
  const family = pod === undefined ? undefined : egressFamilyOf(pod.ifName);
  if (pod === undefined || family === undefined || link.group === DEAD_LINK_GROUP) return undefined;
  const route = routes.find(
    ({ link: name, destination }) => name === link.name && egressHost(family, destination.address) !== undefined,
  );
  return { pod, ...(route === undefined ? {} : { address: route.destination.address }) };
}

/**
 * Addresses of the second family: one file each, named by the address, in a folder that is gone after a boot as the pods
 * are. A file that was lost while the pod runs is written again from what the kernel has.
 */
export class Leases {
  readonly #parts: Parts;
  readonly #directory: string;
  readonly #leases = new Map<string, Lease>();
  /** The host given last, by family: the search for the next one begins behind it. */
  readonly #last: Record<IpFamily, number> = { ipv4: EGRESS.ipv4.firstHost - 1, ipv6: EGRESS.ipv6.firstHost - 1 };

  constructor(parts: Parts, directory: string) {
    this.#parts = parts;
    this.#directory = directory;
  }

  list(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  find(owner: OwnerKey): Lease | undefined {
    return this.#leases.get(keyOf(owner));
  }

  /** Reads what an earlier run left. What cannot be read is of nobody. */
  load(): this {
    const { files, logger } = this.#parts;
    for (const name of files.list(this.#directory)) {
      if (!isAddress(name) || egressHost(familyOf(name), name) === undefined) continue;
      const owner = parseLease(files.read(`${this.#directory}/${name}`) ?? '');
      if (owner === undefined) logger.warn('a state file is damaged', { file: `egress/${name}` });
      else this.#keep({ address: name, owner });
    }
    return this;
  }

  /**
   * Holds the files against the kernel after a start: pods that run keep their address, and one whose sandbox has neither
   * a link nor an address in the pool is free.
   */
  settle(observed: Wired, pods: readonly { readonly owner: Owner }[]): void {
    const podOf = ({ network, containerId }: OwnerKey): Owner | undefined =>
      pods.find(({ owner }) => owner.network === network && owner.containerId === containerId)?.owner;
    const wired = observed.links.flatMap((link) => wiredEgress(link, observed.routes) ?? []);
    const isWired = ({ owner }: Lease): boolean =>
      wired.some(({ pod }) => pod.containerId === owner.containerId && pod.network === owner.network);
    for (const lease of this.list()) if (!isWired(lease) && podOf(lease.owner) === undefined) this.release(lease.owner);
    for (const { pod, address } of wired) {
      const owner = podOf(pod);
      if (address === undefined || owner === undefined || this.find(owner) !== undefined) continue;
      this.#parts.logger.warn('the kernel has an egress address that no file has; it is kept', { pod_ip: address });
      this.#write({ address, owner });
    }
  }

  /** The owner's address, the same again when it has one; written down before it counts. Throws `EGRESS_RANGE_FULL`. */
  assign(family: IpFamily, owner: Owner): Lease {
    const known = this.find(owner);
    if (known !== undefined) return known;
    const taken = new Set(this.list().flatMap(({ address }) => egressHost(family, address) ?? []));
    const host = nextEgressHost(family, taken, this.#last[family]);
    if (host === undefined) throw new HostError('EGRESS_RANGE_FULL', { family, count: taken.size });
    const lease = { address: egressAddress(family, host), owner };
    this.#write(lease);
    return lease;
  }

  /** Frees the owner's address. */
  release(owner: OwnerKey): void {
    const lease = this.find(owner);
    if (lease === undefined) return;
    this.#parts.files.remove(`${this.#directory}/${lease.address}`);
    this.#leases.delete(keyOf(owner));
  }

  /** Of the pods that are wired, what the host is to have. */
  wanted(observed: Pick<ObservedNetwork, 'links'>): EgressWanted {
    const ends = this.#ends(observed);
    return {
      podRules: [],
      podRoutes: ends.map(({ link, address }) => ({ table: MAIN_TABLE, destination: hostCidr(address), link })),
      podNeighbours: ends.flatMap(({ link, address, macs }) =>
        familyOf(address) === 'ipv4' || macs === undefined ? [] : [{ link, address, mac: macs.container }],
      ),
      podMacs: ends.flatMap(({ link, macs }) => (macs === undefined ? [] : [{ link, mac: macs.host }])),
    };
  }

  #ends({ links }: Pick<ObservedNetwork, 'links'>): readonly EgressEnd[] {
    if (this.#leases.size === 0) return [];
    const named = new Map(
      links.flatMap((link) => {
        const wired = wiredEgress(link, []);
        return wired === undefined ? [] : [[keyOf(wired.pod), link] as const];
      }),
    );
    return this.list().flatMap(({ address, owner }) => {
      const pod = egressIdentity(familyOf(address), owner);
      const link = named.get(keyOf(pod));
      if (link === undefined) return [];
      return [{ link: link.name, address, macs: isTakenOver(link.alias ?? '') ? undefined : podMacs(pod) }];
    });
  }

  #write(lease: Lease): void {
    const { files } = this.#parts;
    files.ensureDirectory(this.#directory, 0o700);
    const path = `${this.#directory}/${lease.address}`;
    files.replace({ path, text: renderLease(lease.owner), mode: MODE });
    this.#keep(lease);
  }

  #keep(lease: Lease): void {
    const family = familyOf(lease.address);
    this.#leases.set(keyOf(lease.owner), lease);
    this.#last[family] = egressHost(family, lease.address) ?? this.#last[family];
  }
}

/** Of a node whose pods have one family alone. */
export const NO_LEASES: Pick<Leases, 'list' | 'wanted'> = {
  list: () => [],
  wanted: () => ({ podRules: [], podRoutes: [], podNeighbours: [], podMacs: [] }),
};

import { type Ipv6Address, isIpv6 } from '../addr/index.ts';
import {
  DEAD_LINK_GROUP,
  egressHost,
  egressIdentity,
  type ObservedNetwork,
  type Step,
  takenOverAlias,
} from '../dataplane/index.ts';
import { EGRESS_IPAM, PATHS } from '../hostspec/index.ts';
import { applySteps, RouteSocket } from '../kernel/index.ts';
import { type Owner, renderLease } from '../pool/index.ts';
import type { Files, ReadFiles } from '../sys/index.ts';

/** Where aws-node keeps the IPv6 addresses of pods of IPv4: a folder for each network, a file for each address. */
export const EGRESS_RESERVED = EGRESS_IPAM.ipv6.dataDir;

/** An address of the egress range, and whose it is by the file that the host-local plugin wrote. */
export interface ReservedAddress {
  readonly address: Ipv6Address;
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** A pod of IPv4 that aws-node's egress-cni has given a second interface. */
export interface AwsNodeEgress {
  readonly owner: Owner;
  readonly address: Ipv6Address;
  readonly hostEnd: string;
}

/** The pods with second interfaces, and in words those whose pod cannot be told. */
export interface AwsNodeEgresses {
  readonly found: readonly AwsNodeEgress[];
  readonly unsupported: readonly string[];
}

/** Every address that the host-local plugin has noted. Its other files there are a lock and where it goes on. */
export function reservedAddresses(files: ReadFiles): readonly ReservedAddress[] {
  return files.list(EGRESS_RESERVED).flatMap((network) =>
    files.list(`${EGRESS_RESERVED}/${network}`).flatMap((address) => {
      if (!isIpv6(address) || egressHost('ipv6', address) === undefined) return [];
      const text = files.read(`${EGRESS_RESERVED}/${network}/${address}`) ?? '';
      const [containerId = '', ifName = ''] = text.split('\r\n').map((line) => line.trim());
      return containerId === '' ? [] : [{ address, network, containerId, ifName: ifName || 'eth0' }];
    }),
  );
}

/** Finds the pods by the routes to their addresses; one without a route is gone. `pods` are those that have names. Pure. */
export function findEgresses(
  { links, foreignRoutes }: Pick<ObservedNetwork, 'links' | 'foreignRoutes'>,
  reserved: readonly ReservedAddress[],
  pods: readonly Owner[],
): AwsNodeEgresses {
  const nameless = new Set(
    links.filter(({ alias, group }) => alias === undefined && group !== DEAD_LINK_GROUP).map(({ name }) => name),
  );
  const found: AwsNodeEgress[] = [];
  const unsupported: string[] = [];
  for (const { destination, link } of foreignRoutes) {
    const { address } = destination;
    if (!isIpv6(address) || egressHost('ipv6', address) === undefined || !nameless.has(link)) continue;
    const holder = reserved.find((each) => each.address === address);
    if (holder === undefined) {
      unsupported.push(`${link} carries ${address}, which no file in ${EGRESS_RESERVED} has`);
      continue;
    }
    const { network, containerId, ifName } = holder;
    const pod = pods.find((each) => each.containerId === containerId && each.network === network);
    const owner = { network, containerId, ifName, podNamespace: pod?.podNamespace, podName: pod?.podName };
    found.push({ owner, address, hostEnd: link });
  }
  return { found, unsupported };
}

/** The steps that write on the host's ends whose they are. */
export function egressNamingSteps(pods: readonly AwsNodeEgress[]): readonly Step[] {
  return pods.map(({ owner, hostEnd }) => ({
    kind: 'set-link',
    link: hostEnd,
    alias: takenOverAlias(egressIdentity('ipv6', owner)),
  }));
}

/** Makes them pods of ours, as the daemon finds them at its start: a lease for each, and whose its link is. */
export function importEgresses(files: Files, pods: readonly AwsNodeEgress[]): void {
  files.ensureDirectory(PATHS.egress, 0o700);
  for (const { owner, address } of pods)
    files.replace({ path: `${PATHS.egress}/${address}`, text: renderLease(owner), mode: 0o600 });
  using socket = new RouteSocket();
  applySteps(socket, egressNamingSteps(pods));
}

/** What second interfaces lack after a takeover, in words: the same link, with a route of ours. Pure. */
export function unwiredEgresses(
  pods: readonly AwsNodeEgress[],
  before: ObservedNetwork,
  after: ObservedNetwork,
): readonly string[] {
  return pods.flatMap(({ owner, address, hostEnd }): readonly string[] => {
    const name = owner.podName === undefined ? owner.containerId : `${owner.podNamespace}/${owner.podName}`;
    const fault = (text: string): readonly string[] => [`egress of pod ${name} (${address}): ${text}`];
    const [was, is] = [before, after].map(({ links }) => links.find((each) => each.name === hostEnd));
    if (is === undefined || is.index !== was?.index) return fault(`its link ${hostEnd} is gone`);
    const routed = after.routes.some((route) => route.destination.address === address && route.link === hostEnd);
    return routed ? [] : fault(`it has no route of ours by ${hostEnd}`);
  });
}

import {
  familyOf,
  IP_FAMILIES,
  type IpCidr,
  type IpFamily,
  type Ipv4Address,
  type Ipv4Cidr,
  isHostCidr,
  type MacAddress,
} from '../addr/index.ts';
import type { EniDescription } from '../aws/index.ts';
import {
  diffNetwork,
  formerPrefixes,
  MAIN_TABLE,
  type ObservedNetwork,
  routeTableOf,
  type Step,
  usesMark,
  type WantedNetwork,
  wantedHostNetwork,
} from '../dataplane/index.ts';
import { egressFamily } from '../hostspec/index.ts';
import {
  applySteps,
  findLinkByMac,
  listLinks,
  observeNetwork,
  PacketFilter,
  type PacketFilterKind,
  waitForLink,
} from '../kernel/index.ts';
import type { Allocation, EniAttachmentFacts, KnownEni, PodAddress, Pool } from '../pool/index.ts';
import { Branches } from './branch/branches.ts';
import { concerns } from './concerns.ts';
import type { Leases } from './egress/leases.ts';
import type { Node, NodeEni } from './parts.ts';
import { subnetOf } from './subnet-of.ts';
import { wantedPacketRules } from './wanted-packet-rules.ts';
import { bothWanted, wantedPods } from './wanted-pods.ts';

/** The host's network as this daemon wants it: ENIs as links, their tables, pods' rules, packet rules. */
export class NodeNetwork {
  /** Pods that have ENIs of their own, and the trunk of these. */
  readonly branches: Branches;
  readonly #node: Node;
  readonly #pool: () => Pool;
  readonly #leases: Pick<Leases, 'list' | 'wanted'>;
  readonly #takesOver: boolean;
  readonly #packetFilter: PacketFilter;
  #enis: ReadonlyMap<string, NodeEni> = new Map();
  #vpcCidrs: readonly Ipv4Cidr[];

  /** `takesOver` says whether this node was another CNI plugin's in this boot, so that what it left becomes ours. */
  constructor(
    node: Node,
    pool: () => Pool,
    options: { readonly takesOver: boolean; readonly leases: Pick<Leases, 'list' | 'wanted'> },
  ) {
    this.#node = node;
    this.branches = new Branches(node);
    this.#vpcCidrs = node.identity.vpcCidrs;
    this.#pool = pool;
    this.#leases = options.leases;
    this.#takesOver = options.takesOver;
    this.#packetFilter = new PacketFilter(node.exec);
  }

  /** Every ENI, by device number. */
  get enis(): readonly NodeEni[] {
    return [...this.#enis.values()].sort((a, b) => a.card - b.card || a.device - b.device);
  }

  /** The links of all ENIs. */
  get links(): readonly string[] {
    return [...this.enis, ...(this.branches.trunk === undefined ? [] : [this.branches.trunk])].flatMap(
      ({ link }) => link ?? [],
    );
  }

  /** The MACs of all ENIs but the primary one. */
  get macs(): readonly MacAddress[] {
    const own = this.enis.filter(({ primary }) => !primary).map(({ mac }) => mac);
    const { trunk } = this.branches;
    return trunk === undefined ? own : [...own, trunk.mac];
  }

  eni(id: string): NodeEni | undefined {
    return this.#enis.get(id);
  }

  /** Notes the primary ENI, which the operating system has configured. */
  addPrimary(eni: EniDescription, attachmentId: string): void {
    const { identity, primaryLink } = this.#node;
    this.#keep({
      id: eni.id,
      mac: identity.primaryMac,
      card: 0,
      device: 0,
      primary: true,
      primaryAddress: identity.primaryAddress,
      subnetId: identity.subnetId,
      subnet: identity.subnetCidr,
      table: MAIN_TABLE,
      link: primaryLink,
      attachmentId,
      described: eni,
    });
  }

  /**
   * Notes a secondary ENI once its link is there; `repair` then gives it its address, table and rule.
   * Throws `LINK_MISSING`.
   */
  async addEni(
    eni: EniDescription,
    place: {
      readonly card: number;
      readonly device: number;
      readonly attachmentId: string;
      readonly primaryAddress: Ipv4Address;
      readonly timeoutMs: number;
      /** The network of its subnet, where that is known. */
      readonly subnet?: Ipv4Cidr | undefined;
    },
  ): Promise<NodeEni> {
    const { socket, clock, signal } = this.#node;
    const { timeoutMs } = place;
    const link = await waitForLink({ socket, mac: eni.mac, clock, timeoutMs, signal });
    const subnet = await subnetOf(this.#node, eni, { known: place.subnet, timeoutMs });
    const added: NodeEni = {
      id: eni.id,
      mac: eni.mac,
      card: place.card,
      device: place.device,
      primary: false,
      primaryAddress: place.primaryAddress,
      subnetId: eni.subnetId,
      subnet,
      table: routeTableOf(place),
      link: link.name,
      attachmentId: place.attachmentId,
      described: eni,
    };
    this.#keep(added);
    return added;
  }

  /** Notes an ENI as we wrote it down before a restart; its link may be gone meanwhile. */
  remember({ facts, attached }: KnownEni): void {
    if (attached === undefined) return;
    const { id, card, device, primary, subnetId, table } = facts;
    const link = primary ? this.#node.primaryLink : findLinkByMac(this.#node.socket, attached.mac)?.name;
    this.#keep({ id, card, device, primary, subnetId, table, ...attached, link });
  }

  /** How an ENI is found in the kernel and in EC2, to be written down. */
  attachmentOf(id: string): EniAttachmentFacts | undefined {
    const eni = this.eni(id);
    if (eni === undefined) return undefined;
    const { mac, primaryAddress, subnet, attachmentId } = eni;
    return { mac, primaryAddress, subnet, attachmentId };
  }

  /** Forgets an ENI; the next `repair` removes its rule, its routes and address go with its link. */
  forgetEni(id: string): void {
    this.#enis = new Map([...this.#enis].filter(([other]) => other !== id));
  }

  /**
   * Gives a new ENI its address, table and rule. Something else on the host that cannot be repaired does not make the
   * ENI unusable: it is reported. Throws `NETLINK` when the ENI itself lacks something.
   */
  setUp(eni: NodeEni): void {
    try {
      this.repair();
    } catch (error) {
      if (this.plan(this.observe()).some((step) => concerns(step, eni))) throw error;
      this.#node.logger.warn('part of the host network cannot be repaired', { error });
    }
  }

  /** Brings links, addresses, routes and rules to what is wanted; returns the steps it took, none when all was well. */
  repair(): readonly Step[] {
    const steps = this.plan(this.observe());
    applySteps(this.#node.socket, steps);
    return steps;
  }

  /** The network as it is, in the families that pods have addresses of. */
  observe(): ObservedNetwork {
    return observeNetwork(this.#node.socket, this.families);
  }

  /** The families to look at. IPv4 always: the node has it whatever its pods have. */
  get families(): readonly IpFamily[] {
    // Also while the node has no address of it, which may come.
    const egress = egressFamily(this.#node.settings);
    const ofPods = this.#leases.list().map(({ address }) => familyOf(address));
    return this.#carries('ipv6') || [egress, ...ofPods].includes('ipv6') ? IP_FAMILIES : ['ipv4'];
  }

  /** Reports whether pods have addresses of a family, or had them under earlier settings and still do. */
  #carries(family: IpFamily): boolean {
    const mode: IpFamily = this.#node.settings.ENABLE_IPv6 ? 'ipv6' : 'ipv4';
    return (
      mode === family ||
      this.allocations.some(({ address }) => familyOf(address) === family) ||
      this.branches.pods.some(({ branch }) => familyOf(branch.address) === family)
    );
  }

  /** Who holds which address. */
  get allocations(): readonly Allocation[] {
    return this.#pool().allocations();
  }

  /** The steps from an observed state to the wanted one. */
  plan(observed: ObservedNetwork): readonly Step[] {
    return diffNetwork(this.wanted(observed), observed);
  }

  /** The wanted state of a host with these links. */
  wanted(observed: ObservedNetwork): WantedNetwork {
    const { settings, primaryLink } = this.#node;
    const links = new Set(observed.links.map(({ name }) => name));
    const marks = usesMark({
      externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
      nodePort: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
    });
    const ipv6 = this.#carries('ipv6') ? { ipv6: { addresses: [] } } : {};
    const { branches } = this;
    const enis = this.enis.flatMap(({ link, primary, primaryAddress, subnet, table }) =>
      primary || link === undefined ? [] : [{ link, primaryAddress, subnet, table }],
    );
    const host = wantedHostNetwork({
      primaryLink,
      enis: [...enis, ...(branches.trunk === undefined ? [] : [branches.trunk])]
        .filter(({ link }) => links.has(link))
        .map((eni) => ({ ...eni, ...ipv6 })),
      localLast: branches.localLast(this.families),
      externalServiceCidrs: settings.AWS_EXTERNAL_SERVICE_CIDRS,
      // Packets of IPv6 are neither marked nor translated.
      mark: marks && this.#carries('ipv4') ? settings.AWS_VPC_K8S_CNI_CONNMARK : undefined,
      mtu: settings.AWS_VPC_ENI_MTU,
    });
    const pods = wantedPods({
      pool: this.#pool(),
      observed,
      eniLinks: this.links,
      vethPrefix: settings.AWS_VPC_K8S_CNI_VETHPREFIX,
      takesOver: this.#takesOver,
    });
    const others = bothWanted(this.#leases.wanted(observed), branches.wanted(observed));
    return { ...host, ...bothWanted(pods, others) };
  }

  /** The networks of the VPC from now on; the next `repairPacketRules` follows. */
  useVpcCidrs(cidrs: readonly Ipv4Cidr[]): void {
    this.#vpcCidrs = cidrs;
  }

  /** The networks of the VPC. */
  get vpcCidrs(): readonly Ipv4Cidr[] {
    return this.#vpcCidrs;
  }

  /** Makes our packet rules if those in the kernel were made from other input; reports whether it did. */
  async repairPacketRules(): Promise<boolean> {
    const ipv4 = this.#carries('ipv4');
    const prefix = this.#node.settings.AWS_VPC_K8S_CNI_VETHPREFIX;
    const former = ipv4 ? formerPrefixes(listLinks(this.#node.socket), prefix) : [];
    const pods = { ipv4, vpcCidrs: this.#vpcCidrs, formerPrefixes: former };
    const wanted = wantedPacketRules(this.#node, pods);
    return await this.#packetFilter.repair(wanted.pods, wanted.egress);
  }

  /** Where the packet rules are. */
  get packetFilter(): PacketFilterKind {
    return this.#packetFilter.kind;
  }

  #keep(eni: NodeEni): void {
    this.#enis = new Map([...this.#enis, [eni.id, eni]]);
  }

  /** Every address for which the kernel has a rule or a route of ours, or a link of the host: nothing of that may be given back. */
  addressesInUse(): readonly PodAddress[] {
    const { rules, routes, addresses } = this.observe();
    const single = (cidr: IpCidr): readonly PodAddress[] => (isHostCidr(cidr) ? [cidr.address] : []);
    return [
      ...rules.flatMap(({ from, to }) => [from, to].flatMap((cidr) => (cidr === undefined ? [] : single(cidr)))),
      ...routes.flatMap(({ destination }) => single(destination)),
      ...addresses.map(({ address }) => address.address),
    ];
  }
}

import type { SubnetDescription } from '../../aws/index.ts';
import { HostError, toHostError } from '../../errors/index.ts';
import {
  type DecideInput,
  type EniConfig,
  eniConfigName,
  isExcluded,
  SUBNET_RESTS_MS,
  subnetsForNewEni,
} from '../../pool/index.ts';
import { later } from '../later.ts';
import type { Node } from '../parts.ts';

/** Where a new ENI may lie, best first; each with the groups it gets. */
export interface EniPlace {
  readonly subnetId: string;
  readonly securityGroups: readonly string[];
}

/** Tags and sizes of subnets change rarely; a full one is looked at anew at once. */
const SUBNETS_LIVE_MS = 3_600_000;

/** The node's ENIConfigs: a file here, an API server elsewhere. */
export interface EniConfigSource {
  /** Throws `ENI_CONFIG_MISSING` when there is none of this name. */
  read(name: string): EniConfig;
  /** Labels and annotations of the node, as far as they are known. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Chooses subnets and security groups for new ENIs, and remembers which subnets are full or in pieces. */
export class Placement {
  readonly #node: Node;
  readonly #configs: EniConfigSource | undefined;
  #subnets: { readonly atMs: number; readonly list: readonly SubnetDescription[] } | undefined;
  readonly #fragmentedUntil = new Map<string, number>();
  readonly #fullUntil = new Map<string, number>();
  /** Where the last new ENI was to lie. */
  #last: readonly string[] | undefined;
  #groups: readonly string[];
  #asking: Promise<readonly SubnetDescription[]> | undefined;
  /** Networks of subnets never change, however old the rest of what is known. */
  #described: ReadonlyMap<string, SubnetDescription['cidr']> = new Map();
  #changed: () => void = () => undefined;

  /** `configs` where pods have subnets of their own (custom networking). */
  constructor(node: Node, configs: EniConfigSource | undefined) {
    this.#node = node;
    this.#configs = configs;
    this.#groups = node.identity.securityGroups;
  }

  /** Tells when its answers may have changed: subnets were learned, or one has rested. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** The security groups of new ENIs from now on, where they have those of the node. */
  useGroups(groups: readonly string[]): void {
    this.#groups = groups;
  }

  /** What the decisions need to know of subnets: those without a free /28, those without any free address. */
  get policy(): Pick<DecideInput, 'fragmented' | 'newEniFragmented' | 'full' | 'newEniFull'> {
    const fragmented = this.#resting(this.#fragmentedUntil);
    const full = this.#resting(this.#fullUntil);
    const places = fragmented.size + full.size === 0 ? [] : this.#known();
    const all = (ids: ReadonlySet<string>): boolean => places.length > 0 && places.every((id) => ids.has(id));
    return { fragmented, newEniFragmented: all(new Set([...fragmented, ...full])), full, newEniFull: all(full) };
  }

  noteFragmented(subnetId: string): void {
    this.#rest(this.#fragmentedUntil, subnetId, SUBNET_RESTS_MS.fragmented);
  }

  noteFull(subnetId: string): void {
    this.#rest(this.#fullUntil, subnetId, SUBNET_RESTS_MS.full);
    this.#subnets = undefined;
  }

  #rest(untils: Map<string, number>, subnetId: string, forMs: number): void {
    untils.set(subnetId, this.#node.clock.monotonic() + forMs);
    // A little later than that: then it is over.
    later(this.#node, forMs + 1, () => this.#changed());
  }

  #resting(untils: ReadonlyMap<string, number>): ReadonlySet<string> {
    const now = this.#node.clock.monotonic();
    return new Set([...untils].filter(([, until]) => until > now).map(([id]) => id));
  }

  /** The places to try for a new ENI. Costs an EC2 call once an hour, none without subnet discovery. */
  async places(): Promise<readonly EniPlace[]> {
    const places = await this.#choose();
    this.#last = places.map(({ subnetId }) => subnetId);
    const full = this.#resting(this.#fullUntil);
    const open = places.filter(({ subnetId }) => !full.has(subnetId));
    return open.length > 0 ? open : places;
  }

  async #choose(): Promise<readonly EniPlace[]> {
    const { identity, settings } = this.#node;
    const securityGroups = this.#groups;
    if (this.#configs !== undefined) {
      const config = this.#configs.read(this.configName);
      const groups = config.securityGroups.length > 0 ? config.securityGroups : securityGroups;
      return [{ subnetId: config.subnetId, securityGroups: groups }];
    }
    if (!settings.ENABLE_SUBNET_DISCOVERY) return [{ subnetId: identity.subnetId, securityGroups }];
    const subnets = await this.subnets().catch((error: unknown) => {
      this.#node.logger.warn('subnets cannot be described: the new ENI goes to the subnet of the primary one', {
        error: toHostError(error),
      });
      return undefined;
    });
    // A list without our own subnet is no list of ours: nothing follows from it.
    if (!subnets?.some(({ id }) => id === identity.subnetId)) return [{ subnetId: identity.subnetId, securityGroups }];
    const ids = subnetsForNewEni(subnets, this.#asker);
    if (ids.length === 0) throw new HostError('SUBNET_NONE_TAGGED', { vpc: identity.vpcId });
    return ids.map((subnetId) => ({ subnetId, securityGroups }));
  }

  /** Whether EC2 is asked which subnets there are. */
  get asksForSubnets(): boolean {
    const { ENABLE_SUBNET_DISCOVERY, ENABLE_IMDS_ONLY_MODE } = this.#node.settings;
    return this.#configs === undefined && ENABLE_SUBNET_DISCOVERY && !ENABLE_IMDS_ONLY_MODE;
  }

  /** Name of the ENIConfig of this node. */
  get configName(): string {
    const { settings } = this.#node;
    return eniConfigName({
      labels: this.#configs?.labels ?? {},
      annotations: this.#configs?.annotations ?? {},
      labelKey: settings.ENI_CONFIG_LABEL_DEF,
      annotationKey: settings.ENI_CONFIG_ANNOTATION_DEF,
    });
  }

  /** Whether an ENI in this subnet gives new pods no address: it is tagged out, or the primary one of custom networking. */
  isSpared(eni: { readonly subnetId: string; readonly primary: boolean }): boolean {
    if (this.#configs !== undefined) return eni.primary;
    if (!this.#node.settings.ENABLE_SUBNET_DISCOVERY) return false;
    const subnet = this.#subnets?.list.find(({ id }) => id === eni.subnetId);
    // Unknown, or of another account: no reason to spare it.
    return subnet !== undefined && isExcluded(subnet, this.#asker);
  }

  /** The network of a subnet, as far as subnets were described. */
  cidrOf(subnetId: string): SubnetDescription['cidr'] | undefined {
    return this.#described.get(subnetId);
  }

  /** The subnets of the zone, from memory while they are young. */
  async subnets(): Promise<readonly SubnetDescription[]> {
    const known = this.#subnets;
    if (known !== undefined && this.#node.clock.monotonic() - known.atMs < SUBNETS_LIVE_MS) return known.list;
    // The start and the first new ENI ask at the same moment.
    this.#asking ??= this.#describe().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #describe(): Promise<readonly SubnetDescription[]> {
    const { ec2, identity, clock } = this.#node;
    const { vpcId, availabilityZone } = identity;
    const list = await ec2.describeSubnets({ vpcId, availabilityZone });
    this.#subnets = { atMs: clock.monotonic(), list };
    this.#described = new Map(list.map(({ id, cidr }) => [id, cidr]));
    this.#changed();
    return list;
  }

  get #asker(): { readonly primarySubnetId: string; readonly clusterName: string } {
    return { primarySubnetId: this.#node.identity.subnetId, clusterName: this.#node.settings.CLUSTER_NAME };
  }

  #known(): readonly string[] {
    if (this.#last !== undefined) return this.#last;
    if (this.#configs !== undefined) return [];
    if (this.#subnets === undefined) return [this.#node.identity.subnetId];
    return subnetsForNewEni(this.#subnets.list, this.#asker);
  }
}

import { formatCidr, isIpv4 } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';
import { type ErrorCode, HostError, toHostError } from '../../errors/index.ts';
import type { Logger } from '../../log/index.ts';
import type { Owner } from '../../pool/index.ts';
import type { Clock } from '../../sys/index.ts';
import { MULTI_NIC } from '../nics.ts';
import { Turns } from '../turns.ts';
import type { AddReply, AddRequest, DelReply, DelRequest, PolicyConfig } from './messages.ts';

/** An address of a pod, and the place in the host network of the ENI that has it. */
export interface GivenAddress {
  readonly address: string;
  /** Absent when no ENI of ours has the address any more. */
  readonly eni: { readonly id: string; readonly device: number; readonly table: number } | undefined;
}

/** The ENI that a pod has of its own, as a VLAN of the trunk whose link has this number. */
export interface GivenBranch {
  readonly address: string;
  readonly vlanId: number;
  readonly mac: string;
  readonly gateway: string;
  /** 0 while there is no trunk: such a pod can only be deleted. */
  readonly trunkIndex: number;
}

/** What the interface needs of the daemon. The plugin wires its pods itself: nothing here touches the kernel. */
export interface GrpcDaemon {
  readonly settings: Pick<
    Settings,
    | 'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS'
    | 'AWS_VPC_K8S_CNI_EXTERNALSNAT'
    | 'ENABLE_IPv6'
    | 'ENABLE_MULTI_NIC'
    | 'NETWORK_POLICY_ENFORCING_MODE'
    | 'VPC_CNI_VERSION'
  >;
  readonly node: {
    readonly instanceId: string;
    readonly region: string;
    readonly ipv4: string;
    readonly ipv6: string;
    readonly vpcIpv4Cidrs: readonly string[];
    readonly vpcIpv6Cidrs: readonly string[];
  };
  readonly logger: Logger;
  /** The owner's addresses, one for each card when it has several. */
  readonly find: (owner: Owner) => readonly GivenAddress[];
  /** As the daemon's own ADD: waits for growth, is written down before it returns, throws the cause. */
  readonly allocate: (
    owner: Owner,
    options: { readonly everyCard: boolean; readonly gone: AbortSignal },
  ) => Promise<void>;
  readonly release: (owner: Owner) => void;
  /** The owner's own ENI; `undefined` when its pod is to have an address of the pool. Throws why it cannot be told. */
  readonly branch: (owner: Owner) => GivenBranch | undefined;
  /** Throws `TRUNK_MISSING` while no such pod can be wired. */
  readonly requireTrunk: () => void;
  /** Counts a call by what became of it. */
  readonly count: (
    command: 'ADD' | 'DEL',
    code: string,
    more: { readonly reason: string; readonly ms: number },
  ) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** What a call comes to: a reply, or gRPC's status with a text that the caller may look into. */
export type Answer<Reply> =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | {
      readonly kind: 'refused';
      readonly status: 'FAILED_PRECONDITION' | 'UNAVAILABLE' | 'UNKNOWN';
      readonly text: string;
    };

/** The plugin looks for the second line in the text, and takes it for success; the rest is how upstream lists errors. */
export const UNKNOWN_POD = '1 error occurred:\n\t* datastore: unknown pod\n\n';

/** Not a lack of addresses but a fault: told with its text, where `Success: false` would hide it. */
const FAULTS: ReadonlySet<ErrorCode> = new Set(['FILE_FAILED', 'FILE_NOT_REGULAR', 'INTERNAL']);

const FAILED: AddReply & DelReply = {
  Success: false,
  IPAllocationMetadata: [],
  UseExternalSNAT: false,
  VPCv4CIDRs: [],
  PodVlanId: 0,
  PodENIMAC: '',
  PodENISubnetGW: '',
  ParentIfIndex: 0,
  VPCv6CIDRs: [],
  NetworkPolicyMode: '',
};

type Call = Pick<AddRequest, 'ContainerID' | 'IfName' | 'NetworkName' | 'K8S_POD_NAME' | 'K8S_POD_NAMESPACE'>;

const ownerOf = (call: Call): Owner => ({
  network: call.NetworkName,
  containerId: call.ContainerID,
  ifName: call.IfName,
  podNamespace: call.K8S_POD_NAMESPACE || undefined,
  podName: call.K8S_POD_NAME || undefined,
});

const lacksKey = (call: Call): boolean => call.ContainerID === '' || call.IfName === '' || call.NetworkName === '';

const listed = (allocations: readonly GivenAddress[]): AddReply['IPAllocationMetadata'] =>
  allocations.map(({ address, eni }) => ({
    IPv4Addr: isIpv4(address) ? address : '',
    IPv6Addr: isIpv4(address) ? '' : address,
    DeviceNumber: eni?.device ?? 0,
    RouteTableId: eni?.table ?? 0,
  }));

/** An address of no ENI that the host knows: upstream's plugin expects these numbers with it. */
const listedBranch = ({ address }: GivenBranch): AddReply['IPAllocationMetadata'] =>
  listed([{ address, eni: undefined }]).map((each) => ({ ...each, DeviceNumber: -1 }));

/** The two services of aws-node's ipamd, for its plugin and its network-policy agent. */
export class GrpcBackend {
  readonly #daemon: GrpcDaemon;
  readonly #turns = new Turns();

  constructor(daemon: GrpcDaemon) {
    this.#daemon = daemon;
  }

  /** An address for a sandbox; the same one when it is asked for again. */
  async addNetwork(request: AddRequest, gone: AbortSignal): Promise<Answer<AddReply>> {
    return this.#counted<AddReply>('ADD', '', async () => {
      const wrong = this.#versionRefusal(request.ClientVersion);
      if (wrong !== undefined) return wrong;
      if (lacksKey(request)) return reply(FAILED);
      return this.#turns.run(`${request.ContainerID}/${request.IfName}`, () => this.#add(request, gone));
    });
  }

  async #add(request: AddRequest, gone: AbortSignal): Promise<Answer<AddReply>> {
    const { settings, logger, find, allocate, release, branch, requireTrunk } = this.#daemon;
    const owner = ownerOf(request);
    const isNew = find(owner).length === 0;
    // What runs with an address of the pool keeps it.
    const own = isNew ? branch(owner) : undefined;
    if (own !== undefined) {
      requireTrunk();
      logger.info('branch ENI told over gRPC', { container_id: owner.containerId, pod_ip: own.address });
      return reply({
        ...this.#given(),
        IPAllocationMetadata: listedBranch(own),
        PodVlanId: own.vlanId,
        PodENIMAC: own.mac,
        PodENISubnetGW: own.gateway,
        ParentIfIndex: own.trunkIndex,
      });
    }
    const everyCard = request.RequiresMultiNICAttachment;
    if (everyCard && !settings.ENABLE_MULTI_NIC) throw new HostError('MULTI_NIC_OFF', MULTI_NIC);
    await allocate(owner, { everyCard, gone });
    const allocations = find(owner);
    if (gone.aborted && isNew) {
      // Nobody heard the answer, so nobody has wired it; the DEL that follows finds nothing, which is a success.
      release(owner);
      return reply(FAILED);
    }
    logger.info('address given over gRPC', {
      container_id: owner.containerId,
      pod_ip: allocations.map(({ address }) => address).join(' '),
      eni_id: allocations[0]?.eni?.id,
    });
    return reply({ ...this.#given(), IPAllocationMetadata: listed(allocations) });
  }

  /** What every successful answer tells of the node. */
  #given(): AddReply {
    const { settings, node } = this.#daemon;
    const external = settings.AWS_VPC_K8S_CNI_EXTERNALSNAT;
    const excluded = external ? [] : settings.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS.map(formatCidr);
    return {
      ...FAILED,
      Success: true,
      UseExternalSNAT: !settings.ENABLE_IPv6 && external,
      VPCv4CIDRs: settings.ENABLE_IPv6 ? [] : [...node.vpcIpv4Cidrs, ...excluded],
      VPCv6CIDRs: settings.ENABLE_IPv6 ? node.vpcIpv6Cidrs : [],
      NetworkPolicyMode: settings.NETWORK_POLICY_ENFORCING_MODE,
    };
  }

  /**
   * Takes a sandbox's addresses back. The plugin unwires after this, from what the reply says: only the cooldown keeps an
   * address from the next pod meanwhile.
   */
  async delNetwork(request: DelRequest): Promise<Answer<DelReply>> {
    return this.#counted<DelReply>('DEL', request.Reason, async () => {
      const wrong = this.#versionRefusal(request.ClientVersion);
      if (wrong !== undefined) return wrong;
      if (lacksKey(request)) return reply(FAILED);
      const { settings, logger, find, release } = this.#daemon;
      const owner = ownerOf(request);
      const allocations = find(owner);
      // Ends an ADD that still waits, too.
      release(owner);
      const own = allocations.length === 0 ? this.#deletedBranch(owner) : undefined;
      if (own !== undefined)
        return reply({
          Success: true,
          IPAllocationMetadata: listedBranch(own),
          PodVlanId: own.vlanId,
          NetworkPolicyMode: settings.NETWORK_POLICY_ENFORCING_MODE,
        });
      if (allocations.length === 0) return { kind: 'refused', status: 'UNKNOWN', text: UNKNOWN_POD };
      logger.info('address taken back over gRPC', {
        container_id: owner.containerId,
        pod_ip: allocations.map(({ address }) => address).join(' '),
        reason: request.Reason,
      });
      return reply({
        Success: true,
        IPAllocationMetadata: listed(allocations),
        PodVlanId: 0,
        NetworkPolicyMode: settings.NETWORK_POLICY_ENFORCING_MODE,
      });
    });
  }

  /**
   * The branch ENI of a pod that goes. The plugin asks only when it has lost the result of its ADD; a file that cannot be
   * read must not keep pods from going then, most of which were deleted before and have no branch ENI at all.
   */
  #deletedBranch(owner: Owner): GivenBranch | undefined {
    try {
      return this.#daemon.branch(owner);
    } catch (error) {
      this.#daemon.logger.warn('whether a pod that goes had a branch ENI is not known', {
        container_id: owner.containerId,
        error: toHostError(error),
      });
      return undefined;
    }
  }

  /** What the network-policy agent asks for when it starts. */
  policyConfig(): Answer<PolicyConfig> {
    const { settings, node } = this.#daemon;
    return reply({
      NetworkPolicyMode: settings.NETWORK_POLICY_ENFORCING_MODE,
      MultiNICEnabled: settings.ENABLE_MULTI_NIC,
      NodeIPv4: settings.ENABLE_IPv6 ? '' : node.ipv4,
      NodeIPv6: settings.ENABLE_IPv6 ? node.ipv6 : '',
      InstanceID: node.instanceId,
      Region: node.region,
    });
  }

  /**
   * Upstream compares the versions of plugin and daemon, which are built together. Ours are not, so the operator says which
   * plugin is meant, if any; one that tells no version, as most builds of it do, is taken.
   */
  #versionRefusal(version: string): Extract<Answer<never>, { kind: 'refused' }> | undefined {
    const wanted = this.#daemon.settings.VPC_CNI_VERSION;
    if (wanted === '' || version === '' || version === wanted) return undefined;
    const text = `wrong client version ${JSON.stringify(version)} (!= ${JSON.stringify(wanted)})`;
    return { kind: 'refused', status: 'FAILED_PRECONDITION', text };
  }

  async #counted<R extends AddReply | DelReply>(
    command: 'ADD' | 'DEL',
    reason: string,
    work: () => Promise<Answer<R>>,
  ): Promise<Answer<R> | Answer<typeof FAILED>> {
    const { logger, count, clock } = this.#daemon;
    const started = clock.monotonic();
    const more = () => ({ reason, ms: clock.monotonic() - started });
    try {
      const answer = await work();
      const code = answer.kind === 'refused' ? answer.status : answer.reply.Success ? 'ok' : 'CNI_ENV';
      count(command, code, more());
      return answer;
    } catch (caught) {
      const error = toHostError(caught);
      count(command, error.code, more());
      logger.warn('call over gRPC refused', { command, error });
      if (!FAULTS.has(error.code)) return reply(FAILED);
      const status = error.retry === 'never' ? 'UNKNOWN' : 'UNAVAILABLE';
      return { kind: 'refused', status, text: `${error.code}: ${error.message}; ${error.remedy}` };
    }
  }
}

function reply<R>(value: R): { readonly kind: 'reply'; readonly reply: R } {
  return { kind: 'reply', reply: value };
}

import { familyOf, type IpAddress } from '../../addr/index.ts';
import type { AddResult, CniCall } from '../../cniproto/index.ts';
import {
  branchUnwiring,
  type PodWiring,
  readPodAlias,
  sameInterface,
  type TakenOverEnds,
} from '../../dataplane/index.ts';
import { HostError } from '../../errors/index.ts';
import { applySteps, findLink, takenOverEnds, untilPodReceives, wirePod } from '../../kernel/index.ts';
import type { Owner } from '../../pool/index.ts';
import type { Netns } from '../../sys/index.ts';
import { identityOf, ownerOf, resultOf } from '../attachment.ts';
import type { KeptResult } from '../check-result.ts';
import type { Node } from '../parts.ts';
import type { Branches, BranchPod } from './branches.ts';
import type { PodEniSource } from './pod-enis.ts';
import { trunkComplaint } from './trunk.ts';

/** Serves the CNI commands of pods that have branch ENIs: their addresses are none of the pool. */
export class BranchAttachments {
  readonly #node: Node;
  readonly #branches: Branches;
  readonly #source: PodEniSource;

  constructor(node: Node, branches: Branches, source: PodEniSource) {
    this.#node = node;
    this.#branches = branches;
    this.#source = source;
  }

  /** The pod of this call with its branch ENI; `undefined` when it has an address of the pool. Throws why it must wait. */
  wanted(call: CniCall): BranchPod | undefined {
    const { settings } = this.#node;
    const owner = ownerOf(call);
    const known = this.#branches.find(owner);
    if (known !== undefined) return known;
    if (!settings.ENABLE_POD_ENI) return undefined;
    const branch = this.#source.read(owner, settings.ENABLE_IPv6 ? 'ipv6' : 'ipv4');
    if (branch === undefined) return undefined;
    const mode = settings.POD_SECURITY_GROUP_ENFORCING_MODE;
    const vethPrefix = call.config.vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX;
    return { owner, branch, mode, vethPrefix, mtu: call.config.mtu ?? settings.POD_MTU };
  }

  /** Wires the pod. Throws `TRUNK_MISSING`, and what the kernel refused; then nothing of it is left. */
  async add(asked: BranchPod, call: CniCall, netns: Netns): Promise<AddResult> {
    const refusal = trunkComplaint(this.#node, this.#branches.trunk);
    if (refusal !== undefined) throw refusal;
    const isNew = this.#branches.find(asked.owner) === undefined;
    const ends = this.#takenOver(asked, netns);
    // With its pair gone, nothing is left of what another plugin made.
    const { hostEnd, ...fresh } = asked;
    const pod = hostEnd?.takenOver === true && ends === undefined ? fresh : asked;
    const wiring = this.#branches.wiring(pod, ends);
    const { address, gateway } = pod.branch;
    // Noted first: what is in the kernel and known to nobody would be taken away as too much.
    this.#branches.put(pod);
    try {
      wirePod(this.#node.socket, netns, wiring);
    } catch (error) {
      if (isNew) this.#branches.remove(pod.owner);
      throw error;
    }
    if (familyOf(address) === 'ipv6') {
      await untilPodReceives({ netns, address, clock: this.#node.clock });
      const { containerId, ifName } = pod.owner;
      if (this.#branches.find(pod.owner) === undefined)
        throw new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName });
    }
    const result = resultOf(call, [{ address, wiring }]);
    return { ...result, ips: result.ips.map((ip) => ({ ...ip, gateway })) };
  }

  /** Unwires the pod, if it is one of these; its address, `undefined` when it is not. */
  delete(owner: Owner): IpAddress | undefined {
    const pod = this.#branches.find(owner);
    if (pod === undefined) return undefined;
    const wiring = this.#branches.wiring(pod);
    const hostEnd = this.#hasHostEnd(pod, wiring);
    applySteps(this.#node.socket, branchUnwiring(wiring, { hostEnd, replaced: this.#branches.isReplaced(pod) }));
    this.#branches.remove(owner);
    return pod.branch.address;
  }

  /** How this owner's pod is wired; `undefined` when it is none of these. */
  wired(owner: Owner, netns: Netns): Pick<KeptResult, 'address' | 'table' | 'wiring'> | undefined {
    const pod = this.#branches.find(owner);
    if (pod === undefined) return undefined;
    const wiring = this.#branches.wiring(pod, this.#takenOver(pod, netns));
    return { address: pod.branch.address, table: undefined, wiring };
  }

  /** Reports whether this owner's pod is one of these. */
  has(owner: Owner): boolean {
    return this.#branches.find(owner) !== undefined;
  }

  #takenOver({ owner, hostEnd }: BranchPod, netns: Netns): TakenOverEnds | undefined {
    return hostEnd?.takenOver === true ? takenOverEnds(this.#node.socket, netns, identityOf(owner)) : undefined;
  }

  #hasHostEnd({ owner }: BranchPod, wiring: PodWiring): boolean {
    const { alias = '' } = findLink(this.#node.socket, wiring.veth.host.name) ?? {};
    const named = readPodAlias(alias);
    return named !== undefined && sameInterface(named, identityOf(owner));
  }
}

import type { IpFamily, MacAddress } from '../../addr/index.ts';
import {
  type BranchEni,
  branchWiring,
  DEAD_LINK_GROUP,
  type EnforcingMode,
  type EniLink,
  isTakenOver,
  isVlanAlias,
  modeOfHostEnd,
  type ObservedNetwork,
  type PodWiring,
  podMacs,
  readBranchAlias,
  readPodAlias,
  type Step,
  sameInterface,
  type TakenOverEnds,
  vethPrefixOf,
  vlanLinkName,
  type WantedNetwork,
} from '../../dataplane/index.ts';
import { applySteps, listLinks } from '../../kernel/index.ts';
import type { Owner } from '../../pool/index.ts';
import { identityOf } from '../attachment.ts';
import type { Node } from '../parts.ts';

/** A pod with security groups of its own, as it is wired. */
export interface BranchPod {
  readonly owner: Owner;
  readonly branch: BranchEni;
  readonly mode: EnforcingMode;
  readonly vethPrefix: string;
  readonly mtu: number;
  /** Its host end as an earlier daemon, or another CNI plugin, made it. */
  readonly hostEnd?: { readonly name: string; readonly mac: MacAddress | undefined; readonly takenOver: boolean };
}

/** The trunk ENI once its link is there. */
export interface Trunk extends EniLink {
  readonly id: string;
  readonly mac: MacAddress;
}

type Parts = Pick<Node, 'settings' | 'socket'>;

/**
 * The pods of this node that have branch ENIs, and the trunk. Nothing of them is written down: the alias of a host end has
 * it all, lives exactly as long as the pod, and is where a new daemon reads it.
 */
export class Branches {
  readonly #parts: Parts;
  #pods: readonly BranchPod[];
  #trunk: Trunk | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#pods = this.#recover();
  }

  get pods(): readonly BranchPod[] {
    return this.#pods;
  }

  get trunk(): Trunk | undefined {
    return this.#trunk;
  }

  /** Notes the trunk, or that there is none any more. */
  useTrunk(trunk: Trunk | undefined): void {
    this.#trunk = trunk;
  }

  find(owner: Owner): BranchPod | undefined {
    return this.#pods.find((pod) => isOf(pod, owner));
  }

  /** Notes a pod; in the place of what was known of the same interface. */
  put(pod: BranchPod): void {
    this.#pods = [...this.#pods.filter((other) => !isOf(other, pod.owner)), pod];
  }

  remove(owner: Owner): void {
    this.#pods = this.#pods.filter((pod) => !isOf(pod, owner));
  }

  /**
   * How the pod is wired. Without a trunk nothing can be made of it, only compared and removed. `ends` are those of a pod
   * that was taken over; of these only the host's end can be seen from here.
   */
  wiring({ owner, branch, mode, vethPrefix, mtu, hostEnd }: BranchPod, ends?: TakenOverEnds): PodWiring {
    const pod = identityOf(owner);
    const seen = (): TakenOverEnds | undefined => {
      if (hostEnd?.takenOver !== true || hostEnd.mac === undefined) return undefined;
      return { host: { name: hostEnd.name, mac: hostEnd.mac }, containerMac: podMacs(pod).container };
    };
    const trunk = this.#trunk?.link ?? '';
    const known = { hostName: hostEnd?.name, takenOver: ends ?? seen() };
    return branchWiring({ pod, branch, mode, trunk, vethPrefix, mtu, ...known });
  }

  /** Reports whether a pod came later that has the same VLAN: all that hangs on it is that pod's. */
  isReplaced(pod: BranchPod): boolean {
    const at = this.#pods.indexOf(pod);
    return this.#pods.some((other, place) => place > at && other.branch.vlanId === pod.branch.vlanId);
  }

  /** Families in which the table of the host's own addresses comes after the rules of these pods. */
  localLast(families: readonly IpFamily[]): readonly IpFamily[] {
    const { ENABLE_POD_ENI: enabled, POD_SECURITY_GROUP_ENFORCING_MODE: mode } = this.#parts.settings;
    // Pods that were wired so keep what they were promised until they go.
    return (enabled && mode === 'strict') || this.#pods.some((pod) => pod.mode === 'strict') ? families : [];
  }

  /** What of these pods is to be on the host; a pod whose host end is gone is waiting for its DEL. */
  wanted(
    observed: ObservedNetwork,
  ): Required<Pick<WantedNetwork, 'podRules' | 'podRoutes' | 'podNeighbours' | 'podMacs' | 'podAliases' | 'vlans'>> {
    const links = new Set(observed.links.filter(({ group }) => group !== DEAD_LINK_GROUP).map(({ name }) => name));
    const wired = this.#pods
      .filter((pod) => !this.isReplaced(pod))
      .map((pod) => ({ pod, wiring: this.wiring(pod) }))
      .filter(({ wiring }) => links.has(wiring.veth.host.name));
    const wirings = wired.map(({ wiring }) => wiring);
    // The MACs of a pod that was taken over are its own: it sends to the one it was told, and answers with one not seen here.
    const made = wired.filter(({ pod }) => pod.hostEnd?.takenOver !== true).map(({ wiring }) => wiring);
    const branches = wirings.flatMap(({ branch }) => branch ?? []);
    const ofKind = <K extends Step['kind']>(kind: K, of: readonly PodWiring[]) =>
      of
        .flatMap(({ hostSteps }) => hostSteps)
        .filter((step): step is Extract<Step, { readonly kind: K }> => step.kind === kind);
    return {
      podRules: wirings.flatMap(({ hostRules }) => hostRules),
      podRoutes: ofKind('replace-route', wirings).map(({ route }) => route),
      podNeighbours: ofKind('set-neighbour', made),
      podMacs: made.map(({ veth: { host } }) => ({ link: host.name, mac: host.mac })),
      podAliases: ofKind('set-link', wirings).flatMap(({ link, alias }) =>
        alias === undefined ? [] : [{ link, alias }],
      ),
      vlans: this.#trunk === undefined ? [] : branches,
    };
  }

  /** The pods that the kernel tells of. Links of branch ENIs without a pod are left to whoever removes the dead. */
  #recover(): readonly BranchPod[] {
    const { socket } = this.#parts;
    const links = listLinks(socket).filter(({ group }) => group !== DEAD_LINK_GROUP);
    const pods = links.flatMap(({ name, mac, alias = '', mtu }): readonly BranchPod[] => {
      const [branch, pod] = [readBranchAlias(alias), readPodAlias(alias)];
      if (branch === undefined || pod === undefined) return [];
      const { namespace, name: podName, ...key } = pod;
      const owner = { ...key, podNamespace: namespace, podName };
      const hostEnd = { name, mac, takenOver: isTakenOver(alias) };
      return [{ owner, branch, mode: modeOfHostEnd(name), vethPrefix: vethPrefixOf(name), mtu, hostEnd }];
    });
    const names = new Set(pods.map(({ branch }) => vlanLinkName(branch.vlanId)));
    const stale = links.filter(({ name, alias = '' }) => isVlanAlias(alias) && !names.has(name));
    applySteps(
      socket,
      stale.map(({ name }) => ({ kind: 'set-link', link: name, group: DEAD_LINK_GROUP })),
    );
    return pods;
  }
}

const isOf = (pod: BranchPod, owner: Owner): boolean => sameInterface(identityOf(pod.owner), identityOf(owner));

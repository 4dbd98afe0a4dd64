import { familyOf } from '../../addr/index.ts';
import { type AddResult, type CniCall, renderResult } from '../../cniproto/index.ts';
import {
  DEAD_LINK_GROUP,
  EGRESS,
  egressFamilyOf,
  egressIdentity,
  egressWiring,
  type PodWiring,
  podUnwiring,
  readPodAlias,
  vethPrefixOf,
} from '../../dataplane/index.ts';
import { HostError } from '../../errors/index.ts';
import {
  applySteps,
  checkPod,
  listLinks,
  openPodNetns,
  takenOverEnds,
  untilPodReceives,
  wirePod,
} from '../../kernel/index.ts';
import type { OwnerKey } from '../../pool/index.ts';
import type { Netns } from '../../sys/index.ts';
import { attachmentOf, ownerOf, previousResult, unknownAttachment } from '../attachment.ts';
import type { Node } from '../parts.ts';
import type { Reaper } from '../reaper.ts';
import type { Lease, Leases } from './leases.ts';

type Parts = Pick<Node, 'clock' | 'logger' | 'settings' | 'socket' | 'egress'>;

/**
 * The plugin egress-cni: a second interface, whose addresses only this node knows, for the family that pods have no address
 * of the VPC in. Where it is not enabled it hands on what came before it in the chain.
 */
export class Egress {
  readonly #node: Parts;
  readonly #leases: Leases;
  readonly #reaper: Reaper;

  constructor(node: Parts, leases: Leases, reaper: Reaper) {
    this.#node = node;
    this.#leases = leases;
    this.#reaper = reaper;
  }

  /** Answers one call of egress-cni. */
  async serve(call: CniCall, gone: AbortSignal): Promise<unknown> {
    switch (call.command) {
      case 'ADD':
        return this.#add(call, gone);
      case 'DEL':
        this.remove(ownerOf(call));
        return {};
      case 'CHECK':
        return this.#check(call);
      case 'STATUS':
        if (call.config.enabled === true) this.#family();
        return {};
      case 'GC':
        return this.#collect(call);
      default:
        return call.command satisfies never;
    }
  }

  /** Carries out a DEL; of a sandbox without an address its host end may be left all the same. */
  remove(owner: OwnerKey): void {
    if (this.#leases.find(owner) === undefined) this.#bury(this.#seen().filter((each) => sameSandbox(each, owner)));
    else this.release(owner);
  }

  /** Takes the second interface of a sandbox away and frees its address; it may have none, or have lost it already. */
  release(owner: OwnerKey): void {
    const lease = this.#leases.find(owner);
    if (lease === undefined) return;
    const { address } = lease;
    applySteps(this.#node.socket, podUnwiring({ address, rules: [], link: this.#hostEnd(lease) }));
    this.#leases.release(owner);
    this.#reaper.later(address);
    this.#node.logger.info('egress deleted', { container_id: owner.containerId, pod_ip: address });
  }

  /** The family pods are to reach. Throws `CNI_CONFIG` when the conflist asks for what the settings do not. */
  #family(): NonNullable<Node['egress']>['family'] {
    const { egress } = this.#node;
    if (egress === undefined)
      throw new HostError('CNI_CONFIG', { reason: 'egress-cni is enabled in it, and not in the settings of ipamd' });
    return egress.family;
  }

  async #add(call: CniCall, gone: AbortSignal): Promise<unknown> {
    const before = previousResult(call);
    if (call.config.enabled !== true) return renderResult(before, call.config.cniVersion);
    const family = this.#family();
    const owner = ownerOf(call);
    using netns = openPodNetns(call.netns);
    const known = this.#leases.find(owner);
    const lease = this.#leases.assign(family, owner);
    const wiring = this.#wiring(call, lease, { netns, hostEnd: known && this.#hostEnd(known) });
    try {
      await this.#reaper.clear(lease.address);
      gone.throwIfAborted();
      // Its DEL may have come and gone meanwhile.
      if (this.#leases.find(owner)?.address !== lease.address) throw unknownAttachment(owner);
      wirePod(this.#node.socket, netns, wiring);
    } catch (error) {
      // Nor the address of an ADD that came after the DEL that ended this one.
      if (known === undefined && this.#leases.find(owner) === lease) this.#leases.release(owner);
      throw error;
    }
    await untilPodReceives({ netns, address: lease.address, clock: this.#node.clock });
    // Its DEL may have come and gone meanwhile.
    if (this.#leases.find(owner)?.address !== lease.address) throw unknownAttachment(owner);
    this.#node.logger.info('egress added', { container_id: call.containerId, pod_ip: lease.address });
    return renderResult(withPair(before, wiring, call.netns), call.config.cniVersion);
  }

  #check(call: CniCall): Record<string, never> {
    const owner = ownerOf(call);
    const { containerId } = owner;
    const lease = this.#leases.find(owner);
    if (lease === undefined && call.config.enabled !== true) return {};
    if (lease === undefined) {
      const { ifName } = EGRESS[this.#family()];
      // Added while the node had no address of that family.
      if (!previousResult(call).interfaces.some(({ name }) => name === ifName)) return {};
      throw new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName });
    }
    using netns = openPodNetns(call.netns);
    const wiring = this.#wiring(call, lease, { netns, hostEnd: this.#hostEnd(lease) });
    const { name } = wiring.veth.container;
    if (!previousResult(call).interfaces.some((each) => each.name === name && each.sandbox !== undefined))
      throw new HostError('CHECK_FAILED', { containerId, difference: `the result given lacks interface ${name}` });
    const difference = checkPod(this.#node.socket, netns, wiring);
    if (difference !== undefined) throw new HostError('CHECK_FAILED', { containerId, difference });
    return {};
  }

  #collect(call: CniCall): Record<string, never> {
    if (call.config.validAttachments === undefined)
      throw new HostError('CNI_CONFIG', { reason: 'GC without cni.dev/valid-attachments' });
    const { name } = call.config;
    const valid = new Set(call.config.validAttachments.map(attachmentOf));
    const sandboxes = new Set(call.config.validAttachments.map(({ containerId }) => containerId));
    // All are tried before the first failure is told (CNI specification, GC).
    const failures = this.#leases.list().flatMap(({ owner }): readonly unknown[] => {
      if (owner.network !== name || valid.has(attachmentOf(owner))) return [];
      try {
        this.release(owner);
        return [];
      } catch (error) {
        return [error];
      }
    });
    // Of the others nothing is known any more but what their host ends say.
    this.#bury(this.#seen().filter(({ network, containerId }) => network === name && !sandboxes.has(containerId)));
    if (failures.length > 0) throw failures[0];
    return {};
  }

  /** `hostEnd` of a pair that may be there already, made when the prefix was another one. */
  #wiring(
    call: CniCall,
    { address, owner }: Lease,
    { netns, hostEnd }: { readonly netns: Netns; readonly hostEnd: string | undefined },
  ): PodWiring {
    const { settings, socket } = this.#node;
    return egressWiring({
      family: familyOf(address),
      address,
      pod: owner,
      podIfName: call.ifName,
      vethPrefix: hostEnd === undefined ? settings.AWS_VPC_K8S_CNI_VETHPREFIX : vethPrefixOf(hostEnd),
      mtu: call.config.mtu ?? settings.POD_MTU,
      takenOver: takenOverEnds(socket, netns, egressIdentity(familyOf(address), owner)),
    });
  }

  /** The name of a pair's host end; `undefined` when it is gone. The alias decides: the prefix may have been another one. */
  #hostEnd({ address, owner }: Lease): string | undefined {
    const { ifName } = EGRESS[familyOf(address)];
    return this.#seen().find((each) => each.ifName === ifName && sameSandbox(each, owner))?.link;
  }

  /** Every host end of a second interface, and whose it is. */
  #seen(): readonly (OwnerKey & { readonly link: string })[] {
    return listLinks(this.#node.socket).flatMap(({ name, alias, group }) => {
      const pod = alias === undefined || group === DEAD_LINK_GROUP ? undefined : readPodAlias(alias);
      return pod === undefined || egressFamilyOf(pod.ifName) === undefined ? [] : [{ ...pod, link: name }];
    });
  }

  /** Leaves host ends to the reaper whose owner has no address. */
  #bury(ends: readonly { readonly link: string }[]): void {
    if (ends.length === 0) return;
    applySteps(
      this.#node.socket,
      ends.map(({ link }) => ({ kind: 'set-link', link, group: DEAD_LINK_GROUP }) as const),
    );
    this.#reaper.later();
  }
}

const sameSandbox = (a: OwnerKey, b: OwnerKey): boolean => a.containerId === b.containerId && a.network === b.network;

/** The result with both ends of the second pair; its address is not the pod's, and stays out as upstream leaves it out. */
function withPair(before: AddResult, { veth }: PodWiring, sandbox: string): AddResult {
  const { host, container, mtu } = veth;
  return {
    ...before,
    interfaces: [
      ...before.interfaces,
      { name: host.name, mac: host.mac, mtu },
      { name: container.name, mac: container.mac, mtu, sandbox },
    ],
  };
}

import { familyOf } from '../addr/index.ts';
import {
  appendResult,
  askedFor,
  type CniCall,
  parseCniCall,
  parsePrevResult,
  renderResult,
} from '../cniproto/index.ts';
import {
  DEAD_LINK_GROUP,
  MAIN_TABLE,
  type PodWiring,
  podRules,
  podUnwiring,
  podWiring,
  rulesOfAddress,
  vethPrefixOf,
} from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import {
  applySteps,
  checkPod,
  listOwnRules,
  openPodNetns,
  takenOverEnds,
  untilPodReceives,
  wirePod,
} from '../kernel/index.ts';
import type { Allocation, Owner } from '../pool/index.ts';
import type { Netns } from '../sys/index.ts';
import { AddsUnderWay } from './adds-under-way.ts';
import {
  attachmentOf,
  identityOf,
  ownerOf,
  previousResult,
  requireFit,
  resultOf,
  unknownAttachment,
} from './attachment.ts';
import { BranchAttachments, type Branches, podEnisOfFile } from './branch/index.ts';
import { resultDifference, wiringAfterChain } from './check-result.ts';
import type { Leases } from './egress/leases.ts';
import { Egress } from './egress/plugin.ts';
import type { Engine } from './engine.ts';
import { hostEndOf, hostEndsOf, ownersSeen } from './host-ends.ts';
import { allocationsOf, nicsOn, wantsEveryCard } from './nics.ts';
import type { Node } from './parts.ts';
import type { Reaper } from './reaper.ts';
import { tellAdded, tellDeleted } from './tell-calls.ts';
import { TimeSlices } from './time-slices.ts';

/**
 * Serves the CNI commands: an address from the pool, wired in one piece, and unwired and freed in one. Between an address and its
 * wiring others may have their turn, and the pod its DEL: whether it is still wanted is asked at the wiring.
 */
export class Attachments {
  readonly #branches: BranchAttachments;
  readonly #node: Node;
  readonly #engine: Engine;
  readonly #egress: Egress;
  readonly #adds = new AddsUnderWay();
  readonly #reaper: Reaper;
  readonly #slices: TimeSlices;

  constructor(
    node: Node,
    engine: Engine,
    pods: { readonly leases: Leases; readonly branches: Branches; readonly reaper: Reaper },
  ) {
    this.#branches = new BranchAttachments(node, pods.branches, podEnisOfFile(node));
    this.#node = node;
    this.#engine = engine;
    this.#egress = new Egress(node, pods.leases, pods.reaper);
    this.#reaper = pods.reaper;
    this.#slices = new TimeSlices(node.clock);
  }

  /** Answers one call with the body of the reply. Throws the failure the runtime is to see. */
  serve(request: unknown, gone: AbortSignal): Promise<unknown> {
    return this.#slices.run(() => this.#serve(request, gone));
  }

  async #serve(request: unknown, gone: AbortSignal): Promise<unknown> {
    const call = parseCniCall(request);
    if (call.plugin === 'egress-cni') return this.#egress.serve(call, gone);
    switch (call.command) {
      case 'ADD':
        return this.#adds.run(attachmentOf(call), gone, (ended) => this.#add(call, ended));
      case 'DEL':
        return this.#delete(ownerOf(call), call.config.vethPrefix);
      case 'CHECK':
        return this.#check(call);
      case 'STATUS':
        return this.#status();
      case 'GC':
        return this.#collect(call);
      default:
        return call.command satisfies never;
    }
  }

  /** Carries out a DEL that was kept while the daemon was away. */
  replay(request: unknown): void {
    const call = parseCniCall(request);
    if (call.plugin === 'egress-cni') this.#egress.remove(ownerOf(call));
    else this.#delete(ownerOf(call), call.config.vethPrefix);
  }

  async #add(call: CniCall, ended: AbortSignal): Promise<unknown> {
    const owner = ownerOf(call);
    requireFit(owner);
    const previous = call.config.prevResult === undefined ? undefined : parsePrevResult(call.config.prevResult);
    const started = this.#node.clock.monotonic();
    // Before an address is taken: a sandbox that is gone must cost nothing.
    using netns = openPodNetns(call.netns);
    const before = allocationsOf(this.#engine.pool, owner);
    // What runs with an address of the pool keeps it: one of other security groups would be another pod.
    const branch = before.length === 0 ? this.#branches.wanted(call) : undefined;
    if (branch !== undefined) {
      await this.#reaper.clear(branch.branch.address);
      ended.throwIfAborted();
      const added = await this.#branches.add(branch, call, netns);
      tellAdded(this.#node, call, [branch.branch], started);
      return renderResult(previous === undefined ? added : appendResult(previous, added), call.config.cniVersion);
    }
    const everyCard = before.length === 0 && wantsEveryCard(call, this.#node.settings);
    const along = before.filter((each) => each.owner.ifName !== owner.ifName);
    const wanted = everyCard ? nicsOn(this.#engine.cards, owner) : [{ owner }, ...along];
    for (const each of wanted) requireFit(each.owner);
    const allocations = await this.#engine.allocate(wanted, ended);
    let wirings: readonly PodWiring[];
    try {
      await this.#reaper.clear(...allocations.map(({ address }) => address));
      wirings = await this.#slices.run(() => {
        const made = allocations.map((each) => this.#wiring(call, each, before.length === 0 ? undefined : netns));
        // The runtime gave up while we waited: its DEL may have come and gone already, and have freed the address.
        ended.throwIfAborted();
        wirePod(this.#node.socket, netns, ...made);
        return made;
      });
      for (const { address, owner: holder } of allocations) {
        if (familyOf(address) === 'ipv4') continue;
        await untilPodReceives({ netns, address, clock: this.#node.clock });
        if (this.#engine.find(holder)?.address !== address) throw unknownAttachment(owner);
      }
    } catch (error) {
      // An address it had before may belong to a running pod; it stays until the DEL.
      if (before.length === 0) this.#engine.release(owner);
      throw error;
    }
    tellAdded(this.#node, call, allocations, started);
    const wired = wirings.flatMap((wiring, at) => {
      const address = allocations[at]?.address;
      return address === undefined ? [] : [{ address, wiring }];
    });
    const result = resultOf(call, wired);
    return renderResult(previous === undefined ? result : appendResult(previous, result), call.config.cniVersion);
  }

  /** `netns` is that of a sandbox which may have been wired before, perhaps not by us. */
  #wiring(call: CniCall, allocation: Allocation, netns: Netns | undefined): PodWiring {
    const { settings, socket } = this.#node;
    const pod = identityOf(allocation.owner);
    // It may have been wired when the prefix was another one.
    const link = netns === undefined ? undefined : hostEndOf(this.#node, allocation.owner, call.config.vethPrefix);
    return podWiring({
      pod,
      takenOver: netns === undefined ? undefined : takenOverEnds(socket, netns, pod),
      address: allocation.address,
      table: allocation.eni?.table ?? MAIN_TABLE,
      vethPrefix:
        link === undefined ? (call.config.vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX) : vethPrefixOf(link),
      mtu: call.config.mtu ?? settings.POD_MTU,
    });
  }

  /** Unwires first and frees then: the address must not be handed out while packets still find the old pod. */
  #delete(owner: Owner, vethPrefix: string | undefined): Record<string, never> {
    const started = this.#node.clock.monotonic();
    this.#engine.cancel(owner);
    this.#adds.end(attachmentOf(owner), unknownAttachment(owner));
    // The chain has asked for it before, unless its configuration changed meanwhile.
    this.#egress.release(owner);
    const ofBranch = this.#branches.delete(owner);
    if (ofBranch !== undefined) {
      this.#reaper.later(ofBranch);
      tellDeleted(this.#node, owner, [ofBranch], started);
      return {};
    }
    const allocations = allocationsOf(this.#engine.pool, owner);
    // Never added, or deleted before: a DEL may come any number of times.
    if (allocations.length === 0) {
      this.#bury(hostEndsOf(this.#node, owner));
      return {};
    }
    const { socket } = this.#node;
    const steps = allocations.flatMap(({ address, eni, owner: holder }) => {
      const rules =
        eni === undefined
          ? rulesOfAddress(address, listOwnRules(socket, [familyOf(address)]))
          : podRules(address, eni.table);
      return podUnwiring({ address, rules, link: hostEndOf(this.#node, holder, vethPrefix) });
    });
    applySteps(socket, steps);
    this.#engine.release(owner);
    const addresses = allocations.map(({ address }) => address);
    this.#reaper.later(...addresses);
    tellDeleted(this.#node, allocations[0]?.owner ?? owner, addresses, started);
    return {};
  }

  #check(call: CniCall): Record<string, never> {
    const owner = ownerOf(call);
    const { containerId } = owner;
    const allocations = allocationsOf(this.#engine.pool, owner);
    if (allocations.length === 0 && !this.#branches.has(owner)) throw unknownAttachment(owner);
    const result = previousResult(call);
    using netns = openPodNetns(call.netns);
    const branch = this.#branches.wired(owner, netns);
    const wired =
      branch === undefined
        ? allocations.map((each) => ({
            address: each.address,
            table: each.eni?.table,
            wiring: this.#wiring(call, each, netns),
          }))
        : [branch];
    for (const each of wired) {
      const kept = { result, netns: call.netns, ...each };
      const difference = resultDifference(kept) ?? checkPod(this.#node.socket, netns, wiringAfterChain(kept));
      if (difference !== undefined) throw new HostError('CHECK_FAILED', { containerId, difference });
    }
    return {};
  }

  #status(): Record<string, never> {
    const refusal = this.#engine.refusal();
    // While EC2 is at work on more, an ADD waits and is served: saying 50 then would flap at every burst of pods.
    const underWay = this.#engine.pool.pending.length > 0;
    if (refusal !== undefined && !underWay) throw refusal;
    return {};
  }

  #collect(call: CniCall): Record<string, never> {
    if (call.config.validAttachments === undefined)
      throw new HostError('CNI_CONFIG', { reason: 'GC without cni.dev/valid-attachments' });
    const { name, vethPrefix } = call.config;
    const valid = new Set(call.config.validAttachments.map(attachmentOf));
    const held = this.#engine.pool.allocations().map(({ owner }) => owner);
    // Of some nothing is known any more but what their host ends say.
    const known = new Map(
      [...held, ...ownersSeen(this.#node)]
        .map(askedFor)
        .map((owner) => [`${owner.network} ${attachmentOf(owner)}`, owner]),
    );
    // All are tried before the first failure is told (CNI specification, GC).
    const failures = [...known.values()].flatMap((owner): readonly unknown[] => {
      if (owner.network !== name || valid.has(attachmentOf(owner))) return [];
      try {
        this.#delete(owner, vethPrefix);
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (failures.length > 0) throw failures[0];
    return {};
  }

  /** Leaves host ends to the reaper whose owner has no address. */
  #bury(links: readonly string[]): void {
    if (links.length === 0) return;
    applySteps(
      this.#node.socket,
      links.map((link) => ({ kind: 'set-link', link, group: DEAD_LINK_GROUP })),
    );
    this.#reaper.later();
  }
}

import { familyOf, formatCidr, hostCidr } from '../addr/index.ts';
import { type AddResult, type CniCall, parseCniCall, parsePrevResult, renderResult } from '../cniproto/index.ts';
import {
  hostVethName,
  type Link,
  MAIN_TABLE,
  type PodIdentity,
  type PodWiring,
  podRules,
  podUnwiring,
  podWiring,
  readPodAlias,
  rulesOfAddress,
} from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import {
  applySteps,
  checkPod,
  deadLinks,
  findLink,
  listLinks,
  listOwnRules,
  openPodNetns,
  removeDeadLinks,
  takenOverEnds,
  untilPodReceives,
  wirePod,
} from '../kernel/index.ts';
import type { Allocation, Owner } from '../pool/index.ts';
import type { Netns } from '../sys/index.ts';
import type { Engine } from './engine.ts';
import { later } from './later.ts';
import type { Node } from './parts.ts';
import { Turns } from './turns.ts';

/** After a DEL the runtime removes the namespace and the pair dies with it for free; only what lives longer is removed. */
const REAP_AFTER_MS = 1_000;

const ownerOf = (call: CniCall): Owner => ({
  network: call.config.name,
  containerId: call.containerId,
  ifName: call.ifName,
  podNamespace: call.args.podNamespace,
  podName: call.args.podName,
});

const identityOf = ({ podNamespace, podName, ...owner }: Owner): PodIdentity => ({
  ...owner,
  namespace: podNamespace,
  name: podName,
});

/** Serves the CNI commands: an address from the pool, wired or unwired in the kernel in the same turn. */
export class Attachments {
  readonly #node: Node;
  readonly #engine: Engine;
  readonly #turns = new Turns();
  #reaper: (() => void) | undefined;

  constructor(node: Node, engine: Engine) {
    this.#node = node;
    this.#engine = engine;
  }

  /** Answers one call with the body of the reply. Throws the failure the runtime is to see. */
  async serve(request: unknown, gone: AbortSignal): Promise<unknown> {
    const call = parseCniCall(request);
    if (call.plugin === 'egress-cni') return this.#passThrough(call);
    switch (call.command) {
      case 'ADD':
        // A repeated ADD of one sandbox waits for the first: it must not undo what that one has just wired.
        return this.#turns.run(`${call.containerId}/${call.ifName}`, () => this.#add(call, gone));
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
    this.#delete(ownerOf(call), call.config.vethPrefix);
  }

  /** egress-cni adds nothing to IPv4 pods; in a chain it hands on what came before it. */
  #passThrough(call: CniCall): unknown {
    if (call.command !== 'ADD') return {};
    if (call.config.enabled === true)
      throw new HostError('CNI_CONFIG', { reason: 'egress-cni is enabled, which this version cannot serve yet' });
    return renderResult(previousResult(call), call.config.cniVersion);
  }

  async #add(call: CniCall, gone: AbortSignal): Promise<unknown> {
    const owner = ownerOf(call);
    const started = this.#node.clock.monotonic();
    // Before an address is taken: a sandbox that is gone must cost nothing.
    using netns = openPodNetns(call.netns);
    const before = this.#engine.find(owner);
    const allocation = await this.#engine.allocate(owner, gone);
    let wiring: PodWiring;
    try {
      wiring = this.#wiring(call, allocation, before === undefined ? undefined : netns);
      // The runtime gave up while we waited: its DEL may have come and gone already.
      gone.throwIfAborted();
      wirePod(this.#node.socket, netns, wiring);
      const { address } = allocation;
      if (familyOf(address) === 'ipv6') await untilPodReceives({ netns, address, clock: this.#node.clock });
    } catch (error) {
      // An address it had before may belong to a running pod; it stays until the DEL.
      if (before === undefined) this.#engine.release(owner);
      throw error;
    }
    this.#node.logger.info('pod added', {
      container_id: call.containerId,
      pod: owner.podName === undefined ? undefined : `${owner.podNamespace ?? ''}/${owner.podName}`,
      pod_ip: allocation.address,
      eni_id: allocation.eni?.id,
      duration_ms: Math.round((this.#node.clock.monotonic() - started) * 10) / 10,
    });
    return renderResult(resultOf(call, allocation, wiring), call.config.cniVersion);
  }

  /** `netns` is that of a sandbox which may have been wired before, perhaps not by us. */
  #wiring(call: CniCall, allocation: Allocation, netns: Netns | undefined): PodWiring {
    const { settings, socket } = this.#node;
    const pod = identityOf(allocation.owner);
    return podWiring({
      pod,
      takenOver: netns === undefined ? undefined : takenOverEnds(socket, netns, pod),
      address: allocation.address,
      table: allocation.eni?.table ?? MAIN_TABLE,
      vethPrefix: call.config.vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX,
      mtu: call.config.mtu ?? settings.POD_MTU,
    });
  }

  /** Unwires first and frees then: the address must not be handed out while packets still find the old pod. */
  #delete(owner: Owner, vethPrefix: string | undefined): Record<string, never> {
    this.#engine.cancel(owner);
    const allocation = this.#engine.find(owner);
    // Never added, or deleted before: a DEL may come any number of times.
    if (allocation === undefined) return {};
    const { socket, logger } = this.#node;
    const { address, eni } = allocation;
    const rules =
      eni === undefined
        ? rulesOfAddress(address, listOwnRules(socket, [familyOf(address)]))
        : podRules(address, eni.table);
    const link = this.#hostEnd(allocation.owner, vethPrefix);
    applySteps(socket, podUnwiring({ address, rules, link }));
    this.#engine.release(owner);
    this.#reapLater();
    logger.info('pod deleted', { container_id: owner.containerId, pod_ip: address });
    return {};
  }

  #check(call: CniCall): Record<string, never> {
    const owner = ownerOf(call);
    const { containerId, ifName } = owner;
    const allocation = this.#engine.find(owner);
    if (allocation === undefined) throw new HostError('ATTACHMENT_UNKNOWN', { containerId, ifName });
    const cidr = formatCidr(hostCidr(allocation.address));
    if (!previousResult(call).ips.some((ip) => ip.address === cidr))
      throw new HostError('CHECK_FAILED', { containerId, difference: `the result given lacks its address ${cidr}` });
    using netns = openPodNetns(call.netns);
    const difference = checkPod(this.#node.socket, netns, this.#wiring(call, allocation, netns));
    if (difference !== undefined) throw new HostError('CHECK_FAILED', { containerId, difference });
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
    const valid = new Set(call.config.validAttachments.map(({ containerId, ifName }) => `${containerId}/${ifName}`));
    const stale = this.#engine.pool
      .allocations()
      .filter(({ owner }) => owner.network === call.config.name && !valid.has(`${owner.containerId}/${owner.ifName}`));
    // All are tried before the first failure is told (CNI specification, GC).
    const failures = stale.flatMap(({ owner }): readonly unknown[] => {
      try {
        this.#delete(owner, call.config.vethPrefix);
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (failures.length > 0) throw failures[0];
    return {};
  }

  /**
   * The name of this sandbox's host end; `undefined` when it is gone. The alias decides: a new sandbox of the same pod
   * has a host end of the same name, and the prefix may have been another one when the pod was wired.
   */
  #hostEnd(owner: Owner, vethPrefix: string | undefined): string | undefined {
    const { socket, settings } = this.#node;
    const isOurs = ({ alias }: Link): boolean => {
      const pod = alias === undefined ? undefined : readPodAlias(alias);
      return pod?.containerId === owner.containerId && pod.ifName === owner.ifName;
    };
    const name = hostVethName(vethPrefix ?? settings.AWS_VPC_K8S_CNI_VETHPREFIX, identityOf(owner));
    const expected = findLink(socket, name);
    if (expected !== undefined && isOurs(expected)) return name;
    return listLinks(socket).find(isOurs)?.name;
  }

  #reapLater(): void {
    if (this.#reaper !== undefined) return;
    // Told to stop, we leave them to the daemon that comes after us, which finds them at its first DEL.
    this.#reaper = later(this.#node, REAP_AFTER_MS, () => {
      this.#reaper = undefined;
      if (deadLinks(this.#node.socket).length === 0) return;
      removeDeadLinks(this.#node.exec).catch((error: unknown) => {
        this.#node.logger.warn('dead veths stay until the next DEL', { error });
      });
    });
  }
}

/** The result that CHECK must be given, and a chained ADD too (CNI specification, "Configuration derivation"). */
function previousResult(call: CniCall): AddResult {
  const { prevResult } = call.config;
  if (prevResult === undefined) throw new HostError('CNI_CONFIG', { reason: `${call.command} needs prevResult` });
  return parsePrevResult(prevResult);
}

function resultOf(call: CniCall, allocation: Allocation, wiring: PodWiring): AddResult {
  const { host, container, mtu } = wiring.veth;
  return {
    interfaces: [
      { name: host.name, mac: host.mac, mtu },
      { name: container.name, mac: container.mac, mtu, sandbox: call.netns },
    ],
    ips: [{ address: formatCidr(hostCidr(allocation.address)), interface: 1 }],
  };
}

import { IP_FAMILIES } from '../addr/index.ts';
import { DEAD_LINK_GROUP, egressFamilyOf, readBranchAlias, readPodAlias } from '../dataplane/index.ts';
import { toHostError } from '../errors/index.ts';
import { listLinks, observeNetwork } from '../kernel/index.ts';
import { type Inventory, type Orphan, type Pool, resolveTruth } from '../pool/index.ts';
import { type Attached, describeAttached, type InventoryParts, listMetadata, sortAttached } from './inventory.ts';
import type { Node } from './parts.ts';
import type { Stored } from './store.ts';

/** An ENI that was being attached when we stopped is waited for this long; one without a link serves no pods. */
const LINK_WAIT_MS = 10_000;

/** Allocations read off the host ends of running pods: the second proof, and all there is when a checkpoint was lost. */
function podsInKernel(node: Node, network: ReturnType<typeof observeNetwork>): readonly Orphan[] {
  const since = BigInt(node.clock.now()) * 1_000_000n;
  return listLinks(node.socket).flatMap((link): readonly Orphan[] => {
    const pod = link.alias === undefined ? undefined : readPodAlias(link.alias);
    const address = network.routes.find((route) => route.link === link.name)?.destination.address;
    if (pod === undefined || address === undefined || link.group === DEAD_LINK_GROUP) return [];
    // The address of a pod's second interface is of no ENI.
    if (egressFamilyOf(pod.ifName) !== undefined) return [];
    // The address of its own ENI, which is none of the pool's.
    if (readBranchAlias(link.alias ?? '') !== undefined) return [];
    const { namespace, name, ...key } = pod;
    return [{ address, since, owner: { ...key, podNamespace: namespace, podName: name } }];
  });
}

/** What was heard of our ENIs: EC2's list, and the metadata's as far as it counts or is compared. */
export interface Heard {
  readonly ec2: readonly Attached[] | undefined;
  readonly imds: Inventory | undefined;
}

/**
 * The pool after a start, by the one order of authority: EC2's list, without it our own notes of this boot and what they
 * say of ENIs whose links are there, and the metadata where neither says anything. Nothing in the kernel is changed:
 * before the pool is complete, the rules of running pods would look like too much. `fromKernel` counts the pods that no
 * note has.
 */
export async function adoptPool(
  parts: InventoryParts,
  stored: Stored,
  heard: Heard,
): Promise<{ readonly pool: Pool; readonly fromKernel: number }> {
  const { node, network } = parts;
  const { clock, logger, settings } = node;
  const ec2 = heard.ec2 === undefined ? undefined : await sortAttached(parts, heard.ec2, LINK_WAIT_MS);
  const journal = ec2 !== undefined || tellsOfEnis(stored) ? stored : { ...stored, enis: undefined };
  if (ec2 === undefined) for (const eni of journal.enis ?? []) network.remember(eni);
  const observed = observeNetwork(node.socket, IP_FAMILIES);
  const truth = resolveTruth({
    ec2,
    journal,
    kernel: {
      pods: podsInKernel(node, observed),
      // Also those that the operating system or cloud-init gave the link of an ENI.
      hostAddresses: observed.addresses.map(({ address }) => address.address),
    },
    imds: heard.imds,
    nowMs: clock.monotonic(),
    cooldownMs: settings.IP_COOLDOWN_PERIOD * 1000,
  });
  for (const { kind, address } of truth.findings) logger.warn(FINDINGS[kind], { pod_ip: address });
  if (truth.disbelieved.length > 0)
    logger.warn('the instance metadata says otherwise, and is not believed', { differences: truth.disbelieved });
  const fromKernel = truth.findings.filter(({ kind }) => kind === 'kernel-only').length;
  return { pool: truth.pool, fromKernel };
}

/** Whether our notes can stand in for EC2: they are of this boot, and tell how each ENI is found in the kernel. */
const tellsOfEnis = ({ sameBoot, enis }: Stored): boolean =>
  sameBoot && enis?.every(({ attached }) => attached !== undefined) === true;

/**
 * Asks those who can say which ENIs are ours. Where EC2 must not be asked our own notes come before the metadata, whose
 * additions the watch of others' changes takes over once we serve.
 */
export async function listen(parts: InventoryParts, stored: Stored): Promise<Heard> {
  const { node } = parts;
  const { ENABLE_IMDS_ONLY_MODE: imdsOnly } = node.settings;
  if (imdsOnly && !tellsOfEnis(stored))
    return { ec2: undefined, imds: await sortAttached(parts, await describeAttached(node), LINK_WAIT_MS) };
  const comparing = withPatience(node, METADATA_PATIENCE_MS, listMetadata(parts)).catch(() => undefined);
  const ec2 = imdsOnly ? undefined : await askOrRemember(node, stored);
  const enis = await comparing;
  return { ec2, imds: enis && { enis, foreign: [] } };
}

/**
 * EC2's list of our ENIs. Without notes of this boot there is no way around it. With them EC2 is waited for a moment
 * only: pods that run are served, and addresses that are known are handed out, while EC2 is away; `undefined` then.
 */
async function askOrRemember(node: Node, stored: Stored): Promise<readonly Attached[] | undefined> {
  const asking = describeAttached(node);
  if (!tellsOfEnis(stored)) return asking;
  try {
    return await withPatience(node, EC2_PATIENCE_MS, asking);
  } catch (error) {
    node.logger.warn('EC2 does not list our ENIs: serving from our own notes', { error: toHostError(error) });
    return undefined;
  }
}

/** What was asked for, `undefined` when it has not come by then. */
async function withPatience<T>({ clock }: Node, ms: number, asked: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const cancel = clock.after(ms, () => resolve(undefined));
  return Promise.race([asked, late]).finally(cancel);
}

/** A describe takes a fraction of it; a runtime that restarts pods waits for us meanwhile. */
const EC2_PATIENCE_MS = 2_000;
/** It is only compared with what EC2 says; it takes no longer than EC2 unless something is wrong with it. */
const METADATA_PATIENCE_MS = 500;

const FINDINGS = {
  'kernel-only': 'the kernel has a pod that the checkpoint has not; it is kept',
  orphan: 'EC2 lists the address of a pod on none of our ENIs; it is kept',
  duplicate: 'two pods claim one address; both keep it until one goes',
  'host-link': 'a link of the host has an address of the pool: no pod gets it',
  'earlier-boot': 'the pod of an earlier boot is gone; its address is free',
} as const;

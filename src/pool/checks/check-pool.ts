import { sameOwner } from '../model/allocations.ts';
import { keysAround } from '../model/range.ts';
import type { Allocation, Orphan, PodAddress, PoolView } from '../model/types.ts';

/** What must never be; a bounded list, so that each can be a label of a metric. */
export const VIOLATION_CODES = [
  'address-two-owners',
  'owner-two-addresses',
  'cidr-twice',
  'use-outside-cidr',
  'assigned-while-going',
  'device-twice',
  'growth-senseless',
  'index-differs',
  'in-use-but-free',
  'in-use-by-another',
] as const;
export type ViolationCode = (typeof VIOLATION_CODES)[number];

/** One thing that must never be: about which address, CIDR or ENI, and what was found. */
export interface Violation {
  readonly code: ViolationCode;
  readonly object: string;
  readonly found: string;
}

/** What is checked: the view, with the allocations as its index by owner tells them. */
export interface CheckedPool extends PoolView {
  allocations(): readonly Allocation[];
}

const nameOf = ({ owner }: Pick<Allocation, 'owner'>): string =>
  owner.podName === undefined ? owner.containerId : `${owner.podNamespace ?? ''}/${owner.podName}`;

/**
 * Everything about the pool that must hold whatever happens. Cheap enough for every pass; with `kernelPods`, the pods
 * whose host end is there, also what can only be seen from outside. Empty when all is well.
 */
export function checkPool(pool: CheckedPool, kernelPods: readonly Orphan[] = []): readonly Violation[] {
  return [
    ...checkOwners(pool),
    ...checkCidrs(pool),
    ...checkIndex(pool),
    ...checkDevices(pool),
    ...checkGrowth(pool),
    ...(kernelPods.length === 0 ? [] : checkKernel(pool, kernelPods)),
  ];
}

function* checkOwners(pool: CheckedPool): Generator<Violation> {
  const byAddress = new Map<PodAddress, Allocation>();
  const byPlace = new Map<string, Allocation>();
  for (const allocation of pool.allocations()) {
    const { address, owner, eni } = allocation;
    const other = byAddress.get(address);
    if (other === undefined) byAddress.set(address, allocation);
    else if (!sameOwner(other.owner, owner))
      yield { code: 'address-two-owners', object: address, found: `${nameOf(other)} and ${nameOf(allocation)}` };
    if (eni === undefined) continue;
    const place = `${eni.card}\n${owner.network}\n${owner.containerId}\n${owner.ifName}`;
    const sibling = byPlace.get(place);
    if (sibling === undefined) byPlace.set(place, allocation);
    else {
      const found = `${sibling.address} and ${address} on card ${eni.card}`;
      yield { code: 'owner-two-addresses', object: nameOf(allocation), found };
    }
  }
}

function* checkCidrs(pool: PoolView): Generator<Violation> {
  const holders = new Map<string, string>();
  for (const eni of pool.enis.values())
    for (const cidr of eni.cidrs.keys()) {
      const other = holders.get(cidr);
      if (other !== undefined) yield { code: 'cidr-twice', object: cidr, found: `${other} and ${eni.id}` };
      holders.set(cidr, eni.id);
    }
  for (const eni of pool.enis.values())
    for (const { cidr, uses, releasing, kind } of eni.cidrs.values()) {
      for (const [address, use] of uses) {
        const around = keysAround(address);
        if (!around.includes(cidr)) yield { code: 'use-outside-cidr', object: cidr, found: address };
        // A single address that is also in a prefix we hold would have two records.
        const twin = kind === 'address' ? around.find((key) => key !== cidr && holders.has(key)) : undefined;
        if (twin !== undefined) yield { code: 'cidr-twice', object: cidr, found: `within ${twin}` };
        if (use.kind === 'assigned' && (releasing || eni.leaving))
          yield { code: 'assigned-while-going', object: address, found: releasing ? cidr : eni.id };
      }
    }
}

function* checkIndex(pool: CheckedPool): Generator<Violation> {
  const indexed = pool.allocations();
  const byAddress = new Map(indexed.filter(({ eni }) => eni !== undefined).map((each) => [each.address, each]));
  let assigned = 0;
  for (const eni of pool.enis.values())
    for (const { uses } of eni.cidrs.values())
      for (const [address, use] of uses) {
        if (use.kind !== 'assigned') continue;
        assigned += 1;
        const allocation = byAddress.get(address);
        if (allocation?.eni?.id !== eni.id || !sameOwner(allocation.owner, use.owner))
          yield { code: 'index-differs', object: address, found: `held by ${nameOf(use)}, indexed otherwise` };
      }
  if (assigned !== byAddress.size)
    yield { code: 'index-differs', object: 'pool', found: `${assigned} held, ${byAddress.size} indexed` };
  const orphans = indexed.length - byAddress.size;
  if (orphans !== pool.orphans.length)
    yield { code: 'index-differs', object: 'orphans', found: `${pool.orphans.length} kept, ${orphans} indexed` };
}

function* checkDevices(pool: PoolView): Generator<Violation> {
  const holders = new Map<string, string>();
  for (const { card, device, id } of [
    ...pool.enis.values(),
    ...pool.foreign.map(({ eniId, ...at }) => ({ ...at, id: eniId })),
  ]) {
    const place = `device ${device} of card ${card}`;
    const other = holders.get(place);
    if (other !== undefined) yield { code: 'device-twice', object: place, found: `${other} and ${id}` };
    holders.set(place, id);
  }
}

function* checkGrowth(pool: PoolView): Generator<Violation> {
  for (const growth of pool.pending) {
    const object = growth.kind === 'assign' ? growth.eniId : `device ${growth.device} of card ${growth.card}`;
    if (!(Number.isInteger(growth.count) && growth.count > 0))
      yield { code: 'growth-senseless', object, found: `${growth.count} asked for` };
    if (growth.kind === 'assign' && !pool.enis.has(growth.eniId))
      yield { code: 'growth-senseless', object, found: 'no such ENI' };
    const same = pool.pending.filter(
      (other) =>
        other.kind === 'eni' && growth.kind === 'eni' && other.card === growth.card && other.device === growth.device,
    );
    if (same.length > 1) yield { code: 'growth-senseless', object, found: 'asked for twice' };
  }
}

/** An address that a pod has and that we might give to the next one is the worst that can happen. */
function* checkKernel(pool: PoolView, pods: readonly Orphan[]): Generator<Violation> {
  const byKey = new Map([...pool.enis.values()].flatMap((eni) => [...eni.cidrs]));
  for (const pod of pods) {
    const cidr = keysAround(pod.address).flatMap((key) => byKey.get(key) ?? [])[0];
    if (cidr === undefined) continue;
    const use = cidr.uses.get(pod.address);
    if (use === undefined) yield { code: 'in-use-but-free', object: pod.address, found: nameOf(pod) };
    else if (use.kind === 'assigned' && !sameOwner(use.owner, pod.owner))
      yield { code: 'in-use-by-another', object: pod.address, found: `${nameOf(pod)}, given to ${nameOf(use)}` };
  }
}

import type { Ipv4Address, Ipv4Cidr, MacAddress } from '../../addr/index.ts';
import type { EniFacts } from '../model/attached-eni.ts';
import type { Orphan, OwnerKey, PodAddress, PoolEvent, QuarantineReason } from '../model/types.ts';

/** An EC2 change written down before it is asked for, so that a crash in the middle leaves nothing behind. */
export interface Intent {
  readonly kind: 'create-eni' | 'delete-eni';
  /** The client token of a creation; the ENI's id of a deletion. */
  readonly key: string;
}

/** One line of the journal: a change of who holds what, or an EC2 change that begins or has ended. */
export type JournalRecord =
  | PoolEvent
  | { readonly kind: 'intended'; readonly intent: Intent }
  | { readonly kind: 'ended'; readonly key: string };

/** How an ENI is found in the kernel and in EC2: what a start needs that gets no answer from EC2. */
export interface EniAttachmentFacts {
  readonly mac: MacAddress;
  readonly primaryAddress: Ipv4Address;
  readonly subnet: Ipv4Cidr;
  readonly attachmentId: string;
}

/** An ENI as it was last known, with its CIDRs. */
export interface KnownEni {
  readonly facts: EniFacts;
  readonly cidrs: readonly string[];
  readonly attached?: EniAttachmentFacts;
}

/** Why and since when (ms since the machine was booted) an address is out of use. */
export interface Doubt {
  readonly reason: QuarantineReason;
  readonly sinceMs: number;
}

/** What is remembered over a restart. */
export interface Memory {
  readonly allocations: readonly Orphan[];
  /** Ends of cooldowns, ms since the machine was booted: nobody can set that clock, and the files are of one boot. */
  readonly cooldowns: ReadonlyMap<PodAddress, number>;
  readonly quarantines: ReadonlyMap<PodAddress, Doubt>;
  readonly intents: readonly Intent[];
  /** ENIs as EC2 last told them; `undefined` when that was never written down. */
  readonly enis: readonly KnownEni[] | undefined;
}

export const NOTHING_REMEMBERED: Memory = {
  allocations: [],
  cooldowns: new Map(),
  quarantines: new Map(),
  intents: [],
  enis: undefined,
};

/**
 * The memory after more records. A checkpoint may be newer than the first records of a journal: replaying what it holds
 * already ends in the same memory.
 */
export function replay(memory: Memory, records: readonly JournalRecord[]): Memory {
  const allocations = new Map(memory.allocations.map((each) => [keyOf(each.owner, each.address), each]));
  const cooldowns = new Map(memory.cooldowns);
  const quarantines = new Map(memory.quarantines);
  const intents = new Map(memory.intents.map((intent) => [intent.key, intent]));
  for (const record of records)
    switch (record.kind) {
      case 'assigned': {
        const { address, owner, since } = record;
        allocations.set(keyOf(owner, address), { address, owner, since });
        cooldowns.delete(address);
        quarantines.delete(address);
        break;
      }
      case 'released':
        allocations.delete(keyOf(record.owner, record.address));
        cooldowns.set(record.address, record.untilMs);
        break;
      case 'quarantined':
        quarantines.set(record.address, { reason: record.reason, sinceMs: record.sinceMs });
        break;
      case 'cleared':
        quarantines.delete(record.address);
        break;
      case 'intended':
        intents.set(record.intent.key, record.intent);
        break;
      case 'ended':
        intents.delete(record.key);
        break;
      default:
        record satisfies never;
    }
  return { ...memory, allocations: [...allocations.values()], cooldowns, quarantines, intents: [...intents.values()] };
}

const keyOf = (owner: OwnerKey, address: PodAddress): string =>
  `${owner.network}\n${owner.containerId}\n${owner.ifName}\n${address}`;

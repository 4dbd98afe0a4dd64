import {
  BRANCH_LINK_PREFIX,
  DEAD_LINK_GROUP,
  isTakenOver,
  isVlanAlias,
  PROTOCOL,
  podMacs,
  readPodAlias,
  type Step,
} from '../../dataplane/index.ts';
import type { NetworkEvent } from '../../kernel/index.ts';

/** What is compared with the kernel by itself. */
export type DriftPart = 'network' | 'packet-rules' | 'sysctls';
export const DRIFT_PARTS = ['network', 'packet-rules', 'sysctls'] as const satisfies readonly DriftPart[];

/** What can be told to have been repaired. */
export const REPAIR_KINDS = ['link', 'address', 'route', 'rule', 'neighbour', 'packet-rules', 'sysctl'] as const;
export type RepairKind = (typeof REPAIR_KINDS)[number];

/** The links whose changes count, whoever makes them. */
export interface WatchedLinks {
  readonly eniLinks: ReadonlySet<string>;
  /** Asked for only when an address changes. */
  readonly eniIndexes: () => ReadonlySet<number>;
  readonly primaryIndex: number | undefined;
}

/** Whether the host end of a live pod is down, or has another MAC than the one its pod sends to. */
function isDamaged({ fell, mac, group, alias = '' }: Extract<NetworkEvent, { readonly kind: 'link' }>): boolean {
  const pod = group === DEAD_LINK_GROUP || isVlanAlias(alias) ? undefined : readPodAlias(alias);
  if (pod === undefined) return false;
  return fell || (mac !== undefined && !isTakenOver(alias) && mac !== podMacs(pod).host);
}

/**
 * The part that an event gives reason to look at; `undefined` for what says nothing of our objects: pods come and go all the
 * time, and others have links, routes and rules too.
 */
export function partOf(event: NetworkEvent, watched: WatchedLinks): DriftPart | undefined {
  switch (event.kind) {
    case 'link':
      if (watched.eniLinks.has(event.name)) return 'network';
      // A link that dies is set down first, and those of pods whose DEL has been die all the time.
      if (isDamaged(event)) return 'network';
      // Pods' own links die with their namespaces; that of a branch ENI stands on the trunk.
      return event.gone && event.name.startsWith(BRANCH_LINK_PREFIX) ? 'network' : undefined;
    case 'address':
      return watched.eniIndexes().has(event.index) ? 'network' : undefined;
    case 'unclear':
      return 'network';
    case 'rule':
      return event.protocol === PROTOCOL ? 'network' : undefined;
    case 'route':
      return event.protocol === PROTOCOL || event.replaced ? 'network' : undefined;
    case 'neighbour':
      return event.gone && event.index !== watched.primaryIndex ? 'network' : undefined;
    case 'sysctl':
      return event.index < 0 || event.index === watched.primaryIndex || event.stops ? 'sysctls' : undefined;
    default:
      return event satisfies never;
  }
}

/** What a step repairs. */
export function repairKind(step: Step): RepairKind {
  switch (step.kind) {
    case 'add-vlan':
    case 'set-link':
      return 'link';
    case 'add-address':
    case 'remove-address':
      return 'address';
    case 'replace-route':
    case 'remove-route':
      return 'route';
    case 'add-rule':
    case 'remove-rule':
    case 'remove-foreign-rule':
      return 'rule';
    case 'set-neighbour':
      return 'neighbour';
    default:
      return step satisfies never;
  }
}

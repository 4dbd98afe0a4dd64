import { Gauge, type Registry } from 'prom-client';
import type { PacketFilterKind } from '../../kernel/index.ts';
import {
  assignedOn,
  type Figures,
  type PoolCidr,
  type PoolLimits,
  type PoolMode,
  type PoolView,
  PREFIX_ADDRESSES,
  poolFigures,
  VIOLATION_CODES,
  type Violation,
} from '../../pool/index.ts';

/** Where the figures come from. Nothing is kept beside it: every scrape reads it anew. */
export interface PoolSource {
  readonly view: PoolView;
  readonly limits: PoolLimits;
  readonly mode: PoolMode;
  /** ADD calls that wait for an address. */
  readonly waiting: number;
  /** What must never be and is, by code. */
  readonly violations: readonly Violation[];
  /** What marks connections, where they are marked. */
  readonly marks: PacketFilterKind | undefined;
  readonly readyMs: number | undefined;
}

/**
 * Prefixes with a series of their own. Single addresses have none: 500 pods would be 500 series that say 1. More prefixes
 * than these are one series, so that a scrape stays small on the largest instance.
 */
const MOST_CIDRS = 64;

/** ENIs this node may hold, less the devices that others have. */
function mostEnis({ limits, view }: PoolSource): number {
  return limits.cards.reduce((sum, { maxEnis }) => sum + maxEnis, 0) - view.foreign.length;
}

function assignedIn({ uses }: PoolCidr): number {
  return [...uses.values()].filter(({ kind }) => kind === 'assigned').length;
}

/** Pods' addresses per prefix, the fullest first; the rest under one name. */
function assignedPerCidr(view: PoolView): readonly (readonly [cidr: string, assigned: number])[] {
  const all = [...view.enis.values()]
    .flatMap(({ cidrs }) => [...cidrs.values()])
    .filter(({ kind }) => kind !== 'address')
    .map((cidr) => [cidr.cidr, assignedIn(cidr)] as const)
    .sort(([, a], [, b]) => b - a);
  if (all.length <= MOST_CIDRS) return all;
  const rest = all.slice(MOST_CIDRS).reduce((sum, [, assigned]) => sum + assigned, 0);
  return [...all.slice(0, MOST_CIDRS), ['other', rest]];
}

/** What is being done to the pool, under upstream's names. */
function underWay({ view }: PoolSource): Readonly<Record<string, number>> {
  const going = [...view.enis.values()].filter(
    ({ leaving, cidrs }) => leaving || [...cidrs.values()].some(({ releasing }) => releasing),
  );
  return {
    nodeInit: 0,
    increaseDatastorePool: view.pending.length,
    decreaseDatastorePool: going.length,
    nodeIPPoolReconcile: 0,
  };
}

/** The source and what is summed from it, read once for all metrics of a scrape: they are collected in one turn. */
function readOnce(source: () => PoolSource): () => { readonly from: PoolSource; readonly figures: Figures } {
  let read: { readonly from: PoolSource; readonly figures: Figures } | undefined;
  return () => {
    if (read !== undefined) return read;
    const from = source();
    read = { from, figures: poolFigures(from.view, from.limits, from.mode) };
    queueMicrotask(() => {
      read = undefined;
    });
    return read;
  };
}

/** Adds the pool's figures: sums over all network cards, under upstream's names where there is one. */
export function registerPoolMetrics(registry: Registry, source: () => PoolSource): void {
  const registers = [registry];
  const readPool = readOnce(source);
  const gauge = (name: string, help: string, read: (figures: Figures, from: PoolSource) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const { figures, from } = readPool();
        this.set(read(figures, from));
      },
    });
  };
  const gauges = (
    about: { readonly name: string; readonly help: string; readonly label: string },
    read: (from: PoolSource) => Iterable<readonly [string, number]>,
  ): void => {
    const { name, help, label } = about;
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        // What is gone has no series any more.
        this.reset();
        for (const [value, count] of read(readPool().from)) this.labels(value).set(count);
      },
    });
  };
  gauge('awscni_eni_max', 'ENIs this node may hold', (_, from) => mostEnis(from));
  gauge(
    'awscni_ip_max',
    'Addresses for pods this node may hold',
    (_, from) => mostEnis(from) * from.limits.slotsPerEni * (from.mode === 'prefix' ? PREFIX_ADDRESSES : 1),
  );
  gauge('awscni_eni_allocated', 'ENIs of the pool', (_, { view }) => view.enis.size);
  gauge('awscni_total_ip_addresses', 'Addresses for pods on attached ENIs', ({ total }) => total);
  gauge('awscni_assigned_ip_addresses', 'Addresses held by pods', ({ assigned }) => assigned);
  gauge('awscni_total_ipv4_prefixes', 'IPv4 prefixes on attached ENIs', ({ prefixes }) => prefixes);
  gauge('vpccni_free_ip_addresses', 'Addresses that can be handed out now', ({ free }) => free);
  gauge('vpccni_cooldown_ip_addresses', 'Addresses resting after their pod', ({ cooldown }) => cooldown);
  gauge(
    'vpccni_quarantine_ip_addresses',
    'Addresses kept out of use because something else seems to have them',
    ({ quarantine }) => quarantine,
  );
  gauge('vpccni_pending_ip_addresses', 'Addresses EC2 was asked for and has not delivered', ({ pending }) => pending);
  gauge(
    'vpccni_orphan_ip_addresses',
    'Addresses of pods that no attached ENI holds',
    (_, { view }) => view.orphans.length,
  );
  gauge('vpccni_waiting_pods', 'ADD calls waiting for an address', (_, { waiting }) => waiting);
  gauge(
    'vpccni_ready_seconds',
    'Time from the start until an address could be handed out; 0 until then',
    (_, { readyMs = 0 }) => readyMs / 1000,
  );
  gauges({ name: 'awscni_assigned_ip_per_eni', help: 'Addresses held by pods, by ENI', label: 'eni' }, ({ view }) =>
    [...view.enis.values()].map((eni) => [eni.id, assignedOn(eni)] as const),
  );
  gauges(
    { name: 'awscni_assigned_ip_per_cidr', help: 'Addresses held by pods, by prefix', label: 'cidr' },
    ({ view }) => assignedPerCidr(view),
  );
  gauges({ name: 'awscni_ipamd_action_inprogress', help: 'Changes of the pool under way', label: 'fn' }, (from) =>
    Object.entries(underWay(from)),
  );
  gauges({ name: 'awscni_connmark_backend', help: '1 for what marks connections', label: 'backend' }, ({ marks }) =>
    (['nftables', 'iptables'] as const).map((filter) => [filter, marks === filter ? 1 : 0] as const),
  );
  gauges({ name: 'vpccni_invariant_violations', help: 'What must never be and is, by kind', label: 'code' }, (from) =>
    VIOLATION_CODES.map((code) => [code, from.violations.filter((each) => each.code === code).length]),
  );
}

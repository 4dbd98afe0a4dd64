import { Counter, Gauge, Registry } from 'prom-client';
import { VERSION } from '../config/index.ts';
import { assignedOn, type Figures, PREFIX_ADDRESSES, poolFigures } from '../pool/index.ts';
import type { Engine } from './engine.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';

/** Counts of CNI calls, by what became of them. */
export interface CallCounts {
  readonly registry: Registry;
  /** `reason` is what the client says of a DEL; ours says nothing. */
  count(command: string, code: string, reason?: string): void;
}

/** A label has few values, whatever a client sends. */
function delReason(told: string | undefined): string {
  if (told === undefined || told === '') return 'PodDeleted';
  return ['PodDeleted', 'SetupNSFailed'].includes(told) ? told : 'other';
}

/** The registry of this daemon with the counters that begin before the pool is there. */
export function createCallCounts(): CallCounts {
  const registry = new Registry();
  const registers = [registry];
  const add = new Counter({ name: 'awscni_add_ip_req_count', help: 'CNI ADD calls', registers });
  const del = new Counter({
    name: 'awscni_del_ip_req_count',
    help: 'CNI DEL calls',
    labelNames: ['reason'],
    registers,
  });
  const calls = new Counter({
    name: 'vpccni_cni_calls_total',
    help: 'CNI calls by command and outcome (ok or an error code)',
    labelNames: ['command', 'code'],
    registers,
  });
  new Gauge({ name: 'awscni_build_info', help: 'Version of this daemon', labelNames: ['version'], registers })
    .labels(VERSION)
    .set(1);
  return {
    registry,
    count: (command, code, reason) => {
      if (command === 'ADD') add.inc();
      if (command === 'DEL') del.labels(delReason(reason)).inc();
      calls.labels(command, code).inc();
    },
  };
}

/** Adds the pool's figures, under upstream's names. They are read off the pool at each scrape, never kept beside it. */
export function registerPoolMetrics(
  registry: Registry,
  parts: { readonly node: Node; readonly engine: Engine; readonly network: NodeNetwork },
): void {
  const { node, engine, network } = parts;
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const { limits, targets } = node;
  const mostEnis = (): number =>
    limits.cards.reduce((sum, { maxEnis }) => sum + maxEnis, 0) - engine.pool.foreign.length;
  const figures = (): Figures => poolFigures(engine.pool, limits, targets.mode);
  gauge('awscni_eni_max', 'ENIs this node may hold', mostEnis);
  gauge(
    'awscni_ip_max',
    'Addresses for pods this node may hold',
    () => mostEnis() * limits.slotsPerEni * (targets.mode === 'prefix' ? PREFIX_ADDRESSES : 1),
  );
  gauge('awscni_eni_allocated', 'ENIs attached', () => network.enis.length);
  gauge('awscni_total_ip_addresses', 'Addresses for pods on attached ENIs', () => figures().total);
  gauge('awscni_assigned_ip_addresses', 'Addresses held by pods', () => figures().assigned);
  gauge('vpccni_free_ip_addresses', 'Addresses that can be handed out now', () => figures().free);
  gauge('vpccni_cooldown_ip_addresses', 'Addresses resting after their pod', () => figures().cooldown);
  gauge('vpccni_waiting_pods', 'ADD calls waiting for an address', () => engine.waiting);
  new Gauge({
    name: 'awscni_assigned_ip_per_eni',
    help: 'Addresses held by pods, by ENI',
    labelNames: ['eni'],
    registers,
    collect() {
      this.reset();
      for (const eni of engine.pool.enis.values()) this.labels(eni.id).set(assignedOn(eni));
    },
  });
  new Gauge({
    name: 'awscni_ec2api_req_count',
    help: 'EC2 requests since the start, by action',
    labelNames: ['fn'],
    registers,
    collect() {
      for (const [action, calls] of node.ec2.calls) this.labels(action).set(calls);
    },
  });
}

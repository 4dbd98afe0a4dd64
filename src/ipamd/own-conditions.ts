import { trunkComplaint } from './branch/index.ts';
import { Conditions } from './conditions.ts';
import { complaintOfEgress } from './egress/plan.ts';
import type { Engine } from './engine.ts';
import { complaintsOfMemory } from './memory-complaints.ts';
import type { NodeNetwork } from './node-network.ts';
import type { Node } from './parts.ts';
import { pausedEc2 } from './paused-ec2.ts';
import { complaintsOfPool } from './pool-complaints.ts';
import type { Store, Stored } from './store.ts';

/** The conditions of a daemon that has its pool: of the pool, its memory, egress, EC2 and the trunk. */
export function ownConditions(parts: {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly store: Store;
  readonly damage: Stored['damage'];
  readonly fromKernel: Parameters<typeof complaintsOfMemory>[1]['fromKernel'];
}): Conditions {
  const { node, engine, network, store, damage, fromKernel } = parts;
  const conditions = new Conditions(node);
  for (const complaint of complaintsOfPool(engine)) conditions.watch(complaint);
  for (const complaint of complaintsOfMemory(store, { clock: node.clock, damage, fromKernel }))
    conditions.watch(complaint);
  conditions.watch(complaintOfEgress(node));
  conditions.watch(() => pausedEc2(node.ec2.traffic.paused()));
  conditions.watch(() => trunkComplaint(node, network.branches.trunk));
  return conditions;
}

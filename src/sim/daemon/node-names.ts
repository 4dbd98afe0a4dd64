import { HostError } from '../../errors/index.ts';
import { isNodeName, nodeNetns, type VpcNames } from '../fabric/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';

/** What the instances of a VPC are called as nodes: a name belongs to one instance from its launch to its end. */
export interface NodeNames {
  /** The node an instance is. It is fixed when first asked for: a tag that changes later renames no machine. */
  of(instance: SimInstance): string;
  /** The instance of a node that lives, or else the last one that was called so. */
  find(node: string): SimInstance | undefined;
  /** The same; throws `SIM_NODE_MISSING`. */
  need(node: string): SimInstance;
  /** Throws `USAGE` or `SIM_NODE_EXISTS` unless a new node may be called so. */
  claim(node: string): void;
  forget(instanceId: string): void;
}

/** Nodes are found by their ids as well. */
const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;

/**
 * An instance is called by its name, which is its `Name` tag unless `sim node add` gave one, where that can be a node's
 * name and no other node has it; otherwise by its id.
 */
export function createNodeNames(names: VpcNames, vpc: SimVpc): NodeNames {
  const byId = new Map<string, string>();
  const byName = new Map<string, readonly string[]>();
  const isAlive = (id: string): boolean => {
    const state = vpc.findInstance(id)?.state;
    return state !== undefined && state !== 'terminated';
  };
  const idsOf = (node: string): readonly string[] => byName.get(node) ?? [];
  const isTaken = (node: string): boolean => idsOf(node).some(isAlive);
  const forget = (id: string): void => {
    const node = byId.get(id);
    byId.delete(id);
    if (node === undefined) return;
    const left = idsOf(node).filter((other) => other !== id);
    if (left.length > 0) byName.set(node, left);
    else byName.delete(node);
  };
  /** The model forgets instances an hour after their end; what is kept of them here must not outgrow them. */
  const forgetGone = (): void => {
    if (byId.size < 1000 || byId.size < 2 * vpc.instances().length) return;
    for (const id of [...byId.keys()]) if (vpc.findInstance(id) === undefined) forget(id);
  };
  const find = (node: string): SimInstance | undefined => {
    const ids = idsOf(node).filter((id) => vpc.findInstance(id) !== undefined);
    return vpc.findInstance(ids.find(isAlive) ?? ids.at(-1) ?? node);
  };
  return {
    of(instance) {
      const known = byId.get(instance.id);
      if (known !== undefined) return known;
      forgetGone();
      const { name, id } = instance;
      const node = isNodeName(name) && !INSTANCE_ID.test(name) && !isTaken(name) ? name : id;
      byId.set(id, node);
      byName.set(node, [...idsOf(node), id]);
      return node;
    },
    find,
    need(node) {
      const instance = find(node);
      if (instance === undefined) throw new HostError('SIM_NODE_MISSING', { node, vpc: names.vpc });
      return instance;
    },
    claim(node) {
      nodeNetns(names, node);
      if (INSTANCE_ID.test(node))
        throw new HostError('USAGE', { reason: `"${node}" is no node name: it could be the id of another node` });
      if (isTaken(node)) throw new HostError('SIM_NODE_EXISTS', { node, vpc: names.vpc });
    },
    forget,
  };
}

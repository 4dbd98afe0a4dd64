import type { Exec } from '../../sys/index.ts';
import { createFabric, type Fabric, nodeNetns, type VpcNames } from '../fabric/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';
import { createMachine, haltMachine, nodePaths, rebootMachine, removeMachine } from '../node/index.ts';
import { listPods, type PodView } from '../runtime/index.ts';
import type { NodeNames } from './node-names.ts';

/** What makes instances machines. An API-only VPC has none, and each of these does nothing there. */
export interface Machines {
  /** Makes the machine of an instance, still without links. Throws, having undone it. */
  create(node: string): Promise<void>;
  /** Ends every process of a machine, as a power cut would; its links still hang on it. */
  halt(node: string): Promise<void>;
  /** Ends every process of an instance's machine and starts it again, its links plugged as at boot. */
  reboot(instance: SimInstance, node: string): Promise<void>;
  /** Removes a machine whose links are gone; nothing happens when there is none. */
  remove(node: string): Promise<void>;
  /** Resolves when the kernel has followed every change of the model so far. */
  settled(): Promise<void>;
  pods(node: string): readonly PodView[];
}

/** No machines: the instances exist for the APIs alone. */
export const NO_MACHINES: Machines = {
  create: async () => {},
  halt: async () => {},
  reboot: async () => {},
  remove: async () => {},
  settled: async () => {},
  pods: () => [],
};

/** Lays the fabric out and keeps it in step with the model. */
export async function createMachines(parts: {
  readonly exec: Exec;
  readonly names: VpcNames;
  readonly vpc: SimVpc;
  readonly nodes: NodeNames;
  readonly onFailure: (error: unknown) => void;
}): Promise<Machines> {
  const { exec, names, vpc, nodes, onFailure } = parts;
  const fabric: Fabric = await createFabric({
    exec,
    names,
    model: vpc,
    netnsOf: (instance) => nodeNetns(names, nodes.of(instance)),
    onFailure,
  });
  vpc.observe((event) => fabric.follow(event));
  const halt = (node: string): Promise<void> => haltMachine(nodePaths(names, node));
  return {
    create: async (node) => void (await createMachine(exec, names, node)),
    halt,
    async reboot({ id }, node) {
      await halt(node);
      fabric.hold(id);
      await fabric.settled();
      await rebootMachine(exec, names, node);
      fabric.release(id);
      await fabric.settled();
    },
    remove: (node) => removeMachine(exec, names, node),
    settled: () => fabric.settled(),
    pods: (node) => listPods(nodePaths(names, node)),
  };
}

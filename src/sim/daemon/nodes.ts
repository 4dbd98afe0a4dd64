import type { Clock } from '../../sys/index.ts';
import { ENI_TAG } from '../../vpc/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';
import { launchNode, type NodePlan } from '../scenario/index.ts';
import type { Machines } from './machines.ts';
import type { NodeNames } from './node-names.ts';

/** The instances of a VPC as machines: whatever begins or ends one, its machine follows. */
export interface Nodes {
  /** Launches an instance and returns when it runs. Throws with nothing left of it. */
  add(plan: NodePlan): Promise<SimInstance>;
  /** Boots a node again; returns when its links are back. */
  reboot(node: string): Promise<void>;
  /** As EC2's TerminateInstances; returns when it is terminated. It can still be described for an hour. */
  terminate(node: string): Promise<void>;
  /** Terminates it, when it still runs, and forgets it with the ENIs it has left behind. */
  remove(node: string): Promise<void>;
  /** What carries an instance over that EC2's API has launched, or is terminating. */
  readonly hooks: {
    readonly launch: (instance: SimInstance) => Promise<void>;
    readonly terminate: (instance: SimInstance) => Promise<void>;
  };
}

/** What nodes stand on. */
export interface NodesParts {
  readonly vpc: SimVpc;
  readonly names: NodeNames;
  readonly machines: Machines;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what failed that nobody waited for. */
  readonly onError: (error: unknown) => void;
}

/** One piece of work at a time for each instance, in the order it was asked for: a reboot never meets a termination. */
function createTurns(): (id: string, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return (id, work) => {
    const next = (last.get(id) ?? Promise.resolve()).then(work, work);
    last.set(id, next);
    const forget = (): void => {
      if (last.get(id) === next) last.delete(id);
    };
    next.then(forget, forget);
    return next;
  };
}

/** Keeps machines in step with instances. */
export function createNodes(parts: NodesParts): Nodes {
  const { vpc, names, machines, clock, signal, onError } = parts;
  const turn = createTurns();
  // A reboot that the API asked for is waited for by nobody; one of ours is, by its turn.
  vpc.observe((event) => {
    if (event.kind !== 'instance-rebooted') return;
    const { id } = event.instance;
    turn(id, () => machines.reboot(event.instance, names.of(event.instance))).catch(onError);
  });

  const launch = (instance: SimInstance, waitMs: number): Promise<void> =>
    turn(instance.id, async () => {
      const node = names.of(instance);
      try {
        await Promise.all([machines.create(node), clock.sleep(waitMs, signal)]);
        vpc.completeLaunch(instance.id);
        await machines.settled();
      } catch (error) {
        // As EC2 does with an instance it cannot start.
        vpc.terminateInstance(instance.id);
        await machines.settled().catch(onError);
        await machines.remove(node);
        names.forget(instance.id);
        throw error;
      }
    });

  const end = (instance: SimInstance, waitMs: number): Promise<void> =>
    turn(instance.id, async () => {
      const node = names.of(instance);
      // Programs first, as on a machine that is switched off, then the ENIs, then the machine.
      await machines.halt(node);
      await clock.sleep(waitMs, signal);
      vpc.completeTerminate(instance.id);
      try {
        await machines.settled();
      } finally {
        await machines.remove(node);
      }
    });

  const terminate = async (instance: SimInstance): Promise<void> => {
    if (instance.state === 'terminated') return;
    vpc.beginTerminate(instance.id);
    await end(instance, 0);
  };

  return {
    async add(plan) {
      names.claim(plan.name);
      const instance = launchNode(vpc, plan);
      try {
        await launch(instance, 0);
      } catch (error) {
        vpc.forgetInstance(instance.id);
        throw error;
      }
      return vpc.instance(instance.id);
    },
    async reboot(node) {
      const { id } = names.need(node);
      vpc.rebootInstance(id);
      await turn(id, async () => {});
    },
    terminate: (node) => terminate(names.need(node)),
    async remove(node) {
      const instance = names.need(node);
      const left = vpc.enisOf(instance.id).map(({ id }) => id);
      await terminate(instance);
      for (const id of [...left, ...leftBy(vpc, instance)]) if (isFree(vpc, id)) vpc.deleteEni(id);
      vpc.forgetInstance(instance.id);
      names.forget(instance.id);
    },
    hooks: {
      launch: (instance) => launch(instance, vpc.launchMs),
      terminate: (instance) => end(instance, vpc.terminateMs),
    },
  };
}

/** ENIs that say themselves, by the tag of whoever made them, that they were made for this instance. */
function leftBy(vpc: SimVpc, { id }: SimInstance): readonly string[] {
  return [...vpc.eniIdsBy('tag', `${ENI_TAG.instance}\0${id}`)];
}

function isFree(vpc: SimVpc, eniId: string): boolean {
  const eni = vpc.findEni(eniId);
  return eni !== undefined && eni.attachment === undefined && eni.trunk === undefined;
}

import { formatCidr } from '../../addr/index.ts';
import { HostError } from '../../errors/index.ts';
import type { SimClock } from '../clock/index.ts';
import type { Dials } from '../dials/index.ts';
import { nodeNetns, type VpcNames } from '../fabric/index.ts';
import { instanceIdOf } from '../imds/index.ts';
import type { SimCall, SimInstance, SimSubnet, SimVpc } from '../model/index.ts';
import { type CallFilter, chooseCalls } from './call-filter.ts';
import { type Answer, type LoopbackFace, listenOnLoopback } from './listen.ts';
import type { Machines } from './machines.ts';
import type { ClockOrder } from './parse-orders.ts';
import { primaryAddress, viewClock, viewNode, viewStatus } from './view.ts';
import type { ClockView, NodeRequest, NodeView, SimMode, SimStatus } from './views.ts';

/** A running VPC: the model, the kernel that follows it, the nodes. Disposing it ends its listeners, not the nodes. */
export interface Simulator extends Disposable {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  addNode(request: NodeRequest): Promise<NodeView>;
  /** Terminates the instance and removes its machine. */
  removeNode(name: string): Promise<void>;
  /** The calls answered so far that the filter chooses. */
  calls(filter: CallFilter): readonly SimCall[];
  setClock(order: ClockOrder): ClockView;
  status(): SimStatus;
}

/** What a simulator is put together from. */
export interface SimulatorParts {
  readonly names: VpcNames;
  readonly mode: SimMode;
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly clock: SimClock;
  readonly machines: Machines;
  readonly imds: Answer;
  /** Where the VPC is served. */
  readonly urls: () => { readonly ec2: string; readonly imds: string; readonly admin: string };
}

/** So that pods, one hop behind the node, get tokens too (EKS node groups are launched with it). */
const EKS_METADATA = { hopLimit: 2 } as const;

/** Puts nodes into a VPC and tells what is in it. */
export function createSimulator(parts: SimulatorParts): Simulator {
  const { names, vpc, machines, clock } = parts;
  // Outside a node the caller's address says nothing, so each node's metadata has a loopback port of its own.
  const metadata = new Map<string, LoopbackFace>();
  const view = (instance: SimInstance): NodeView =>
    viewNode(vpc, instance, {
      imds: metadata.get(instance.name)?.url ?? '',
      pods: machines.pods(instance.name),
    });
  const drop = async (name: string): Promise<void> => {
    metadata.get(name)?.[Symbol.dispose]();
    metadata.delete(name);
    // Programs first, as on a machine that is switched off, then the ENIs, then the machine.
    await machines.halt(name);
    const instance = vpc.instanceByName(name);
    if (instance !== undefined) {
      vpc.terminateInstance(instance.id);
      vpc.forgetInstance(instance.id);
    }
    try {
      await machines.settled();
    } finally {
      await machines.remove(name);
    }
  };

  return {
    vpc,
    dials: parts.dials,
    async addNode({ name, instanceType, subnet }) {
      const place = findSubnet(vpc, subnet);
      nodeNetns(names, name);
      if (vpc.instanceByName(name) !== undefined)
        throw new HostError('SIM_NODE_EXISTS', { node: name, vpc: names.vpc });
      await machines.create(name);
      try {
        const instance = vpc.runInstance({ name, instanceType, subnetId: place.id, metadata: EKS_METADATA });
        metadata.set(
          name,
          listenOnLoopback({ face: `metadata of ${name}` }, (request) =>
            parts.imds(request, primaryAddress(vpc, instance)),
          ),
        );
        await machines.settled();
        return view(instance);
      } catch (error) {
        await drop(name);
        throw error;
      }
    },
    async removeNode(name) {
      if (vpc.instanceByName(name) === undefined)
        throw new HostError('SIM_NODE_MISSING', { node: name, vpc: names.vpc });
      await drop(name);
    },
    calls: (filter) =>
      chooseCalls(vpc.calls(), filter, (word) => {
        const instance = vpc.instanceByName(word);
        if (instance === undefined) return new Set();
        const keys = vpc.calls().flatMap(({ caller }) => (instanceIdOf(caller) === instance.id ? [caller] : []));
        return new Set([...keys, ...vpc.enisOf(instance.id).flatMap(({ addresses }) => addresses)]);
      }),
    setClock({ at, advanceMs, ticking }) {
      if (at !== undefined) clock.setTime(at);
      if (advanceMs !== undefined) clock.advance(advanceMs);
      if (ticking !== undefined) clock.setTicking(ticking);
      return viewClock(clock);
    },
    status: () =>
      viewStatus({
        ...parts.urls(),
        name: names.vpc,
        mode: parts.mode,
        vpc,
        dials: parts.dials,
        clock,
        nodes: vpc.instances().map(view),
      }),
    [Symbol.dispose]: () => {
      for (const listener of metadata.values()) listener[Symbol.dispose]();
    },
  };
}

function findSubnet(vpc: SimVpc, wanted: string | undefined): SimSubnet {
  const subnets = vpc.subnets();
  const found =
    wanted === undefined
      ? subnets[0]
      : subnets.find(({ id, cidr, availabilityZone }) => [id, formatCidr(cidr), availabilityZone].includes(wanted));
  if (found !== undefined) return found;
  const known = subnets.map(({ id, cidr, availabilityZone }) => `${formatCidr(cidr)} (${id}, ${availabilityZone})`);
  throw new HostError('USAGE', { reason: `there is no subnet ${wanted}; the subnets are ${known.join(', ')}` });
}

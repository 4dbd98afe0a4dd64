import { HostError } from '../../errors/index.ts';
import { isClockTime, type SimClock } from '../clock/index.ts';
import type { Dials } from '../dials/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import type { SimCall, SimInstance, SimVpc } from '../model/index.ts';
import { type AttachTimes, findSubnet, type NodePlan } from '../scenario/index.ts';
import { type CallFilter, chooseCalls } from './call-filter.ts';
import { callersOf } from './callers.ts';
import type { Machines } from './machines.ts';
import type { NodeFaces } from './node-faces.ts';
import type { NodeNames } from './node-names.ts';
import type { Nodes } from './nodes.ts';
import type { ClockOrder, SubnetOrder } from './parse-orders.ts';
import { viewClock, viewNode, viewStatus, viewSubnet } from './view.ts';
import type { ClockView, NodeView, SimMode, SimStatus, SubnetView } from './views.ts';

/** A running VPC, as orders see it. */
export interface Simulator {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly times: AttachTimes;
  readonly nodes: Nodes;
  addNode(plan: NodePlan): Promise<NodeView>;
  /** Every node there is, those included that were terminated within the last hour. */
  listNodes(): readonly NodeView[];
  /** Lets strangers take addresses of a subnet, or takes them away again. Throws `SimFault` for a subnet there is not. */
  setSubnet(subnet: string, order: SubnetOrder): SubnetView;
  /** The calls answered so far that the filter chooses. */
  calls(filter: CallFilter): readonly SimCall[];
  /** Throws `SIM_ORDER_INVALID` for a time the clock does not go to. */
  setClock(order: ClockOrder): ClockView;
  status(): SimStatus;
}

/** What a simulator is put together from. */
export interface SimulatorParts {
  readonly names: VpcNames;
  readonly mode: SimMode;
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly times: AttachTimes;
  readonly clock: SimClock;
  readonly machines: Machines;
  readonly nodes: Nodes;
  readonly nodeNames: NodeNames;
  readonly faces: NodeFaces;
  /** Where the VPC is served. */
  readonly urls: () => { readonly ec2: string; readonly imds: string; readonly admin: string };
}

/** Takes orders for a VPC and tells what is in it. */
export function createSimulator(parts: SimulatorParts): Simulator {
  const { names, vpc, dials, times, clock, machines, nodes, nodeNames, faces } = parts;
  const view = (instance: SimInstance): NodeView => {
    const name = nodeNames.of(instance);
    const isGone = instance.state === 'terminated';
    return viewNode(vpc, instance, { name, imds: faces.urlOf(instance.id), pods: isGone ? [] : machines.pods(name) });
  };
  return {
    vpc,
    dials,
    times,
    nodes,
    addNode: async (plan) => view(await nodes.add(plan)),
    listNodes: () => vpc.instances().map(view),
    setSubnet(subnet, { strangers, leave }) {
      const { id } = findSubnet(vpc, subnet);
      if (strangers === 'fragment') vpc.fragmentSubnet(id);
      else if (strangers === 'exhaust') vpc.exhaustSubnet(id, leave);
      else {
        vpc.defragmentSubnet(id);
        vpc.releaseStrangers(id);
      }
      return viewSubnet(vpc, vpc.subnet(id));
    },
    calls: (filter) => chooseCalls(vpc.calls(), filter, (word) => callersOf(vpc, nodeNames.find(word))),
    setClock({ at, advanceMs, ticking }) {
      if (!isClockTime((at ?? clock.now()) + (advanceMs ?? 0)))
        throw new HostError('SIM_ORDER_INVALID', {
          request: 'POST /clock',
          reason: 'the clock goes from 1970 to 2999',
        });
      // Stopped before it is set, it shows exactly what it is set to.
      if (ticking === false) clock.setTicking(false);
      if (at !== undefined) clock.setTime(at);
      if (advanceMs !== undefined) clock.advance(advanceMs);
      if (ticking === true) clock.setTicking(true);
      return viewClock(clock);
    },
    status: () =>
      viewStatus({
        ...parts.urls(),
        name: names.vpc,
        mode: parts.mode,
        vpc,
        dials,
        times: times.spans(),
        clock,
        nodes: vpc
          .instances()
          .filter(({ state }) => state !== 'terminated')
          .map(view),
      }),
  };
}

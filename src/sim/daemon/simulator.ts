import { formatCidr } from '../../addr/index.ts';
import { HostError } from '../../errors/index.ts';
import type { Exec } from '../../sys/index.ts';
import type { Dials } from '../dials/index.ts';
import { type Fabric, nodeNetns, type VpcNames } from '../fabric/index.ts';
import type { SimEni, SimInstance, SimSubnet, SimVpc } from '../model/index.ts';
import { createMachine, killOccupants, nodePaths, removeMachine } from '../node/index.ts';
import { listPods } from '../runtime/index.ts';
import { type Answer, listenOnLoopback } from './listen.ts';
import type { EniView, NodeRequest, NodeView, SimStatus } from './parse-answers.ts';

/** A running VPC: the model, the kernel that follows it, the nodes. Disposing it ends its listeners, not the nodes. */
export interface Simulator extends Disposable {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  addNode(request: NodeRequest): Promise<NodeView>;
  /** Terminates the instance and removes its machine. */
  removeNode(name: string): Promise<void>;
  status(): SimStatus;
}

/** What a simulator is put together from. */
export interface SimulatorParts {
  readonly exec: Exec;
  readonly names: VpcNames;
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly fabric: Fabric;
  readonly imds: Answer;
  readonly ec2Url: string;
  readonly adminUrl: string;
}

/** Puts nodes into a VPC and tells what is in it. */
export function createSimulator(parts: SimulatorParts): Simulator {
  const { exec, names, vpc, fabric } = parts;
  // Outside a node the caller's address says nothing, so each node's metadata has a loopback port of its own.
  const metadata = new Map<string, ReturnType<typeof listenOnLoopback>>();

  const viewNode = (instance: SimInstance): NodeView => ({
    name: instance.name,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    subnetId: instance.subnetId,
    address: primaryAddress(vpc, instance),
    imds: metadata.get(instance.name)?.url ?? '',
    enis: vpc.enisOf(instance.id).map(viewEni),
    pods: listPods(nodePaths(names, instance.name)),
  });

  return {
    vpc,
    dials: parts.dials,
    async addNode({ name, instanceType, subnet }) {
      const place = findSubnet(vpc, subnet);
      nodeNetns(names, name);
      if (vpc.instanceByName(name) !== undefined)
        throw new HostError('SIM_NODE_EXISTS', { node: name, vpc: names.vpc });
      await createMachine(exec, names, name);
      try {
        const instance = vpc.runInstance({ name, instanceType, subnetId: place.id });
        metadata.set(
          name,
          listenOnLoopback((request) => parts.imds(request, primaryAddress(vpc, instance))),
        );
        await fabric.settled();
        return viewNode(instance);
      } catch (error) {
        await dropNode(parts, name);
        throw error;
      }
    },
    async removeNode(name) {
      if (vpc.instanceByName(name) === undefined)
        throw new HostError('SIM_NODE_MISSING', { node: name, vpc: names.vpc });
      metadata.get(name)?.[Symbol.dispose]();
      metadata.delete(name);
      await dropNode(parts, name);
    },
    status: () => {
      const nodes = vpc.instances().map(viewNode);
      return {
        name: names.vpc,
        pid: process.pid,
        ec2: parts.ec2Url,
        imds: nodes[0]?.imds ?? null,
        admin: parts.adminUrl,
        vpc: { id: vpc.id, cidr: formatCidr(vpc.cidr), region: vpc.region },
        subnets: vpc.subnets().map((subnet) => ({
          id: subnet.id,
          cidr: formatCidr(subnet.cidr),
          availabilityZone: subnet.availabilityZone,
          free: vpc.availableAddresses(subnet.id),
        })),
        nodes,
        availableEnis: vpc
          .enis()
          .filter((eni) => eni.attachment === undefined)
          .map(viewEni),
        dials: parts.dials.list(),
      };
    },
    [Symbol.dispose]: () => {
      for (const listener of metadata.values()) listener[Symbol.dispose]();
    },
  };
}

/** Programs first, as on a machine that is switched off, then the ENIs, then the machine. */
async function dropNode({ exec, names, vpc, fabric }: SimulatorParts, name: string): Promise<void> {
  const paths = nodePaths(names, name);
  await killOccupants([paths.mountNamespace, paths.netns]);
  const instance = vpc.instanceByName(name);
  if (instance !== undefined) vpc.terminateInstance(instance.id);
  try {
    await fabric.settled();
  } finally {
    await removeMachine(exec, names, name);
  }
}

function primaryAddress(vpc: SimVpc, instance: SimInstance): string {
  return vpc.enisOf(instance.id)[0]?.addresses[0] ?? '';
}

function viewEni(eni: SimEni): EniView {
  const { attachment } = eni;
  return {
    id: eni.id,
    mac: eni.mac,
    subnetId: eni.subnetId,
    state: attachment?.state ?? 'available',
    ...(attachment === undefined ? {} : { deviceIndex: attachment.deviceIndex }),
    addresses: eni.addresses,
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

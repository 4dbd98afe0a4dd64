import { formatCidr } from '../../addr/index.ts';
import type { SimClock } from '../clock/index.ts';
import type { Dials } from '../dials/index.ts';
import { linkName } from '../fabric/index.ts';
import type { SimEni, SimInstance, SimSubnet, SimVpc } from '../model/index.ts';
import type { PodView } from '../runtime/index.ts';
import type { AttachSpans } from '../scenario/index.ts';
import type { ClockView, EniView, NodeView, SimMode, SimStatus, SubnetView } from './views.ts';

/** The whole VPC as `sim status` shows it. */
export function viewStatus(parts: {
  readonly name: string;
  readonly mode: SimMode;
  readonly ec2: string;
  readonly imds: string;
  readonly admin: string;
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly times: AttachSpans;
  readonly clock: SimClock;
  readonly nodes: readonly NodeView[];
}): SimStatus {
  const { vpc, dials, times, clock, nodes, name, mode, ec2, imds, admin } = parts;
  return {
    name,
    pid: process.pid,
    mode,
    ec2,
    imds,
    admin,
    vpc: {
      id: vpc.id,
      cidr: formatCidr(vpc.cidr),
      cidrs: vpc.cidrs().map(({ cidr }) => formatCidr(cidr)),
      ipv6: vpc.ipv6Cidrs().map(({ cidr }) => formatCidr(cidr)),
      region: vpc.region,
    },
    subnets: vpc.subnets().map((subnet) => viewSubnet(vpc, subnet)),
    nodes,
    availableEnis: vpc
      .enis()
      .filter((eni) => eni.attachment === undefined)
      .map(viewEni),
    dials: dials.list(),
    throttle: dials.buckets,
    times,
    clock: viewClock(clock),
  };
}

/** One subnet. */
export function viewSubnet(vpc: SimVpc, subnet: SimSubnet): SubnetView {
  const { id, cidr, ipv6, availabilityZone } = subnet;
  return {
    id,
    cidr: formatCidr(cidr),
    ...(ipv6 === undefined ? {} : { ipv6: formatCidr(ipv6.cidr) }),
    availabilityZone,
    free: vpc.availableAddresses(id),
  };
}

/** The simulator's time. */
export function viewClock(clock: SimClock): ClockView {
  return {
    now: new Date(clock.now()).toISOString(),
    aheadMs: Math.round(clock.offsetMs),
    ticking: clock.ticking,
  };
}

/** One node; what it is called, its metadata URL and its pods are not the model's to know. */
export function viewNode(
  vpc: SimVpc,
  instance: SimInstance,
  machine: { readonly name: string; readonly imds: string; readonly pods: readonly PodView[] },
): NodeView {
  return {
    name: machine.name,
    instanceId: instance.id,
    state: instance.state,
    instanceType: instance.instanceType,
    subnetId: instance.subnetId,
    address: primaryAddress(vpc, instance),
    imds: machine.imds,
    enis: vpc.enisOf(instance.id).map(viewEni),
    pods: machine.pods,
  };
}

/** The primary address of device 0; empty when the instance has no ENI any more. */
export function primaryAddress(vpc: SimVpc, instance: SimInstance): string {
  return vpc.enisOf(instance.id)[0]?.addresses[0] ?? '';
}

function viewEni(eni: SimEni): EniView {
  const { attachment } = eni;
  return {
    id: eni.id,
    mac: eni.mac,
    subnetId: eni.subnetId,
    state: attachment?.state ?? 'available',
    ...(attachment === undefined
      ? {}
      : {
          deviceIndex: attachment.deviceIndex,
          networkCardIndex: attachment.networkCardIndex,
          ...(eni.addresses.length === 0 ? {} : { link: linkName(attachment) }),
        }),
    interfaceType: eni.interfaceType,
    addresses: eni.addresses,
    prefixes: eni.prefixes.map(formatCidr),
    ipv6Addresses: eni.ipv6Addresses,
    ipv6Prefixes: eni.ipv6Prefixes.map(formatCidr),
  };
}

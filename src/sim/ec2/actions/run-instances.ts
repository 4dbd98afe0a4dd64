import { createHash } from 'node:crypto';
import { type InstanceRequest, type LaunchInterface, SimFault, type SimInstance } from '../../model/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { missing, type Parameters } from '../parameters.ts';
import { reservationFields } from './describe-instances.ts';
import { readMetadataOptions } from './instances.ts';
import { readAddressing, readTagSpecifications } from './requests.ts';

/** EC2 user guide, "Instance user data": 16 KB, before it is encoded. */
const MAX_USER_DATA = 16 * 1024;

/** More than anybody's quota; a bound so that one request cannot fill the memory. */
const MAX_INSTANCES = 1000;

const INTERFACE_TYPES = ['interface', 'efa', 'efa-only'] as const;

/** What a request says about the network of its instances; the subnet may follow from an ENI that exists. */
type Network = Partial<Omit<InstanceRequest, 'name' | 'instanceType' | 'subnetId'>> & {
  readonly subnetId: string | undefined;
};

/** Launches instances, as many as fit from MinCount to MaxCount; the same client token launches no others. */
export const runInstances: Action = (parameters, context) => {
  const count = readCount(parameters);
  const token = parameters.clientToken() ?? '';
  const tags = readTagSpecifications(parameters, ['instance', 'network-interface']);
  const userData = parameters.base64('UserData');
  if (userData !== undefined && userData.byteLength > MAX_USER_DATA)
    throw new SimFault('InvalidParameterValue', `User data is limited to ${MAX_USER_DATA} bytes`);
  const rest = {
    imageId: parameters.id('ImageId', 'image'),
    // What EC2 takes where nobody says (API reference, RunInstances).
    instanceType: parameters.text('InstanceType') ?? 'm1.small',
    metadata: readMetadataOptions(parameters.structure('MetadataOptions')),
    tags: tags('instance'),
    interfaceTags: tags('network-interface'),
    // Empty user data is none: the metadata service has a 404 for it.
    userData: userData?.byteLength === 0 ? undefined : userData,
  };
  const network = readNetwork(parameters, count.max);
  return () => {
    if (rest.imageId === undefined) throw missing('ImageId');
    const wish = fingerprintOf([count, rest, network]);
    const known = token === '' ? undefined : context.launches.find(token, wish);
    if (known !== undefined) return reservationFields(context, known);
    const machines = launchAll(context, { ...rest, ...network, subnetId: subnetOf(context, network) }, count);
    context.launches.add(machines, token, wish);
    for (const one of machines) context.launch(one);
    return reservationFields(context, machines);
  };
};

/** Short, because it is kept as long as the instances are, and user data may be long. */
function fingerprintOf(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

function readCount(parameters: Parameters): { readonly min: number; readonly max: number } {
  parameters.required('MinCount');
  parameters.required('MaxCount');
  const [min = 1, max = 1] = [parameters.integer('MinCount', 1), parameters.integer('MaxCount', 1)];
  if (min > max) throw new SimFault('InvalidParameterValue', `MinCount ${min} is more than MaxCount ${max}`);
  if (max > MAX_INSTANCES)
    throw new SimFault('InstanceLimitExceeded', `A request takes ${MAX_INSTANCES} instances at most, not ${max}`);
  return { min, max };
}

/** As many as possible, at least `min`; fewer than that are none, and what was begun is taken back. */
function launchAll(
  { vpc }: ActionContext,
  request: InstanceRequest,
  { min, max }: { readonly min: number; readonly max: number },
): readonly SimInstance[] {
  const machines: SimInstance[] = [];
  while (machines.length < max) {
    try {
      const reservationId = machines[0]?.reservationId;
      machines.push(vpc.beginLaunch({ ...request, reservationId, launchIndex: machines.length }));
    } catch (error) {
      if (machines.length >= min) break;
      for (const { id } of machines) {
        vpc.terminateInstance(id);
        vpc.forgetInstance(id);
      }
      throw error;
    }
  }
  return machines;
}

function subnetOf({ vpc }: ActionContext, { subnetId, eniId }: Network): string {
  if (eniId !== undefined) return vpc.eni(eniId).subnetId;
  if (subnetId === undefined)
    throw new SimFault('VPCIdNotSpecified', 'There is no default VPC: name a subnet by SubnetId');
  return subnetId;
}

/** Where the instances go: by the request's own fields for the one ENI, or by a specification for each. */
function readNetwork(parameters: Parameters, count: number): Network {
  const specifications = parameters.structures('NetworkInterface');
  const subnetId = parameters.id('SubnetId', 'subnet');
  const securityGroups = parameters.ids('SecurityGroupId', 'security-group');
  const address = parameters.address('PrivateIpAddress');
  const ipv6Count = parameters.integer('Ipv6AddressCount');
  const ipv6Addresses = parameters.structures('Ipv6Address').flatMap((one) => one.ipv6('Ipv6Address') ?? []);
  const ownFields = [subnetId, address, ipv6Count, securityGroups[0], ipv6Addresses[0]].some(
    (one) => one !== undefined,
  );
  if (specifications.length > 0) {
    if (ownFields)
      throw new SimFault(
        'InvalidParameterCombination',
        'Network interfaces and an instance-level subnet, security groups or addresses may not be specified together',
      );
    return readInterfaces(specifications, count);
  }
  if (ipv6Count !== undefined && ipv6Addresses.length > 0)
    throw new SimFault('InvalidParameterCombination', 'Give either IPv6 addresses or their number, not both');
  if (count > 1 && (address !== undefined || ipv6Addresses.length > 0)) throw tooManyFor('a named address');
  return {
    subnetId,
    securityGroups,
    addresses: address === undefined ? [] : [address],
    ipv6Addresses,
    ipv6Count,
    interfaces: [],
  };
}

function readInterfaces(specifications: readonly Parameters[], count: number): Network {
  const all = specifications.map(readInterface);
  const places = all.map(({ networkCardIndex, deviceIndex }) => `${networkCardIndex}/${deviceIndex}`);
  if (new Set(places).size < places.length)
    throw new SimFault('InvalidParameterValue', 'Each network interface requires a device index of its own');
  const primary = all.find(({ networkCardIndex, deviceIndex }) => networkCardIndex === 0 && deviceIndex === 0);
  if (primary === undefined)
    throw new SimFault('InvalidParameterCombination', 'A primary network interface with device index 0 is needed');
  const named = all.some((one) =>
    [one.eniId, one.addresses[0], one.prefixes[0], one.ipv6Addresses[0], one.ipv6Prefixes[0]].some(
      (what) => what !== undefined,
    ),
  );
  if (count > 1 && named) throw tooManyFor('a network interface, address or prefix by name');
  const { deviceIndex: _device, networkCardIndex: _card, ...first } = primary;
  return { ...first, interfaces: all.filter((one) => one !== primary) };
}

function readInterface(parameters: Parameters) {
  parameters.required('DeviceIndex');
  const eniId = parameters.id('NetworkInterfaceId', 'network-interface');
  const place = {
    deviceIndex: parameters.integer('DeviceIndex') ?? 0,
    networkCardIndex: parameters.integer('NetworkCardIndex') ?? 0,
    deleteOnTermination: parameters.flag('DeleteOnTermination'),
  };
  const known = new Set(['DeviceIndex', 'NetworkCardIndex', 'DeleteOnTermination', 'NetworkInterfaceId']);
  const more = parameters.names().find((name) => !known.has(name));
  if (eniId !== undefined && more !== undefined)
    throw new SimFault('InvalidParameterCombination', `${more} cannot be given for a network interface that exists`);
  if (eniId !== undefined && place.deleteOnTermination === true)
    throw new SimFault(
      'InvalidParameterCombination',
      'A network interface may not specify a network interface ID and delete on termination as true',
    );
  return {
    ...place,
    eniId,
    subnetId: parameters.id('SubnetId', 'subnet'),
    description: parameters.text('Description'),
    securityGroups: parameters.ids('SecurityGroupId', 'security-group'),
    interfaceType: parameters.choice('InterfaceType', INTERFACE_TYPES),
    ...readAddressing(parameters),
  } satisfies LaunchInterface;
}

function tooManyFor(what: string): SimFault {
  return new SimFault('InvalidParameterCombination', `More than one instance cannot have ${what}`);
}

import type {
  _InstanceType,
  AssignPrivateIpAddressesResult,
  InstanceTypeInfo,
  NetworkInterface,
  Tag,
} from '@aws-sdk/client-ec2';
import { type Ipv4Address, parseIpv4, parseMac } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import type { InstanceLimits } from '../vpc/index.ts';
import type { AttachmentState, Ec2Action, EniAttachment, EniDescription, Tags } from './types.ts';

const STATES: readonly string[] = ['attaching', 'attached', 'detaching', 'detached'] satisfies AttachmentState[];

/** An ENI of an answer to `action`. Throws `EC2_BAD_ANSWER` naming the first field that is missing. */
export function parseEni(action: Ec2Action, eni: NetworkInterface): EniDescription {
  const addresses = parseAddresses(action, eni);
  return {
    id: present(action, 'NetworkInterfaceId', eni.NetworkInterfaceId),
    mac: parsed(action, 'MacAddress', eni.MacAddress, parseMac),
    subnetId: present(action, 'SubnetId', eni.SubnetId),
    addresses,
    primaryAddress: addresses[0],
    attachment: parseAttachment(action, eni.Attachment),
    interfaceType: eni.InterfaceType ?? 'interface',
    description: eni.Description ?? '',
    tags: parseTags(eni.TagSet),
    securityGroups: (eni.Groups ?? []).flatMap((group) => group.GroupId ?? []),
  };
}

/** EC2 marks the primary address and promises no order, so it is put first here. */
function parseAddresses(action: Ec2Action, eni: NetworkInterface): readonly Ipv4Address[] {
  const all = eni.PrivateIpAddresses ?? [];
  const sorted = [...all.filter((entry) => entry.Primary === true), ...all.filter((entry) => entry.Primary !== true)];
  return sorted.map((entry) => parsed(action, 'PrivateIpAddress', entry.PrivateIpAddress, parseIpv4));
}

function parseAttachment(action: Ec2Action, attachment: NetworkInterface['Attachment']): EniAttachment | undefined {
  if (attachment?.AttachmentId === undefined) return undefined;
  return {
    id: attachment.AttachmentId,
    instanceId: attachment.InstanceId,
    deviceIndex: present(action, 'Attachment.DeviceIndex', attachment.DeviceIndex),
    cardIndex: attachment.NetworkCardIndex ?? 0,
    state: parsed(action, 'Attachment.Status', attachment.Status, parseState),
    deleteOnTermination: attachment.DeleteOnTermination ?? false,
  };
}

function parseState(text: string): AttachmentState {
  if (!STATES.includes(text)) throw new RangeError(`"${text}" is not an attachment state`);
  return text as AttachmentState;
}

/** The limits of an instance type. The figures of the default card stand for the type, as in the built-in table. */
export function parseLimits(action: Ec2Action, info: InstanceTypeInfo): InstanceLimits {
  const network = info.NetworkInfo;
  const maxEnis = present(action, 'NetworkInfo.MaximumNetworkInterfaces', network?.MaximumNetworkInterfaces);
  const cards = [...(network?.NetworkCards ?? [])]
    .sort((a, b) => (a.NetworkCardIndex ?? 0) - (b.NetworkCardIndex ?? 0))
    .map((card) => present(action, 'NetworkCards.MaximumNetworkInterfaces', card.MaximumNetworkInterfaces));
  return {
    instanceType: present(action, 'InstanceType', info.InstanceType),
    maxEnis: cards[network?.DefaultNetworkCardIndex ?? 0] ?? maxEnis,
    ipv4PerEni: present(action, 'NetworkInfo.Ipv4AddressesPerInterface', network?.Ipv4AddressesPerInterface),
    cards: cards.length === 0 ? [maxEnis] : cards,
    hypervisor: info.Hypervisor === 'nitro' || info.Hypervisor === 'xen' ? info.Hypervisor : 'unknown',
    bareMetal: info.BareMetal ?? false,
  };
}

/** The addresses an AssignPrivateIpAddresses brought. */
export function parseAssigned(action: Ec2Action, answer: AssignPrivateIpAddressesResult): readonly Ipv4Address[] {
  return present(action, 'AssignedPrivateIpAddresses', answer.AssignedPrivateIpAddresses).map((entry) =>
    parsed(action, 'PrivateIpAddress', entry.PrivateIpAddress, parseIpv4),
  );
}

/** The type's name as the SDK wants it: its list of names is older than the newest types, EC2's is not. */
export function parseInstanceType(text: string): _InstanceType {
  return text as _InstanceType;
}

/** Tags by key; a tag without a value has the empty one. */
function parseTags(tags: readonly Tag[] | undefined): Tags {
  return Object.fromEntries((tags ?? []).flatMap((tag) => (tag.Key === undefined ? [] : [[tag.Key, tag.Value ?? '']])));
}

/** The value of a field the API reference promises. Throws `EC2_BAD_ANSWER` without it. */
export function present<T>(action: Ec2Action, field: string, value: T | undefined): T {
  if (value === undefined) throw new HostError('EC2_BAD_ANSWER', { action, missing: field });
  return value;
}

function parsed<T>(action: Ec2Action, field: string, value: string | undefined, parse: (text: string) => T): T {
  try {
    return parse(present(action, field, value));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HostError('EC2_BAD_ANSWER', { action, missing: `a valid ${field} (${error.message})` }, error);
  }
}

import type {
  _InstanceType,
  AssignPrivateIpAddressesResult,
  InstanceTypeInfo,
  NetworkInterface,
  Subnet,
  Tag,
} from '@aws-sdk/client-ec2';
import {
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Cidr,
  ipv6NetworkOf,
  networkOf,
  parseIpv4,
  parseIpv4Cidr,
  parseIpv6Cidr,
  parseMac,
} from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import type { InstanceLimits } from '../vpc/index.ts';
import type { AttachmentState, Ec2Action, EniAttachment, EniDescription, SubnetDescription, Tags } from './types.ts';

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
    prefixes: (eni.Ipv4Prefixes ?? []).map((each) => parsed(action, 'Ipv4Prefix', each.Ipv4Prefix, parsePrefix)),
    ipv6Prefixes: (eni.Ipv6Prefixes ?? []).map((each) => parsed(action, 'Ipv6Prefix', each.Ipv6Prefix, parsePrefix6)),
    attachment: parseAttachment(action, eni.Attachment),
    interfaceType: eni.InterfaceType ?? 'interface',
    description: eni.Description ?? '',
    tags: parseTags(eni.TagSet),
    securityGroups: (eni.Groups ?? []).flatMap((group) => group.GroupId ?? []),
  };
}

const parsePrefix = (text: string): Ipv4Cidr => networkOf(parseIpv4Cidr(text));
const parsePrefix6 = (text: string): Ipv6Cidr => ipv6NetworkOf(parseIpv6Cidr(text));

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
    deviceIndex: whole(action, 'Attachment.DeviceIndex', attachment.DeviceIndex),
    cardIndex: whole(action, 'Attachment.NetworkCardIndex', attachment.NetworkCardIndex ?? 0),
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
  const maxEnis = whole(action, 'NetworkInfo.MaximumNetworkInterfaces', network?.MaximumNetworkInterfaces);
  const cards = [...(network?.NetworkCards ?? [])]
    .sort((a, b) => (a.NetworkCardIndex ?? 0) - (b.NetworkCardIndex ?? 0))
    .map((card) => whole(action, 'NetworkCards.MaximumNetworkInterfaces', card.MaximumNetworkInterfaces));
  return {
    instanceType: present(action, 'InstanceType', info.InstanceType),
    maxEnis: cards[network?.DefaultNetworkCardIndex ?? 0] ?? maxEnis,
    ipv4PerEni: whole(action, 'NetworkInfo.Ipv4AddressesPerInterface', network?.Ipv4AddressesPerInterface),
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

/** The prefixes an AssignPrivateIpAddresses brought. */
export function parseAssignedPrefixes(action: Ec2Action, answer: AssignPrivateIpAddressesResult): readonly Ipv4Cidr[] {
  return present(action, 'AssignedIpv4Prefixes', answer.AssignedIpv4Prefixes).map((entry) =>
    parsed(action, 'Ipv4Prefix', entry.Ipv4Prefix, parsePrefix),
  );
}

/** The prefixes an AssignIpv6Addresses brought. */
export function parseAssignedIpv6(action: Ec2Action, prefixes: readonly string[] | undefined): readonly Ipv6Cidr[] {
  return present(action, 'AssignedIpv6Prefixes', prefixes).map((each) =>
    parsed(action, 'AssignedIpv6Prefix', each, parsePrefix6),
  );
}

/** A subnet of an answer; `undefined` for one of IPv6 alone, where no node lives. Throws `EC2_BAD_ANSWER`. */
export function parseSubnet(action: Ec2Action, subnet: Subnet): SubnetDescription | undefined {
  if (subnet.CidrBlock === undefined && subnet.Ipv6Native === true) return undefined;
  return {
    id: present(action, 'SubnetId', subnet.SubnetId),
    cidr: parsed(action, 'CidrBlock', subnet.CidrBlock, parseIpv4Cidr),
    availableAddresses: whole(action, 'AvailableIpAddressCount', subnet.AvailableIpAddressCount ?? 0),
    tags: parseTags(subnet.Tags),
  };
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

/** A number, which the SDK makes NaN of whatever text there is. Throws `EC2_BAD_ANSWER`. */
function whole(action: Ec2Action, field: string, value: number | undefined): number {
  const number = present(action, field, value);
  if (!Number.isInteger(number)) throw new HostError('EC2_BAD_ANSWER', { action, missing: `a number for ${field}` });
  return number;
}

function parsed<T>(action: Ec2Action, field: string, value: string | undefined, parse: (text: string) => T): T {
  try {
    return parse(present(action, field, value));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HostError('EC2_BAD_ANSWER', { action, missing: `a valid ${field} (${error.message})` }, error);
  }
}

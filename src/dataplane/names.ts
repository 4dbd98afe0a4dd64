import { createHash } from 'node:crypto';
import { type MacAddress, parseMac } from '../addr/index.ts';
import { FIRST_INTERFACE } from '../cniproto/index.ts';
import type { Link } from './types.ts';

/** Who a pod is to the host: names it goes by, or only the sandbox when the runtime tells no names. */
export interface PodIdentity {
  readonly network: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly containerId: string;
  readonly ifName: string;
}

/** Of the digest, in a host end's name: with a prefix of four they fit a link's name. */
const HASH_DIGITS = 11;

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

// The tables from 253 on are the kernel's; as octets of a gateway's address they stay below 255.
const MOST_FURTHER = 250;

/**
 * The number of a further interface of a pod, from 1: the one its name ends with, as in "net1", else one made of the name. It is
 * the number of its route table in the pod.
 */
export function furtherIndex(ifName: string): number {
  const told = Number(/\d+$/.exec(ifName)?.[0] ?? 0);
  if (told >= 1 && told <= MOST_FURTHER) return told;
  return 1 + ((createHash('sha1').update(ifName).digest()[0] ?? 0) % MOST_FURTHER);
}

/**
 * The host end's name: prefix plus 11 hex digits of SHA-1 of `<namespace>.<pod>`. Calico and the AWS network-policy
 * agent compute the same name, so it is a contract. A further interface of the pod has its number behind the name, as
 * upstream's have. Without names the sandbox stands in.
 */
export function hostVethName(prefix: string, pod: PodIdentity): string {
  const key =
    pod.namespace === undefined || pod.name === undefined
      ? `${pod.containerId}.${pod.ifName}`
      : `${pod.namespace}.${pod.name}${pod.ifName === FIRST_INTERFACE ? '' : `.${furtherIndex(pod.ifName)}`}`;
  return `${prefix}${sha1(key).slice(0, HASH_DIGITS)}`;
}

/** The prefix of a host end's name. */
export function vethPrefixOf(name: string): string {
  return name.slice(0, -HASH_DIGITS);
}

/** Reports whether two identities are the same interface of the same sandbox. */
export function sameInterface(a: PodIdentity, b: PodIdentity): boolean {
  return a.containerId === b.containerId && a.ifName === b.ifName && a.network === b.network;
}

/**
 * MACs of a pod's two ends, derived from the sandbox: no random source, no dump of all links to find a free one, and
 * the same again for a repeated ADD. Set explicitly so that udev's MACAddressPolicy leaves them alone.
 */
export function podMacs(pod: PodIdentity): { readonly host: MacAddress; readonly container: MacAddress } {
  const digest = createHash('sha1').update(`${pod.containerId}/${pod.ifName}`).digest();
  const mac = (from: number): MacAddress => {
    const bytes = [...digest.subarray(from, from + 6)];
    // Locally administered, unicast (IEEE 802 addresses, bits 1 and 0 of the first octet).
    const first = ((bytes[0] ?? 0) | 0x02) & 0xfe;
    return parseMac([first, ...bytes.slice(1)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'));
  };
  return { host: mac(0), container: mac(6) };
}

// The kernel keeps 255 bytes of alias (IFALIASZ).
const ALIAS_MAX_BYTES = 255;

/**
 * The owner written on the host end ("ip link show" prints it as alias): people see whose veth it is, and a lost
 * checkpoint can be rebuilt from the kernel. Pod names that would not fit are left out.
 */
export function podAlias(pod: PodIdentity): string {
  const key = keyOf(pod);
  const full = pod.namespace === undefined || pod.name === undefined ? key : `${key} ${pod.namespace}/${pod.name}`;
  return Buffer.byteLength(full) <= ALIAS_MAX_BYTES ? full : key;
}

const keyOf = (pod: PodIdentity): string => `vpc-cni ${pod.network} ${pod.containerId} ${pod.ifName}`;

/** Reports whether a host end can name this owner: the kernel refuses a longer alias. */
export function fitsAlias(pod: PodIdentity): boolean {
  return Buffer.byteLength(keyOf(pod)) <= ALIAS_MAX_BYTES;
}

/** The end of an alias of a pod that another CNI plugin wired. */
export const TAKEN_OVER = ' from aws-node';

/** The alias of a host end that another CNI plugin made for its pod, so that its MACs are taken as they are. */
export function takenOverAlias(pod: PodIdentity): string {
  const alias = `${podAlias(pod)}${TAKEN_OVER}`;
  return Buffer.byteLength(alias) <= ALIAS_MAX_BYTES ? alias : `${podAlias({ ...pod, name: undefined })}${TAKEN_OVER}`;
}

/** Reports whether the pod of this alias was wired by another CNI plugin. */
export function isTakenOver(alias: string): boolean {
  return alias.endsWith(TAKEN_OVER);
}

/** The owner in an alias; `undefined` when somebody else wrote it. */
export function readPodAlias(alias: string): PodIdentity | undefined {
  const [ours, network, containerId, ifName, names = ''] = alias
    .replace(TAKEN_OVER, '')
    .replace(/ branch \d.*$/, '')
    .split(' ');
  if (ours !== 'vpc-cni' || network === undefined || containerId === undefined || ifName === undefined)
    return undefined;
  const [namespace, name] = names.split('/');
  return { network, containerId, ifName, namespace: namespace || undefined, name };
}

/**
 * Whose a link is that has the name a pod's host end is to have; `undefined` when the pod may take its place: it is of an
 * earlier sandbox of the same pod, or tells of nobody, as one that was left half-made or made by another CNI plugin.
 */
export function holderOf({ alias }: Pick<Link, 'alias'>, pod: PodIdentity): string | undefined {
  if (alias === undefined) return undefined;
  const owner = readPodAlias(alias);
  if (owner === undefined) return `somebody else's, with the alias "${alias}"`;
  if (owner.ifName !== pod.ifName) return `the host end of interface ${owner.ifName} of container ${owner.containerId}`;
  // A name that did not fit is not there, and the name of the link was made from it.
  const isNamed = owner.name !== undefined && pod.name !== undefined;
  const isSame = owner.namespace === pod.namespace && owner.name === pod.name;
  return isNamed && !isSame ? `the host end of pod ${owner.namespace}/${owner.name}` : undefined;
}

import { type Ipv6Address, type MacAddress, parseIpv4Cidr, parseIpv6, parseMac } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { type Imds, splitWords } from './imds.ts';
import { parseAnswer, parseCidrs, parseFirstAddress, parseIdentityDocument, parseWord } from './parse-identity.ts';
import type { InstanceIdentity } from './types.ts';

/** The part of an instance's identity that decides over an installation. */
export type InstanceFacts = Pick<InstanceIdentity, 'region' | 'instanceType' | 'primaryMac'>;

const DOCUMENT = '/latest/dynamic/instance-identity/document';
const MAC = '/latest/meta-data/mac';

/** What the installer needs of this instance: one round trip beyond the token. */
export async function readInstance(imds: Imds): Promise<InstanceFacts> {
  const [document, primaryMac] = await Promise.all([
    readText(imds, DOCUMENT, (answer) => parseIdentityDocument(DOCUMENT, answer)),
    readText(imds, MAC, parseMac),
  ]);
  return { region: document.region, instanceType: document.instanceType, primaryMac };
}

async function readText<T>(imds: Imds, path: string, parse: (answer: string) => T): Promise<T> {
  const answer = await imds.get(path);
  if (answer === undefined) throw new HostError('IMDS_BAD_ANSWER', { path, found: 'HTTP 404' });
  return parseAnswer(path, answer, parse);
}

const interfacePath = (mac: MacAddress): string => `/latest/meta-data/network/interfaces/macs/${mac}`;

/** Every IPv4 network of the VPC, as the metadata has it now. */
export function readVpcCidrs(imds: Imds, mac: MacAddress): Promise<InstanceIdentity['vpcCidrs']> {
  return readText(imds, `${interfacePath(mac)}/vpc-ipv4-cidr-blocks`, parseCidrs);
}

/** The first IPv6 address of an ENI, as the metadata has it now; `undefined` when it has none. */
export async function readPrimaryIpv6(imds: Imds, mac: MacAddress): Promise<Ipv6Address | undefined> {
  const path = `${interfacePath(mac)}/ipv6s`;
  const [first] = splitWords((await imds.get(path)) ?? '');
  return first === undefined ? undefined : parseAnswer(path, first, parseIpv6);
}

/** The security groups of an ENI, as the metadata has them now. */
export function readSecurityGroups(imds: Imds, mac: MacAddress): Promise<readonly string[]> {
  return readText(imds, `${interfacePath(mac)}/security-group-ids`, splitWords);
}

/**
 * Who this instance is. Two round trips beyond the token: the primary MAC is the only thing the second one needs, and
 * everything else of each is read side by side.
 */
export async function readIdentity(imds: Imds): Promise<InstanceIdentity> {
  const read = <T>(path: string, parse: (answer: string) => T): Promise<T> => readText(imds, path, parse);
  const [document, primaryMac] = await Promise.all([
    read(DOCUMENT, (answer) => parseIdentityDocument(DOCUMENT, answer)),
    read(MAC, parseMac),
  ]);
  const primary = interfacePath(primaryMac);
  const [vpcId, subnetId, subnetCidr, primaryAddress, vpcCidrs, securityGroups, primaryEniId] = await Promise.all([
    read(`${primary}/vpc-id`, parseWord),
    read(`${primary}/subnet-id`, parseWord),
    read(`${primary}/subnet-ipv4-cidr-block`, parseIpv4Cidr),
    read(`${primary}/local-ipv4s`, parseFirstAddress),
    readVpcCidrs(imds, primaryMac),
    readSecurityGroups(imds, primaryMac),
    read(`${primary}/interface-id`, parseWord),
  ]);
  return {
    ...document,
    vpcId,
    subnetId,
    subnetCidr,
    primaryMac,
    primaryAddress,
    vpcCidrs,
    securityGroups,
    primaryEniId,
  };
}

import { parseIpv4Cidr, parseMac } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { type Imds, splitWords } from './imds.ts';
import { parseAnswer, parseCidrs, parseFirstAddress, parseIdentityDocument, parseWord } from './parse-identity.ts';
import type { InstanceIdentity } from './types.ts';

const DOCUMENT = '/latest/dynamic/instance-identity/document';
const MAC = '/latest/meta-data/mac';

/**
 * Who this instance is. Two round trips beyond the token: the primary MAC is the only thing the second one needs, and
 * everything else of each is read side by side.
 */
export async function readIdentity(imds: Imds): Promise<InstanceIdentity> {
  async function read<T>(path: string, parse: (answer: string) => T): Promise<T> {
    const answer = await imds.get(path);
    if (answer === undefined) throw new HostError('IMDS_BAD_ANSWER', { path, found: 'HTTP 404' });
    return parseAnswer(path, answer, parse);
  }
  const [document, primaryMac] = await Promise.all([
    read(DOCUMENT, (answer) => parseIdentityDocument(DOCUMENT, answer)),
    read(MAC, parseMac),
  ]);
  const primary = `/latest/meta-data/network/interfaces/macs/${primaryMac}`;
  const [vpcId, subnetId, subnetCidr, primaryAddress, vpcCidrs, securityGroups, primaryEniId] = await Promise.all([
    read(`${primary}/vpc-id`, parseWord),
    read(`${primary}/subnet-id`, parseWord),
    read(`${primary}/subnet-ipv4-cidr-block`, parseIpv4Cidr),
    read(`${primary}/local-ipv4s`, parseFirstAddress),
    read(`${primary}/vpc-ipv4-cidr-blocks`, parseCidrs),
    read(`${primary}/security-group-ids`, splitWords),
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

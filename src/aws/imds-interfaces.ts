import {
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Cidr,
  ipv6NetworkOf,
  type MacAddress,
  networkOf,
  parseIpv4,
  parseIpv4Cidr,
  parseIpv6Cidr,
  parseMac,
} from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { type Imds, splitWords } from './imds.ts';
import { parseAnswer } from './parse-identity.ts';

/** An attached ENI as the metadata lists it: minutes late at times, so a hint and never a proof. */
export interface ListedInterface {
  readonly mac: MacAddress;
  readonly eniId: string;
  readonly device: number;
  readonly card: number;
  readonly subnetId: string;
  /** The primary one first. */
  readonly addresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
}

const MACS = '/latest/meta-data/network/interfaces/macs';

/** Every ENI the metadata lists, read side by side, each path once. `undefined` for one that is going while we read. */
export async function readInterfaces(imds: Imds): Promise<readonly ListedInterface[]> {
  const macs = await imds.list(`${MACS}/`);
  const listed = await Promise.all(macs.map((word) => readInterface(imds, parseAnswer(`${MACS}/`, word, parseMac))));
  return listed.filter((each) => each !== undefined);
}

async function readInterface(imds: Imds, mac: MacAddress): Promise<ListedInterface | undefined> {
  const words = async <T>(field: string, parse: (word: string) => T): Promise<readonly T[]> => {
    const path = `${MACS}/${mac}/${field}`;
    const answer = await imds.get(path);
    return answer === undefined ? [] : splitWords(answer).map((word) => parseAnswer(path, word, parse));
  };
  const [[eniId], [device], [card], [subnetId], addresses, prefixes, ipv6Prefixes] = await Promise.all([
    words('interface-id', String),
    words('device-number', toNumber),
    words('network-card', toNumber),
    words('subnet-id', String),
    words('local-ipv4s', parseIpv4),
    words('ipv4-prefix', (word) => networkOf(parseIpv4Cidr(word))),
    words('ipv6-prefix', (word) => ipv6NetworkOf(parseIpv6Cidr(word))),
  ]);
  if (eniId === undefined || device === undefined) return undefined;
  return { mac, eniId, device, card: card ?? 0, subnetId: subnetId ?? '', addresses, prefixes, ipv6Prefixes };
}

function toNumber(word: string): number {
  if (!/^\d+$/.test(word)) throw new HostError('IMDS_BAD_ANSWER', { path: 'a number of an interface', found: word });
  return Number(word);
}

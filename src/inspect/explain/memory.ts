import {
  cidrContains,
  formatCidr,
  hostCidr,
  type IpAddress,
  type Ipv4Cidr,
  ipv6CidrContains,
  isIpv6Address,
  isIpv6Cidr,
  parseCidr,
  parseIp,
  parseIpv4,
  parseMac,
} from '../../addr/index.ts';
import type { StatusDocument, StatusEni } from '../../cniproto/index.ts';
import type { Settings } from '../../config/index.ts';
import { PATHS } from '../../hostspec/index.ts';
import {
  type KnownEni,
  MEMORY_FILES,
  type Memory,
  type MemoryDamage,
  type MemoryFile,
  recall,
} from '../../pool/index.ts';
import type { ReadFiles } from '../../sys/index.ts';

/** What the daemon of this boot has written down: the pool as it is, whether the daemon lives or not. */
export interface Notes extends Omit<Memory, 'enis'> {
  readonly enis: readonly KnownEni[];
  readonly damage: readonly MemoryDamage[];
}

/** Reads the daemon's files below `run`; none that is missing or broken is a failure. */
export function readNotes(
  files: Pick<ReadFiles, 'read'>,
  settings: Pick<Settings, 'AWS_VPC_K8S_CNI_BACKING_STORE'>,
  run: string = PATHS.run,
): Notes {
  const checkpoint = settings.AWS_VPC_K8S_CNI_BACKING_STORE || `${run}/ipam.json`;
  const pathOf = (name: MemoryFile): string =>
    name.startsWith('ipam.json') ? name.replace('ipam.json', checkpoint) : `${run}/${name}`;
  const texts = new Map(
    MEMORY_FILES.flatMap((name): readonly (readonly [MemoryFile, string])[] => {
      const text = files.read(pathOf(name));
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const { memory, damage } = recall(texts);
  return { ...memory, enis: memory.enis ?? [], damage };
}

/**
 * The notes with the ENIs as a daemon that lives tells them: a new one is in its files a second or two after its first pod
 * is.
 */
export function withDaemon(notes: Notes, daemon: Pick<StatusDocument, 'enis'> | undefined): Notes {
  const told = new Map((daemon?.enis ?? []).map((eni) => [eni.id, eni] as const));
  const cidrsOf = ({ addresses }: StatusEni): readonly string[] =>
    addresses.map(({ address }) => formatCidr(hostCidr(parseIp(address))));
  const known = notes.enis.map((eni) => {
    const now = told.get(eni.facts.id);
    return now === undefined ? eni : { ...eni, cidrs: [...new Set([...eni.cidrs, ...cidrsOf(now)])] };
  });
  const noted = new Set(notes.enis.map(({ facts }) => facts.id));
  const news = [...told.values()]
    .filter(({ id }) => !noted.has(id))
    .map((eni) => ({ ...knownOf(eni), cidrs: cidrsOf(eni) }));
  return { ...notes, enis: [...known, ...news] };
}

function knownOf({ id, mac, card = 0, device, primary, primaryAddress, table }: StatusEni): Omit<KnownEni, 'cidrs'> {
  const address = parseIpv4(primaryAddress);
  const place = { id, card, device, table, primary };
  return {
    facts: { ...place, subnetId: '', attachedAtMs: 0, service: 'pods', efa: false },
    attached: { mac: parseMac(mac), primaryAddress: address, subnet: hostCidr(address), attachmentId: '' },
  };
}

/** Which of the daemon's files cannot be read, to be told with whatever was not found; '' when all of them can. */
export const unreadIn = ({ damage }: Pick<Notes, 'damage'>): string =>
  [...new Set(damage.map(({ file }) => file))].join(', ');

/** Reports whether an address lies in a CIDR of either family. */
export function isWithin(text: string, address: IpAddress): boolean {
  const cidr = parseCidr(text);
  if (isIpv6Cidr(cidr)) return isIpv6Address(address) && ipv6CidrContains(cidr, address);
  return !isIpv6Address(address) && cidrContains(cidr satisfies Ipv4Cidr, address);
}

/** The ENI that can give an address to a pod, as it was last known. */
export const eniWith = (notes: Pick<Notes, 'enis'>, address: IpAddress): KnownEni | undefined =>
  notes.enis.find(({ cidrs }) => cidrs.some((cidr) => isWithin(cidr, address)));

import {
  cidrContains,
  type IpAddress,
  type Ipv4Cidr,
  ipv6CidrContains,
  isIpv6Address,
  isIpv6Cidr,
  parseCidr,
} from '../../addr/index.ts';
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

import { formatCidr, isIpv4, isIpv6, parseIpv4Cidr, parseMac } from '../../addr/index.ts';
import { HostError } from '../../errors/index.ts';
import type { EniFacts } from '../model/attached-eni.ts';
import { kindOfCidr } from '../model/range.ts';
import type { PodAddress } from '../model/types.ts';
import type { Doubt, EniAttachmentFacts, Intent, KnownEni, Memory } from './memory.ts';
import { isReason, readIntent } from './parse-journal.ts';

/** What upstream's checkpoint has no place for, beside it: which boot and journal it belongs to, and the rest of the memory. */
export interface SideFile extends Omit<Memory, 'allocations'> {
  /** `undefined` in what adopt wrote, which is of this boot by its nature. */
  readonly bootId: string | undefined;
  /** Number of checkpoints so far in this boot; the journal that follows carries it. */
  readonly generation: number;
}

const VERSION = 'vpc-cni-pool/1';

/** The side file as one JSON object and a newline. */
export function renderSideFile(side: SideFile): string {
  const { bootId, generation, cooldowns, quarantines, intents, enis } = side;
  const document = {
    version: VERSION,
    bootId,
    generation,
    cooldowns: Object.fromEntries(cooldowns),
    quarantines: Object.fromEntries(quarantines),
    intents,
    enis: enis?.map(({ facts, cidrs, attached }) => ({
      ...facts,
      cidrs,
      ...(attached === undefined ? {} : { attached: { ...attached, subnet: formatCidr(attached.subnet) } }),
    })),
  };
  return `${JSON.stringify(document)}\n`;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
  isObject(value) ? Object.entries(value) : [];
const isAddress = (text: string): text is PodAddress => isIpv4(text) || isIpv6(text);

/** Reads a side file. Throws `CHECKPOINT_BAD`; single entries that cannot be read are hints, and only they are lost. */
export function parseSideFile(text: string): SideFile {
  const fail = (reason: string): never => {
    throw new HostError('CHECKPOINT_BAD', { reason });
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(document) || document['version'] !== VERSION) return fail(`its version is not ${VERSION}`);
  const { bootId, generation, cooldowns, quarantines, intents, enis } = document;
  if (typeof generation !== 'number') return fail('it names no generation');
  return {
    bootId: typeof bootId === 'string' ? bootId : undefined,
    generation,
    cooldowns: new Map(
      entries(cooldowns).flatMap(([address, untilMs]): (readonly [PodAddress, number])[] =>
        isAddress(address) && typeof untilMs === 'number' ? [[address, untilMs]] : [],
      ),
    ),
    quarantines: new Map(
      entries(quarantines).flatMap(([address, doubt]): (readonly [PodAddress, Doubt])[] =>
        isAddress(address) && isObject(doubt) && isReason(doubt['reason']) && typeof doubt['sinceMs'] === 'number'
          ? [[address, { reason: doubt['reason'], sinceMs: doubt['sinceMs'] }]]
          : [],
      ),
    ),
    intents: (Array.isArray(intents) ? intents : []).map(readIntent).filter((intent): intent is Intent => !!intent),
    enis: Array.isArray(enis) ? enis.map(readEni).filter((eni): eni is KnownEni => !!eni) : undefined,
  };
}

function readEni(value: unknown): KnownEni | undefined {
  if (!isObject(value)) return undefined;
  const { id, card, device, table, primary, subnetId, attachedAtMs, efa, service, cidrs } = value;
  const attached = readAttachment(value['attached']);
  const numbers = [card, device, table, attachedAtMs];
  if (typeof id !== 'string' || typeof subnetId !== 'string' || !numbers.every((each) => typeof each === 'number'))
    return undefined;
  const facts: EniFacts = {
    id,
    subnetId,
    card: Number(card),
    device: Number(device),
    table: Number(table),
    attachedAtMs: Number(attachedAtMs),
    primary: primary === true,
    efa: efa === true,
    ...(service === 'no-new-pods' ? { service } : {}),
  };
  return {
    facts,
    cidrs: Array.isArray(cidrs) ? cidrs.filter(isCidrText) : [],
    ...(attached === undefined ? {} : { attached }),
  };
}

function readAttachment(value: unknown): EniAttachmentFacts | undefined {
  if (!isObject(value)) return undefined;
  const { mac, primaryAddress, subnet, attachmentId } = value;
  if (typeof mac !== 'string' || typeof subnet !== 'string' || typeof attachmentId !== 'string') return undefined;
  if (typeof primaryAddress !== 'string' || !isIpv4(primaryAddress)) return undefined;
  try {
    return { mac: parseMac(mac), primaryAddress, subnet: parseIpv4Cidr(subnet), attachmentId };
  } catch {
    return undefined;
  }
}

const isCidrText = (value: unknown): value is string => {
  if (typeof value !== 'string') return false;
  const [address = '', length] = value.split('/');
  const kind = kindOfCidr(value);
  const lengthOf = { address: '32', prefix: '28', 'ipv6-prefix': '80' } as const;
  return isAddress(address) && length === lengthOf[kind];
};

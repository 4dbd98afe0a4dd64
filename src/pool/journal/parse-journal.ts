import { crc32 } from 'node:zlib';
import { isIpv4, isIpv6 } from '../../addr/index.ts';
import type { Owner, PodAddress, QuarantineReason } from '../model/types.ts';
import type { Intent, JournalRecord } from './memory.ts';

/** The first line of a journal: which checkpoint it follows. */
interface Header {
  readonly generation: number;
  readonly bootId: string;
}

const VERSION = 'vpc-cni-journal/1';
const REASONS: readonly string[] = ['host-link', 'kernel', 'not-in-ec2'] satisfies QuarantineReason[];

const line = (value: unknown): string => {
  // Nanoseconds are above 2^53: they travel as text.
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
};

/** The first line of a journal that follows a checkpoint of this generation. */
export function renderJournalHeader(header: Header): string {
  return line({ version: VERSION, ...header });
}

/** Records as lines of text, each with the checksum of its own. */
export function renderRecords(records: readonly JournalRecord[]): string {
  return records.map(line).join('');
}

/** What a journal's text holds. */
export interface ReadJournal {
  /** `undefined` when there is no readable first line, or it is of a format that we do not know. */
  readonly header: Header | undefined;
  readonly records: readonly JournalRecord[];
  /** Lines that could not be read. The last line of a crash is one; more than that is damage. */
  readonly damaged: number;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a journal. Whatever cannot be read is left out and counted; never throws. */
export function parseJournal(text: string): ReadJournal {
  const [first = '', ...rest] = text.split('\n');
  const header = readHeader(readLine(first));
  if (header === undefined) return { header, records: [], damaged: text === '' ? 0 : 1 };
  const lines = rest.filter((each) => each !== '');
  const records = lines.map((each) => readRecord(readLine(each))).filter((record) => record !== undefined);
  return { header, records, damaged: lines.length - records.length };
}

function readLine(text: string): Json | undefined {
  const body = text.slice(9);
  if (text[8] !== ' ' || crc32(body).toString(16).padStart(8, '0') !== text.slice(0, 8)) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readHeader(value: Json | undefined): Header | undefined {
  if (value?.['version'] !== VERSION) return undefined;
  const { generation, bootId } = value;
  return typeof generation === 'number' && typeof bootId === 'string' ? { generation, bootId } : undefined;
}

function readRecord(value: Json | undefined): JournalRecord | undefined {
  const address = value?.['address'];
  switch (value?.['kind']) {
    case 'assigned': {
      const owner = readOwner(value['owner']);
      const since = value['since'];
      if (!isAddress(address) || owner === undefined || typeof since !== 'string' || !/^\d+$/.test(since)) return;
      return { kind: 'assigned', address, owner, since: BigInt(since) };
    }
    case 'released': {
      const owner = readOwner(value['owner']);
      const untilMs = value['untilMs'];
      if (!isAddress(address) || owner === undefined || typeof untilMs !== 'number') return;
      const { network, containerId, ifName } = owner;
      return { kind: 'released', address, owner: { network, containerId, ifName }, untilMs };
    }
    case 'quarantined': {
      const { reason, sinceMs } = value;
      if (!isAddress(address) || !isReason(reason) || typeof sinceMs !== 'number') return;
      return { kind: 'quarantined', address, reason, sinceMs };
    }
    case 'cleared':
      return isAddress(address) ? { kind: 'cleared', address } : undefined;
    case 'intended': {
      const intent = readIntent(value['intent']);
      return intent === undefined ? undefined : { kind: 'intended', intent };
    }
    case 'ended': {
      const { key } = value;
      return typeof key === 'string' ? { kind: 'ended', key } : undefined;
    }
    default:
      return undefined;
  }
}

const isAddress = (value: unknown): value is PodAddress =>
  typeof value === 'string' && (isIpv4(value) || isIpv6(value));

/** Reports whether a value is a reason that this version knows. */
export const isReason = (value: unknown): value is QuarantineReason =>
  typeof value === 'string' && REASONS.includes(value);

function readOwner(value: unknown): Owner | undefined {
  if (!isObject(value)) return undefined;
  const { network, containerId, ifName, podNamespace, podName } = value;
  if (typeof network !== 'string' || typeof containerId !== 'string' || typeof ifName !== 'string') return undefined;
  const name = (part: unknown): string | undefined => (typeof part === 'string' ? part : undefined);
  return { network, containerId, ifName, podNamespace: name(podNamespace), podName: name(podName) };
}

/** An intent as a file has it; `undefined` when it is none. */
export function readIntent(value: unknown): Intent | undefined {
  if (!isObject(value)) return undefined;
  const { kind, key } = value;
  return (kind === 'create-eni' || kind === 'delete-eni') && typeof key === 'string' ? { kind, key } : undefined;
}

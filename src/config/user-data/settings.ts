import { quoteValue } from '../env-file.ts';
import type { Finding } from '../finding.ts';
import { documentSource, type Given, type SettingSource, USER_DATA } from '../source.ts';
import { fromQuotedPrintable, type HeaderValue, type MimePart, mimeParts } from './mime.ts';
import { fromBase64, unpack, utf8Text } from './unpack.ts';

/** The type of a part that holds settings. */
export const MEDIA_TYPE = 'application/vnd.vpc-cni.env';
const FILE_NAME = 'vpc-cni.env';
const FIRST_LINE = /^#vpc-cni[ \t]*\r?(?:\n|$)/;

/** What EC2 takes at most, before base64 (EC2 user guide, "Run commands at launch"). */
const MOST_BYTES = 16_384;

/** A part of user data, for people who wonder whether theirs was seen. */
export interface UserDataPart {
  /** From 1, in the order of the document; 0 is the whole document. */
  readonly number: number;
  readonly type: string;
  readonly ours: boolean;
}

/** The settings in user data. */
export interface UserData extends SettingSource {
  readonly parts: readonly UserDataPart[];
}

function nameOf({ parameters }: HeaderValue, name: string): string | undefined {
  const plain = parameters.get(name);
  if (plain !== undefined) return plain;
  // RFC 2231: charset'language'text, escaped as in a URL; a name of ours has nothing to escape.
  return parameters.get(`${name}*`)?.split("'").at(-1);
}

function isOurs({ type, disposition }: MimePart): boolean {
  return type.word === MEDIA_TYPE || [nameOf(disposition, 'filename'), nameOf(type, 'name')].includes(FILE_NAME);
}

type Body =
  | { readonly kind: 'text'; readonly text: string; readonly firstLine: number | undefined }
  | { readonly kind: 'broken'; readonly reason: string };

/** The bytes behind the transfer encoding, `undefined` when they do not follow it. */
function transferred({ encoding, body }: MimePart): Uint8Array | string {
  switch (encoding) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return Buffer.from(body, 'latin1');
    case 'quoted-printable':
      return Buffer.from(fromQuotedPrintable(body), 'latin1');
    case 'base64':
      return body.trim() === '' ? new Uint8Array() : (fromBase64(body) ?? 'is not the base64 it says to be');
    default:
      return `has the transfer encoding ${JSON.stringify(encoding.slice(0, 40))}, which nobody knows`;
  }
}

function bodyOf(part: MimePart): Body {
  const bytes = transferred(part);
  if (typeof bytes === 'string') return { kind: 'broken', reason: bytes };
  const { bytes: inside, layers, problem } = unpack(bytes);
  if (problem !== undefined) return { kind: 'broken', reason: problem };
  const text = utf8Text(inside);
  if (text === undefined) return { kind: 'broken', reason: 'is not UTF-8 text' };
  const asWritten = layers === 0 && part.encoding !== 'base64' && part.encoding !== 'quoted-printable';
  return { kind: 'text', text, firstLine: asWritten ? part.line : undefined };
}

/** The settings of one part. Lines are those of the document while it can be read as it is, else those of the part. */
function partSource(part: MimePart, number: number, origin: string): SettingSource {
  const place = `${origin}, part ${number}`;
  const body = bodyOf(part);
  if (body.kind === 'broken')
    return { names: 'strict', given: [], findings: [{ origin: place, reason: `holds settings, but ${body.reason}` }] };
  return body.firstLine === undefined
    ? documentSource(body.text, { origin: place })
    : documentSource(body.text, { origin, firstLine: body.firstLine });
}

function tooLong(bytes: Uint8Array, origin: string): readonly Finding[] {
  const raw = fromBase64(Buffer.from(bytes).toString('latin1')) ?? bytes;
  const { length } = raw;
  return length > MOST_BYTES
    ? [{ origin, reason: `has ${length} bytes, and EC2 takes at most ${MOST_BYTES}; gzip makes it shorter` }]
    : [];
}

/**
 * The settings in EC2 user data: a multipart MIME document with parts of ours, or a document whose first line is `#vpc-cni`;
 * gzip and base64 come off the whole and off each part. Parts of others are left alone. Of two parts the later one counts.
 * Never throws: what is wrong with ours is a finding with its line.
 */
export function settingsFromUserData(bytes: Uint8Array, origin: string = USER_DATA): UserData {
  const notes = [...tooLong(bytes, origin)];
  const whole = unpack(bytes);
  if (whole.problem !== undefined)
    notes.push({ origin, reason: `${whole.problem}, so it cannot be told whether it holds settings` });
  const text = Buffer.from(whole.bytes).toString('latin1');
  const withoutMark = text.replace(/^\xef\xbb\xbf/, '');
  if (FIRST_LINE.test(withoutMark)) {
    const read = utf8Text(whole.bytes);
    const broken: Finding = { origin, reason: 'holds settings, but is not UTF-8 text' };
    const source: SettingSource =
      read === undefined ? { names: 'strict', given: [], findings: [broken] } : documentSource(read, { origin });
    return { ...source, notes, parts: [{ number: 0, type: MEDIA_TYPE, ours: true }] };
  }
  const parts = (mimeParts(withoutMark) ?? []).map((part, index) => ({ part, number: index + 1, ours: isOurs(part) }));
  const sources = parts.filter(({ ours }) => ours).map(({ part, number }) => partSource(part, number, origin));
  return {
    names: 'strict',
    given: sources.flatMap(({ given }) => given),
    findings: sources.flatMap(({ findings }) => findings),
    notes,
    parts: parts.map(({ part, number, ours }) => ({ number, type: part.type.word, ours })),
  };
}

const HEAD =
  '# Settings of the EC2 user data of this boot, kept by "vpc-cni install --stage boot". Changes here are lost.\n';

/** The document that keeps these settings for the rest of the boot: the value in force of each name, with its origin. */
export function renderUserDataFile({ given }: Pick<SettingSource, 'given'>): string {
  const last = new Map<string, Given>(given.map((one) => [one.key, one]));
  return HEAD + [...last.values()].map(({ key, text, origin }) => `# ${origin}\n${key}=${quoteValue(text)}\n`).join('');
}

/** A header such as `multipart/mixed; boundary="x"`: its word in lower case and its parameters. */
export interface HeaderValue {
  readonly word: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A leaf of a MIME document (RFC 2045, RFC 2046). Text is held one byte a character (latin1), so that nothing is lost. */
export interface MimePart {
  readonly type: HeaderValue;
  readonly disposition: HeaderValue;
  /** `base64`, `quoted-printable`, `7bit` and so on, in lower case. */
  readonly encoding: string;
  readonly body: string;
  /** Line of the document, from 1, in which the body starts. */
  readonly line: number;
}

// Real documents have two levels. What is deeper or more is not ours, and must not cost a node its start.
const MOST_LEVELS = 8;
const MOST_PARTS = 1000;

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gs;

function headerValue(text: string): HeaderValue {
  const semicolon = text.indexOf(';');
  const word = (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of text.matchAll(PARAMETER))
    parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/gs, '$1'));
  return { word, parameters };
}

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: readonly string[];
  /** Index of the body's first line among the lines given. */
  readonly at: number;
}

const HEADER = /^([!-9;-~]+):[ \t]*(.*)$/;

/** Headers, an empty line, the body. `undefined` when a line before the body is no header: then it is no MIME entity. */
function readEntity(lines: readonly string[]): Entity | undefined {
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === '') return { headers, body: lines.slice(index + 1), at: index + 1 };
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name !== undefined) {
      last = name.toLowerCase();
      headers.set(last, value);
    } else if (last !== undefined && /^[ \t]/.test(line)) {
      headers.set(last, `${headers.get(last)} ${line.trim()}`);
    } else return undefined;
  }
  return { headers, body: [], at: lines.length };
}

/** The lines between the delimiters, each with the index of its first. What is before the first and after the last is prose. */
function between(
  lines: readonly string[],
  boundary: string,
): readonly { readonly at: number; readonly lines: readonly string[] }[] {
  const parts: { at: number; lines: readonly string[] }[] = [];
  let start: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith(`--${boundary}`)) continue;
    const rest = line.slice(boundary.length + 2);
    if (!/^(?:--)?[ \t]*$/.test(rest)) continue;
    if (start !== undefined) parts.push({ at: start, lines: lines.slice(start, index) });
    if (rest.startsWith('--')) return parts;
    start = index + 1;
  }
  // Hand-written documents often miss the last delimiter; cloud-init takes them, too.
  if (start !== undefined) parts.push({ at: start, lines: lines.slice(start) });
  return parts;
}

function leaves(lines: readonly string[], at: number, level: number, found: MimePart[]): void {
  const entity = readEntity(lines) ?? { headers: new Map<string, string>(), body: lines, at: 0 };
  const type = headerValue(entity.headers.get('content-type') ?? 'text/plain');
  const boundary = type.parameters.get('boundary') ?? '';
  if (found.length >= MOST_PARTS) return;
  if (type.word.startsWith('multipart/') && boundary !== '' && level < MOST_LEVELS) {
    for (const part of between(entity.body, boundary)) leaves(part.lines, at + entity.at + part.at, level + 1, found);
    return;
  }
  found.push({
    type,
    disposition: headerValue(entity.headers.get('content-disposition') ?? ''),
    encoding: (entity.headers.get('content-transfer-encoding') ?? '').trim().toLowerCase(),
    body: entity.body.join('\n'),
    line: at + entity.at + 1,
  });
}

/** The leaves of a multipart document in their order; `undefined` when the text is no such document. Never throws. */
export function mimeParts(text: string): readonly MimePart[] | undefined {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  // A document in a shell's here-text begins with an empty line, one saved from a mailbox with "From ".
  const first = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('From '));
  if (first === -1) return undefined;
  const entity = readEntity(lines.slice(first));
  const type = headerValue(entity?.headers.get('content-type') ?? '');
  if (!type.word.startsWith('multipart/') || (type.parameters.get('boundary') ?? '') === '') return undefined;
  const found: MimePart[] = [];
  leaves(lines.slice(first), first, 0, found);
  return found;
}

/** Not by a pattern, which would try each blank of a long line as the first of them. */
function withoutBlanksBehind(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t'.includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

/** The bytes of a quoted-printable body (RFC 2045, 6.7), one a character. What is badly escaped stays as it is. */
export function fromQuotedPrintable(text: string): string {
  return text
    .split('\n')
    .map(withoutBlanksBehind)
    .join('\n')
    .replace(/=\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

import { describeError, type LoggedError } from './describe-error.ts';
import type { LogEntry, LogLevel } from './types.ts';

/** Severities of syslog(3). */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Names are upper-case letters, digits and underscores, at most 64, and no leading underscore (systemd.journal-fields(7)). */
function fieldName(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return words
    .replaceAll(/[^A-Z0-9_]/g, '_')
    .replace(/^[_0-9]+/, '')
    .slice(0, 64);
}

const valueText = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** The journal takes a field several times, and finds an entry by each of its values. */
const valuesOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value : [value]).map(valueText);

const errorText = ({ code, message, remedy }: LoggedError): string =>
  `${code === undefined ? '' : `${code}: `}${message}${remedy === undefined ? '' : ` → ${remedy}`}`;

/** Every field but undefined ones; a failure's parts as fields of their own: ERROR_CODE, ERROR_MESSAGE, … */
function flatFields(fields: LogEntry['fields']): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]): readonly (readonly [string, string])[] => {
    if (value === undefined) return [];
    if (name !== 'error') return valuesOf(value).map((text) => [fieldName(name), text]);
    return Object.entries(describeError(value)).map(([part, text]) => [fieldName(`error_${part}`), String(text)]);
  });
}

/** The line a reader of plain `journalctl` sees: what happened, why it failed, and the fields in parentheses. */
export function readableText({ message, fields }: Pick<LogEntry, 'message' | 'fields'>): string {
  const { error, ...others } = fields;
  const said = Object.entries(others).filter(([, value]) => value !== undefined);
  const list = said.map(([name, value]) => `${name}=${valueText(value)}`).join(', ');
  const why = error === undefined ? '' : `: ${errorText(describeError(error))}`;
  return `${message}${why}${list === '' ? '' : ` (${list})`}`;
}

/** The entry as fields of the journal. */
export function journalFields(entry: LogEntry): readonly (readonly [string, string])[] {
  return [
    ['MESSAGE', readableText(entry)],
    ['PRIORITY', String(PRIORITY[entry.level])],
    ['SYSLOG_IDENTIFIER', entry.program],
    ...flatFields(entry.fields),
  ];
}

function encodeField(name: string, value: string): Uint8Array {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}

/** The datagram of an entry in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL, read 2026-11). */
export function encodeEntry(fields: readonly (readonly [string, string])[]): Uint8Array {
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
}

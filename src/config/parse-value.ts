import { formatCidr, type Ipv4Cidr, networkOf, parseIpv4Cidr } from '../addr/index.ts';
import { isSettingKey, type SettingKey, type Settings } from './schema.ts';
import { type Json, type Shape, shapeOf } from './shape.ts';

// Go's strconv.ParseBool, which EKS users' values were written for.
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Words that mean one of the words of their kind. */
const SYNONYMS: Readonly<Record<string, Readonly<Record<string, string>>>> = { logLevel: { fatal: 'error' } };

function jsonOf(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Decimal, 0x… or octal with a leading 0, as `ip rule` and iptables read a mark. */
function markOf(text: string): number | undefined {
  const octal = /^0o?([0-7]+)$/.exec(text)?.[1];
  if (octal !== undefined) return Number.parseInt(octal, 8);
  return /^(0[xX][0-9a-fA-F]+|[1-9]\d*|0)$/.test(text) ? Number(text) : undefined;
}

function wordOf(text: string, { kind, enum: words = [] }: Shape): string {
  const lower = text.toLowerCase();
  const synonym = kind === undefined ? undefined : SYNONYMS[kind]?.[lower];
  return words.find((word) => word.toLowerCase() === lower) ?? synonym ?? text;
}

/** The JSON value a text means. A text that means none stays one, and the schema says what is wrong with it. */
export function readText(key: SettingKey, text: string): Json {
  const shape = shapeOf(key);
  switch (shape.type) {
    case 'boolean':
      if (TRUE.includes(text)) return true;
      return FALSE.includes(text) ? false : text;
    case 'integer':
      if (shape.kind === 'mark') return markOf(text) ?? text;
      return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'array': {
      const parts = text.split(',').map((part) => part.trim());
      return parts.filter((part) => part !== '');
    }
    case 'object':
      return jsonOf(text) ?? text;
    case 'string':
      if (shape.enum !== undefined) return wordOf(text, shape);
      return shape.kind === 'hostPath' ? text.replace(/^\/host(?=\/)/, '').replace(/(?<=.)\/+$/, '') : text;
    default:
      return shape.type satisfies never;
  }
}

/** How a person would write a JSON value of this setting: what `readText` reads back. */
export function writeText(key: SettingKey, value: Json): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.join(',');
  if (shapeOf(key).kind === 'mark' && typeof value === 'number') return `0x${value.toString(16)}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Host bits cleared, each network once, in the order given. */
function networks(list: readonly Json[]): readonly Ipv4Cidr[] {
  const cidrs = list.map((text) => networkOf(parseIpv4Cidr(String(text))));
  return [...new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr])).values()];
}

/** Of two values of one label the later one counts, as for the kubelet's --node-labels. */
function labels(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => pair.trim());
  return Object.fromEntries(
    pairs
      .filter((pair) => pair !== '')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

function endpoint(text: string): Settings['INTROSPECTION_BIND_ADDRESS'] {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon);
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(text.slice(colon + 1)) };
}

/** The value the programs work with, of a JSON value that the schema has approved. */
export function enrich(key: SettingKey, value: Json): unknown {
  const { kind } = shapeOf(key);
  if (kind === 'ipv4Cidrs' && Array.isArray(value)) return networks(value);
  if (kind === 'labels' && typeof value === 'string') return labels(value);
  if (kind === 'loopbackEndpoint' && typeof value === 'string') return endpoint(value);
  return value;
}

/** The settings of approved JSON values, one for every key of the schema. */
export function parseSettingsObject(values: ReadonlyMap<SettingKey, Json>): Settings {
  const entries = [...values].map(([key, value]) => [key, enrich(key, value)] as const);
  return Object.fromEntries(entries) as unknown as Settings;
}

/** A record with something for every setting. */
export function parseRecord<T>(of: (key: SettingKey) => T, keys: readonly string[]): Readonly<Record<SettingKey, T>> {
  const entries = keys.filter(isSettingKey).map((key) => [key, of(key)] as const);
  return Object.fromEntries(entries) as Record<SettingKey, T>;
}

/** The text of a setting's default. */
export function defaultText(key: SettingKey): string {
  return writeText(key, shapeOf(key).default);
}

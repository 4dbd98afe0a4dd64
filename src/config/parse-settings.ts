import { parseEnvFile } from './env-file.ts';
import { type Finding, invalidConfiguration } from './finding.ts';
import { nearest } from './nearest.ts';
import { isSettingKey, SCHEMA, SETTING_KEYS, type SettingKey, type Settings } from './schema.ts';
import type { Parsed, Setting } from './setting.ts';

/** Texts from one place. Later sources win over earlier ones. */
export interface SettingSource {
  readonly origin: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** `strict` sources are ours: an unknown name in them is a mistake. `shared` ones hold other programs' names too. */
  readonly names: 'strict' | 'shared';
  /** Line of each name, for the origin of a value. */
  readonly lines?: Readonly<Record<string, number>>;
  /** What was wrong with the source itself. */
  readonly findings?: readonly Finding[];
}

/** The settings in force, each with its text and where that came from. */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly texts: Readonly<Record<SettingKey, string>>;
  readonly origins: Readonly<Record<SettingKey, string>>;
}

interface Given {
  readonly text: string;
  readonly origin: string;
}

const DEFAULT = 'default';

function parseGiven(key: SettingKey, given: Given): { readonly value: unknown; readonly finding?: Finding } {
  const entry: Setting<unknown> = SCHEMA[key];
  const parsed: Parsed<unknown> = entry.parse(given.text);
  const fail = (reason: string): { value: unknown; finding: Finding } => ({
    value: undefined,
    finding: { key, value: given.text, origin: given.origin, reason },
  });
  if (!parsed.ok) return fail(`${parsed.reason}; allowed: ${entry.allowed}`);
  const { value } = parsed;
  if (entry.only === undefined) return { value };
  const same = (text: string): boolean => {
    const harmless = entry.parse(text);
    return harmless.ok && JSON.stringify(harmless.value) === JSON.stringify(value);
  };
  if (entry.only.some(same)) return { value };
  const accepted = entry.only.map((text) => JSON.stringify(text)).join(', ');
  return fail(`asks for a feature that is not supported yet; accepted: ${accepted}`);
}

function collect(source: SettingSource, given: Map<SettingKey, Given>): readonly Finding[] {
  const findings: Finding[] = [...(source.findings ?? [])];
  for (const [key, text] of Object.entries(source.values)) {
    if (text === undefined) continue;
    const line = source.lines?.[key];
    const origin = line === undefined ? source.origin : `${source.origin}:${line}`;
    if (isSettingKey(key)) {
      given.set(key, { text, origin });
    } else if (source.names === 'strict') {
      const meant = nearest(key, SETTING_KEYS);
      findings.push({
        key,
        origin,
        reason: `is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      });
    }
  }
  return findings;
}

function contradictions(given: ReadonlyMap<SettingKey, Given>): readonly Finding[] {
  const old = given.get('AWS_EC2_ENDPOINT');
  const current = given.get('AWS_ENDPOINT_URL_EC2');
  if (old === undefined || current === undefined || old.text === current.text) return [];
  return [
    {
      key: 'AWS_EC2_ENDPOINT',
      value: old.text,
      origin: old.origin,
      reason: `contradicts AWS_ENDPOINT_URL_EC2=${JSON.stringify(current.text)} (${current.origin}); set only one`,
    },
  ];
}

/**
 * Merges the sources, later over earlier, over the defaults. Throws one `CONFIG_INVALID` naming every finding of every
 * source, also those of a value that a later source overrides: it would bite when that source goes.
 */
function resolveSettings(sources: readonly SettingSource[]): ResolvedSettings {
  const given = new Map<SettingKey, Given>();
  const findings: Finding[] = [];
  for (const source of sources) {
    const own = new Map<SettingKey, Given>();
    findings.push(...collect(source, own));
    for (const [key, value] of own) {
      const { finding } = parseGiven(key, value);
      if (finding !== undefined) findings.push(finding);
      given.set(key, value);
    }
  }
  findings.push(...contradictions(given));
  if (findings.length > 0) throw invalidConfiguration(findings);

  const values: Record<string, unknown> = {};
  const texts: Record<string, string> = {};
  const origins: Record<string, string> = {};
  for (const key of SETTING_KEYS) {
    const { unsetAs, default: text }: Setting<unknown> = SCHEMA[key];
    const instead = unsetAs !== undefined && isSettingKey(unsetAs) ? given.get(unsetAs) : undefined;
    const borrowed =
      instead === undefined ? undefined : { text: instead.text, origin: `${unsetAs}, ${instead.origin}` };
    const chosen = given.get(key) ?? borrowed ?? { text, origin: DEFAULT };
    values[key] = parseGiven(key, chosen).value;
    texts[key] = chosen.text;
    origins[key] = chosen.origin;
  }
  // Every key of the schema was written above with its own parser's value; the compiler cannot follow the loop.
  return {
    settings: values as unknown as Settings,
    texts: texts as Record<SettingKey, string>,
    origins: origins as Record<SettingKey, string>,
  };
}

/** Where settings come from, least important first. */
export interface SettingInput {
  /** Files in their order: vpc-cni.env, then conf.d by name. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** `resolveSettings` over files, environment and flags in the order default < files < environment < flags. */
export function loadSettings(input: SettingInput): ResolvedSettings {
  const files = (input.files ?? []).map(
    (file): SettingSource => ({ origin: file.path, names: 'strict', ...parseEnvFile(file.text, file.path) }),
  );
  return resolveSettings([
    ...files,
    { origin: 'environment', names: 'shared', values: input.env ?? {} },
    { origin: 'flag', names: 'strict', values: input.flags ?? {} },
  ]);
}

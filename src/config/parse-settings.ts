import { brokenRules, isNotYet, withoutEffect, wrongWith } from './check-value.ts';
import { type Finding, invalidConfiguration, shown } from './finding.ts';
import { nearest } from './nearest.ts';
import { parseRecord, parseSettingsObject, readText, writeText } from './parse-value.ts';
import { isShowable } from './redact.ts';
import { FOLLOWS, isSettingKey, SETTING_KEYS, type SettingKey, type Settings } from './schema.ts';
import { isOthersToo } from './sdk-environment.ts';
import { allowedOf, elsewhere, type Json, limitOf, shapeOf } from './shape.ts';
import { documentSource, type Given, recordSource, type SettingSource, USER_DATA } from './source.ts';

/** The settings in force, each with its text and where that came from. */
export interface ResolvedSettings {
  readonly settings: Settings;
  /** As written, secrets included: `redact` before showing one. */
  readonly texts: Readonly<Record<SettingKey, string>>;
  readonly origins: Readonly<Record<SettingKey, string>>;
  /** What was accepted and is worth knowing: names that look misspelt, settings without effect. */
  readonly notes: readonly Finding[];
}

/** What is to be said about settings from several places. */
export interface CheckedSettings {
  /** Mistakes; with any, there are no settings. */
  readonly faults: readonly Finding[];
  readonly notes: readonly Finding[];
  readonly resolved: ResolvedSettings | undefined;
}

const DEFAULT = 'default';

/** A name so much like one of ours that somebody will wonder why it does nothing. */
const LEAST_NAME = 8;

const finding = ({ key, text, origin }: Given, reason: string): Finding => ({
  key,
  value: shown(key, text),
  origin,
  reason,
});

/** What is wrong with a text, whether or not a later source overrides it: it would bite when that source goes. */
function faultOf(key: SettingKey, value: Json): string | undefined {
  const wrong = wrongWith(key, value);
  return wrong === undefined ? undefined : `${wrong}; allowed: ${allowedOf(shapeOf(key))}`;
}

/** Why this version cannot obey a good value. */
function lackOf(key: SettingKey, value: Json): string | undefined {
  if (!isNotYet(key, value)) return undefined;
  const { enum: accepted = [], description } = limitOf(key) ?? { description: '' };
  const texts = accepted.map((one) => JSON.stringify(writeText(key, one))).join(', ');
  return `asks for what is not supported yet; accepted: ${texts}; ${description}`;
}

function strangerOf({ key, origin }: Given, names: SettingSource['names']): Partial<Record<'fault' | 'note', Finding>> {
  const meant = nearest(key, SETTING_KEYS);
  if (names === 'strict') {
    const instead = elsewhere(key);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    const named = meant !== undefined || isShowable(key) ? { key } : {};
    return {
      fault: { ...named, origin, reason: `is not a setting${instead === undefined ? hint : ` here: ${instead}`}` },
    };
  }
  const likely = meant !== undefined && key.length >= LEAST_NAME && key === key.toUpperCase();
  if (!likely || elsewhere(key) !== undefined) return {};
  return { note: { key, origin, reason: `is not a setting, and is left to other programs; did you mean ${meant}?` } };
}

/** A setting that was set: the text and the value it means. */
interface Set extends Given {
  readonly value: Json;
}

function contradictions(set: ReadonlyMap<SettingKey, Set>): readonly Finding[] {
  const old = set.get('AWS_EC2_ENDPOINT');
  const current = set.get('AWS_ENDPOINT_URL_EC2');
  if (old === undefined || current === undefined || old.text === current.text) return [];
  const other = `AWS_ENDPOINT_URL_EC2=${JSON.stringify(shown(current.key, current.text))} (${current.origin})`;
  return [finding(old, `contradicts ${other}; set only one`)];
}

/** The settings in force: what was set, what an unset one follows, the default. */
function inForce(key: SettingKey, set: ReadonlyMap<SettingKey, Set>): Set {
  const own = set.get(key);
  if (own !== undefined) return own;
  const followed = FOLLOWS[key]?.find((other) => set.has(other));
  const leader = followed === undefined ? undefined : set.get(followed);
  if (leader !== undefined) return { ...leader, key, origin: `${followed}, ${leader.origin}` };
  const { default: value } = shapeOf(key);
  return { key, text: writeText(key, value), value, origin: DEFAULT };
}

function ruleFindings(values: ReadonlyMap<SettingKey, Set>, set: ReadonlyMap<SettingKey, Set>): readonly Finding[] {
  const json = new Map([...values].map(([key, { value }]) => [key, value] as const));
  const isSet = (key: string): boolean => isSettingKey(key) && set.has(key);
  return brokenRules(json, isSet).map(({ description, keys }) => {
    const parts = keys.filter(isSettingKey).flatMap((key) => values.get(key) ?? []);
    const [first = { key: '', text: '', origin: '' }, ...others] = [...parts].sort(
      (a, b) => Number(isSet(b.key)) - Number(isSet(a.key)),
    );
    const rest = others.map(({ key, text, origin }) => `${key}=${JSON.stringify(shown(key, text))} (${origin})`);
    return finding(first, `does not go with ${rest.join(', ')}: ${description}`);
  });
}

/** Merges the sources, later over earlier, over the defaults, and says everything there is to say about them. */
export function checkSources(sources: readonly SettingSource[]): CheckedSettings {
  const set = new Map<SettingKey, Set>();
  const faults: Finding[] = [];
  const notes: Finding[] = [];
  for (const source of sources) {
    faults.push(...source.findings);
    notes.push(...(source.notes ?? []));
    for (const given of source.given) {
      const { key, text } = given;
      if (!isSettingKey(key)) {
        const { fault, note } = strangerOf(given, source.names);
        if (fault !== undefined) faults.push(fault);
        if (note !== undefined) notes.push(note);
        continue;
      }
      const value = readText(key, text);
      const fault = faultOf(key, value);
      const others = source.names === 'shared' && isOthersToo(key);
      if (fault !== undefined && others) notes.push(finding(given, `is left to other programs: it ${fault}`));
      else if (fault !== undefined) faults.push(finding(given, fault));
      else {
        const lack = lackOf(key, value);
        if (lack !== undefined) faults.push(finding(given, lack));
        set.set(key, { ...given, value });
      }
    }
  }
  for (const [key, own] of set) {
    const why = own.origin === ENVIRONMENT && isOthersToo(key) ? undefined : withoutEffect(key, own.value);
    if (why !== undefined) notes.push(finding(own, why));
  }
  const values = new Map(SETTING_KEYS.map((key) => [key, inForce(key, set)] as const));
  faults.push(...contradictions(set), ...ruleFindings(values, set));
  if (faults.length > 0) return { faults, notes, resolved: undefined };
  const part = (of: (one: Set) => string) =>
    parseRecord((key) => of(values.get(key) ?? inForce(key, set)), SETTING_KEYS);
  const resolved = {
    settings: parseSettingsObject(new Map([...values].map(([key, { value }]) => [key, value] as const))),
    texts: part(({ text }) => text),
    origins: part(({ origin }) => origin),
    notes,
  };
  return { faults, notes, resolved };
}

/** Where settings come from, least important first. */
export interface SettingInput {
  /** Files in their order: vpc-cni.env, then conf.d by name. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
  /** The settings of the EC2 user data: a document that the boot stage wrote, or what `settingsFromUserData` found. */
  readonly userData?: string | SettingSource | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

const ENVIRONMENT = 'environment';

/** `checkSources` over files, EC2 user data, environment and flags, in that order. */
export function checkSettings(input: SettingInput): CheckedSettings {
  const { files = [], userData, env = {}, flags = {} } = input;
  const fromUserData =
    typeof userData === 'string' ? documentSource(userData, { origin: USER_DATA, lines: 'hidden' }) : userData;
  return checkSources([
    ...files.map(({ path, text }) => documentSource(text, { origin: path })),
    ...(fromUserData === undefined ? [] : [fromUserData]),
    recordSource(env, { origin: ENVIRONMENT, names: 'shared' }),
    recordSource(flags, { origin: 'flag', names: 'strict' }),
  ]);
}

/** The settings in force. Throws one `CONFIG_INVALID` naming every fault of every source. */
export function loadSettings(input: SettingInput): ResolvedSettings {
  const { faults, resolved } = checkSettings(input);
  if (resolved === undefined) throw invalidConfiguration(faults);
  return resolved;
}

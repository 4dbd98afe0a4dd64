import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SETTINGS_SCHEMA, type SettingKey } from './schema.ts';
import { type Json, shapeOf } from './shape.ts';

/**
 * Only what is set is compiled, each part of the schema at its first use: 0.5 ms a setting, where all of it at once takes
 * 25 ms. That the schema itself and its defaults are sound is for the tests.
 */
const ID = 'settings';
let ajv: Ajv | undefined;

function validator(pointer: string): ValidateFunction {
  ajv ??= new Ajv({ allErrors: true, verbose: true, validateSchema: false }).addSchema(SETTINGS_SCHEMA, ID);
  const found = ajv.getSchema(`${ID}#${pointer}`);
  if (found === undefined) throw new RangeError(`the schema of the settings has nothing at ${pointer}`);
  return found;
}

function errorsAt(pointer: string, value: unknown): readonly ErrorObject[] {
  const validate = validator(pointer);
  return validate(value) ? [] : (validate.errors ?? []);
}

const describe = (error: ErrorObject): string => {
  const said: unknown = error.parentSchema?.['description'];
  return typeof said === 'string' ? said : 'has a wrong form';
};

const NO_SUCH_TYPE: Readonly<Record<string, string>> = {
  boolean: 'is neither true nor false',
  integer: 'is not an integer',
  object: 'is not a JSON object of strings',
};

function reasonOf(key: SettingKey, error: ErrorObject): string {
  const { keyword, propertyName, instancePath, data } = error;
  const { kind, type } = shapeOf(key);
  if (keyword === 'type') return (kind === 'mark' ? undefined : NO_SUCH_TYPE[type]) ?? 'is not a number';
  if (propertyName !== undefined) return `has the key ${JSON.stringify(propertyName)}, which ${describe(error)}`;
  if (instancePath !== '') return `has ${JSON.stringify(data)}, which ${describe(error)}`;
  switch (keyword) {
    case 'minimum':
    case 'maximum':
      return 'is out of range';
    case 'enum':
      return 'is none of the known words';
    case 'maxProperties':
      return 'has too many keys';
    default:
      return describe(error);
  }
}

/** What is wrong with the value of one setting, or `undefined`. */
export function wrongWith(key: SettingKey, value: Json): string | undefined {
  const [error] = errorsAt(`/properties/${key}`, value);
  return error === undefined ? undefined : reasonOf(key, error);
}

const { thisVersion, noEffect } = SETTINGS_SCHEMA.definitions;

/** Reports whether the value asks for something that this version lacks. */
export function isNotYet(key: SettingKey, value: Json): boolean {
  const limited = Object.hasOwn(thisVersion.properties, key);
  return limited && errorsAt(`/definitions/thisVersion/properties/${key}`, value).length > 0;
}

/** Why the value changes nothing, or `undefined` when it does or is as good as none. */
export function withoutEffect(key: SettingKey, value: Json): string | undefined {
  if (!Object.hasOwn(noEffect.properties, key)) return undefined;
  const [error] = errorsAt(`/definitions/noEffect/properties/${key}`, value);
  return error === undefined ? undefined : describe(error);
}

/** A rule between settings, and the settings it looks at. */
export interface BrokenRule {
  readonly description: string;
  readonly keys: readonly string[];
}

function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'properties' && typeof inner === 'object' && inner !== null ? Object.keys(inner) : keysIn(inner),
  );
}

/** The rules that the values in force break, of those that look at a setting somebody has set: defaults break none. */
export function brokenRules(
  values: ReadonlyMap<SettingKey, Json>,
  isSet: (key: string) => boolean,
): readonly BrokenRule[] {
  const document = Object.fromEntries(values);
  return SETTINGS_SCHEMA.allOf.flatMap((rule, index) => {
    if (!('description' in rule)) return [];
    const keys = [...new Set(keysIn(rule))];
    if (!keys.some(isSet) || errorsAt(`/allOf/${index}`, document).length === 0) return [];
    return [{ description: rule.description, keys }];
  });
}

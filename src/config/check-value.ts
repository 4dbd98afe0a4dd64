import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SETTINGS_SCHEMA, type SettingKey } from './schema.ts';
import { definitionName, type Json, shapeOf } from './shape.ts';

/**
 * Only what is set is compiled, each part of the schema by itself and once: 8 ms for four settings and 0.5 ms for each
 * further one, where the whole takes 80 ms. That the parts say what the whole says is for a test.
 */
const compiled = new Map<object, ValidateFunction>();
let ajv: Ajv | undefined;

const { properties, allOf: rules, definitions } = SETTINGS_SCHEMA;

function validatorOf(part: object): ValidateFunction {
  const known = compiled.get(part);
  if (known !== undefined) return known;
  ajv ??= new Ajv({ allErrors: true, verbose: true, validateSchema: false, meta: false });
  const validate = ajv.compile(part);
  compiled.set(part, validate);
  return validate;
}

function errorsOf(part: object, value: unknown): readonly ErrorObject[] {
  const validate = validatorOf(part);
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
  const own = properties[key];
  // A shared definition stands for the setting: what stands beside its $ref are texts.
  const [error] = errorsOf('$ref' in own ? definitions[definitionName(own.$ref)] : own, value);
  return error === undefined ? undefined : reasonOf(key, error);
}

const limits: Readonly<Record<string, object>> = definitions.thisVersion.properties;
const withNone: Readonly<Record<string, object>> = definitions.noEffect.properties;

/** Reports whether the value asks for something that this version lacks. */
export function isNotYet(key: SettingKey, value: Json): boolean {
  const limit = limits[key];
  return limit !== undefined && errorsOf(limit, value).length > 0;
}

/** Why the value changes nothing, or `undefined` when it does or is as good as none. */
export function withoutEffect(key: SettingKey, value: Json): string | undefined {
  const none = withNone[key];
  const [error] = none === undefined ? [] : errorsOf(none, value);
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
  return rules.flatMap((rule) => {
    if (!('description' in rule)) return [];
    const keys = [...new Set(keysIn(rule))];
    if (!keys.some(isSet) || errorsOf(rule, document).length === 0) return [];
    return [{ description: rule.description, keys }];
  });
}

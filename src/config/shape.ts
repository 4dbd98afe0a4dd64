import { isSettingKey, SETTINGS_SCHEMA, type SettingKey } from './schema.ts';

/** A value as JSON has it, which is what the schema speaks of. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** One setting of the schema, its shared definition laid open. */
export interface Shape {
  /** Name of the shared definition, when it has one. */
  readonly kind?: string;
  readonly type: 'boolean' | 'integer' | 'string' | 'array' | 'object';
  readonly default: Json;
  readonly description: string;
  readonly title?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly writeOnly?: boolean;
  readonly deprecated?: boolean;
}

/** What a layer of the schema says of a setting beside its shape. */
export interface Remark {
  readonly description: string;
  readonly enum?: readonly Json[];
}

const { definitions, properties } = SETTINGS_SCHEMA;

/** The name of the definition that a property of the schema refers to. */
export function definitionName<N extends string>(reference: `#/definitions/${N}`): N;
export function definitionName(reference: string): string {
  return reference.slice('#/definitions/'.length);
}

function layOpen(key: SettingKey): Shape {
  const own = properties[key];
  if (!('$ref' in own)) return own;
  const kind = definitionName(own.$ref);
  return { ...definitions[kind], ...own, kind };
}

const shapes = new Map<SettingKey, Shape>();

/** The shape of a setting. */
export function shapeOf(key: SettingKey): Shape {
  const known = shapes.get(key) ?? layOpen(key);
  shapes.set(key, known);
  return known;
}

/** Reports whether the text of a setting must never be shown. */
export function isSecret(key: string): boolean {
  return isSettingKey(key) && shapeOf(key).writeOnly === true;
}

const remarkIn = (layer: Readonly<Record<string, Remark>>, key: string): Remark | undefined =>
  Object.hasOwn(layer, key) ? layer[key] : undefined;

/** The values of a setting that this version supports, when they are not all, with the way out. */
export function limitOf(key: string): Remark | undefined {
  return remarkIn(definitions.thisVersion.properties, key);
}

/** What to do instead of setting this name, when it is one of aws-node or the SDK that is no setting here. */
export function elsewhere(key: string): string | undefined {
  return remarkIn(definitions.elsewhere.properties, key)?.description;
}

/** What may be written, as a phrase: `an integer from 0 to 9`. */
export function allowedOf({ title, type, enum: words, minimum, maximum }: Shape): string {
  if (title !== undefined) return title;
  if (words !== undefined) return words.join(', ');
  return type === 'integer' ? `an integer from ${minimum} to ${maximum}` : 'a text';
}

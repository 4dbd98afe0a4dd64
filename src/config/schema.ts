import type { Ipv4Cidr } from '../addr/index.ts';
import { CREDENTIALS, ENDPOINTS } from './schema/aws.ts';
import { CLOUDWATCH } from './schema/cloudwatch.ts';
import { CLUSTER } from './schema/cluster.ts';
import { DEFINITIONS } from './schema/definitions.ts';
import { ELSEWHERE } from './schema/elsewhere.ts';
import { ENIS } from './schema/enis.ts';
import { HOST_NETWORK } from './schema/host-network.ts';
import { LOGS } from './schema/logs.ts';
import { PODS } from './schema/pods.ts';
import { POOL } from './schema/pool.ts';
import { RULES } from './schema/rules.ts';
import { NO_EFFECT, THIS_VERSION } from './schema/this-version.ts';

/** Chapters of docs/configuration.md with their settings, in its order. */
export const CHAPTERS = {
  'The pool of addresses': POOL,
  ENIs: ENIS,
  'Network of the host': HOST_NETWORK,
  Pods: PODS,
  'EC2 and the metadata service': ENDPOINTS,
  'Credentials for EC2': CREDENTIALS,
  'Logs and ports': LOGS,
  'Metrics in CloudWatch': CLOUDWATCH,
  'Cluster and host paths': CLUSTER,
} as const;

const PROPERTIES = {
  ...POOL,
  ...ENIS,
  ...HOST_NETWORK,
  ...PODS,
  ...ENDPOINTS,
  ...CREDENTIALS,
  ...LOGS,
  ...CLOUDWATCH,
  ...CLUSTER,
} as const;

/**
 * The settings as JSON Schema: the one source of names, types, defaults, texts and rules. Only standard keywords, so that
 * any validator takes it as it is; `writeOnly` marks a secret, `deprecated` a setting without effect.
 */
export const SETTINGS_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Settings of vpc-cni',
  description:
    'The values that the texts of NAME=text mean: booleans in the words of Go, lists separated by commas, objects as JSON. Rules between settings hold for the values in force, defaults included.',
  type: 'object',
  properties: PROPERTIES,
  additionalProperties: false,
  allOf: [{ $ref: '#/definitions/thisVersion' }, ...RULES],
  definitions: {
    ...DEFINITIONS,
    thisVersion: {
      type: 'object',
      title: 'What this version supports',
      properties: THIS_VERSION,
    },
    noEffect: {
      type: 'object',
      title: 'What changes nothing in this version',
      properties: NO_EFFECT,
    },
    elsewhere: {
      type: 'object',
      title: 'Names of aws-node or of the AWS SDK that are no settings here',
      properties: ELSEWHERE,
    },
  },
} as const;

/** The name of a setting, as written in files and in the environment. */
export type SettingKey = keyof typeof PROPERTIES;

type Definitions = typeof DEFINITIONS;

/** What the daemon works with where it is more than the JSON value. */
interface Richer {
  readonly ipv4Cidrs: readonly Ipv4Cidr[];
  readonly labels: Readonly<Record<string, string>>;
  readonly loopbackEndpoint: { readonly host: string; readonly port: number };
}

type Plain<S> = S extends { readonly enum: readonly (infer V)[] }
  ? V
  : S extends { readonly type: 'boolean' }
    ? boolean
    : S extends { readonly type: 'integer' }
      ? number
      : S extends { readonly type: 'object' }
        ? Readonly<Record<string, string>>
        : string;

type ValueOf<S> = S extends { readonly $ref: `#/definitions/${infer N}` }
  ? N extends keyof Richer
    ? Richer[N]
    : N extends keyof Definitions
      ? Plain<Definitions[N]>
      : never
  : Plain<S>;

/** The value of every setting. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof PROPERTIES)[K]> };

/** Names of all settings in the order of the documentation. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(PROPERTIES).filter(isSettingKey);

/** Reports whether `text` names a setting. */
export function isSettingKey(text: string): text is SettingKey {
  return Object.hasOwn(PROPERTIES, text);
}

/** Settings that count, in this order, while the named one is unset. */
export const FOLLOWS: Readonly<Partial<Record<SettingKey, readonly SettingKey[]>>> = {
  POD_MTU: ['AWS_VPC_ENI_MTU'],
  AWS_ENDPOINT_URL_EC2: ['AWS_EC2_ENDPOINT', 'AWS_ENDPOINT_URL'],
  AWS_ENDPOINT_URL_CLOUDWATCH: ['AWS_ENDPOINT_URL'],
};

import { readFileSync } from 'node:fs';
import { Ajv, type JSONSchemaType } from 'ajv';

/** What stands in `case.json`. */
export interface CaseSettings {
  /** One sentence: what the case shows. */
  readonly summary: string;
  /** Nodes of the VPC; the guest is the first of them. 2 unless told. */
  readonly nodes?: number;
  readonly instanceType?: string;
  /** User data of the guest's instance: its file, as a path in the repository. */
  readonly userData?: { readonly file: string };
  /** Whether cloud-init runs at boot. */
  readonly cloudInit?: boolean;
  /** Whether systemd-networkd manages the primary link. */
  readonly networkd?: boolean;
  /** Whether the guest is booted before the case gets it; `off` lets the case prepare its files. */
  readonly power?: 'on' | 'off';
}

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['summary'],
  properties: {
    summary: { type: 'string', minLength: 20 },
    nodes: { type: 'integer', minimum: 1, maximum: 4 },
    instanceType: { type: 'string' },
    userData: {
      type: 'object',
      additionalProperties: false,
      required: ['file'],
      properties: { file: { type: 'string' } },
    },
    cloudInit: { type: 'boolean' },
    networkd: { type: 'boolean' },
    power: { enum: ['on', 'off'] },
  },
};

/** The settings of a case. Throws naming the file and everything wrong in it. */
export function parseCase(path: string): CaseSettings {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const ajv = new Ajv({ allErrors: true });
  if (ajv.validate<CaseSettings>(SCHEMA as unknown as JSONSchemaType<CaseSettings>, value)) return value;
  throw new Error(`${path}: ${ajv.errorsText()}`);
}

import { Ajv } from 'ajv';
import { type Ipv4Address, type Ipv4Cidr, parseIpv4, parseIpv4Cidr } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';

/** The part of the instance identity document we read. */
export interface IdentityDocument {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly region: string;
  readonly availabilityZone: string;
}

const text = { type: 'string', minLength: 1 } as const;
const SCHEMA = {
  type: 'object',
  required: ['instanceId', 'instanceType', 'region', 'availabilityZone'],
  properties: { instanceId: text, instanceType: text, region: text, availabilityZone: text },
} as const;

/** The document at `path`. Throws `IMDS_BAD_ANSWER` naming what is wrong with it. */
export function parseIdentityDocument(path: string, json: string): IdentityDocument {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new HostError('IMDS_BAD_ANSWER', { path, found: 'a text that is not JSON' });
  }
  // Held against our own schema alone: compiling the one of schemas first would take longer than asking the service.
  const ajv = new Ajv({ validateSchema: false, meta: false });
  const validate = ajv.compile<IdentityDocument>(SCHEMA);
  if (!validate(document))
    throw new HostError('IMDS_BAD_ANSWER', { path, found: ajv.errorsText(validate.errors, { dataVar: 'document' }) });
  const { instanceId, instanceType, region, availabilityZone } = document;
  return { instanceId, instanceType, region, availabilityZone };
}

/** Runs one of the parsers below over the answer to `path`, turning its `RangeError` into `IMDS_BAD_ANSWER`. */
export function parseAnswer<T>(path: string, answer: string, parse: (trimmed: string) => T): T {
  try {
    return parse(answer.trim());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HostError('IMDS_BAD_ANSWER', { path, found: error.message }, error);
  }
}

/** A non-empty word. */
export function parseWord(answer: string): string {
  if (!/^\S+$/.test(answer)) throw new RangeError(answer === '' ? 'an empty text' : `"${answer}", not one word`);
  return answer;
}

/** One CIDR a line. */
export function parseCidrs(answer: string): readonly Ipv4Cidr[] {
  return answer.split(/\s+/).map(parseIpv4Cidr);
}

/** The first of the addresses: the metadata service lists the primary one first. */
export function parseFirstAddress(answer: string): Ipv4Address {
  return parseIpv4(answer.split(/\s+/, 1)[0] ?? '');
}

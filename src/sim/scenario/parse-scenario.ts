import { Ajv, type ErrorObject } from 'ajv';
import { checkScenario } from './check.ts';
import { type Refusal, rehearse } from './rehearse.ts';
import type { Scenario, ScenarioFinding } from './scenario.ts';
import { SCENARIO_SCHEMA } from './schema.ts';

/** A scenario, or everything that is wrong with it. */
export type ParsedScenario =
  | { readonly kind: 'scenario'; readonly scenario: Scenario }
  | { readonly kind: 'findings'; readonly findings: readonly ScenarioFinding[] };

/** Reads a scenario file: its shape first, when that is right whether its parts fit together, then whether EC2 would take it. */
export function parseScenario(text: string): ParsedScenario {
  let value: unknown;
  try {
    // Some editors begin a file with a byte order mark, which RFC 8259 lets a reader pass over.
    value = JSON.parse(text.replace(/^\u{feff}/u, ''));
  } catch (error) {
    return { kind: 'findings', findings: [{ pointer: '', message: `it is no JSON: ${String(error)}` }] };
  }
  // Compiled here: most commands never read a scenario.
  const validate = new Ajv({ allErrors: true }).compile<Scenario>(SCENARIO_SCHEMA);
  if (!validate(value)) return { kind: 'findings', findings: (validate.errors ?? []).flatMap(findingOf) };
  const unfit = checkScenario(value);
  const findings = unfit.length > 0 ? unfit : rehearse(value).map(refused);
  return findings.length > 0 ? { kind: 'findings', findings } : { kind: 'scenario', scenario: value };
}

function refused({ node, message }: Refusal): ScenarioFinding {
  return { pointer: node === undefined ? '/vpc' : `/nodes/${node.index}`, message: `EC2 would refuse it: ${message}` };
}

/** What ajv reports of one thing in several ways is said once: the way that names it best. */
function findingOf(error: ErrorObject): readonly ScenarioFinding[] {
  const { instancePath, keyword, message = 'is wrong', params, schemaPath } = error;
  const key: unknown = params['additionalProperty'];
  if (typeof key === 'string')
    return [{ pointer: `${instancePath}/${escapeKey(key)}`, message: 'there is no such key' }];
  // The branches of an anyOf each complain; the anyOf itself says it for them.
  if (keyword !== 'anyOf' && schemaPath.includes('/anyOf/')) return [];
  const allowed: unknown = params['allowedValues'];
  const choice = Array.isArray(allowed) ? `: ${allowed.join(', ')}` : '';
  return [
    {
      pointer: instancePath,
      message: keyword === 'anyOf' ? (ANY_OF.get(lastOf(instancePath)) ?? message) : `${message}${choice}`,
    },
  ];
}

const ANY_OF: ReadonlyMap<string, string> = new Map([
  ['throttle', 'must be "ec2", "off", or buckets { size, perSecond } by action'],
  ['attachMs', 'must be milliseconds up to 600000, or a range of them [least, most]'],
  ['detachMs', 'must be milliseconds up to 600000, or a range of them [least, most]'],
  ['exhausted', 'must be true, false, or how many addresses stay free'],
]);

const lastOf = (pointer: string): string => pointer.slice(pointer.lastIndexOf('/') + 1);

/** RFC 6901. */
const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

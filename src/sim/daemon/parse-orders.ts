import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { HostError } from '../../errors/index.ts';
import { AWS_ACTIONS } from '../cloudwatch/index.ts';
import { type BucketMode, type Dial, parseDial } from '../dials/index.ts';
import { type AttachSpans, NODE_SCHEMA, type NodePlan, SPAN_SCHEMA, strictObject } from '../scenario/index.ts';
import type { CallFilter } from './call-filter.ts';

/** Reads the body of an order. Throws `SIM_ORDER_INVALID` with everything that is wrong with it. */
function reader<T>(schema: object): (order: string, body: string) => T {
  // Compiled when first needed: the command line imports this room, too, and gives no orders to itself.
  const compile = (): ValidateFunction<T> => new Ajv({ allErrors: true }).compile<T>(schema);
  let compiled: ValidateFunction<T> | undefined;
  return (order, body) => {
    compiled ??= compile();
    const validate = compiled;
    const value = jsonOf(order, body);
    if (validate(value)) return value;
    throw refused(order, (validate.errors ?? []).map(describe));
  };
}

/** `POST /nodes`. */
export const parseNodeOrder = reader<NodePlan>(NODE_SCHEMA);

/** What strangers shall do to the addresses of a subnet. */
export interface SubnetOrder {
  readonly strangers: 'fragment' | 'exhaust' | 'release';
  /** How many addresses `exhaust` leaves. */
  readonly leave?: number;
}

/** `POST /subnets/…`. */
export const parseSubnetOrder = reader<SubnetOrder>(
  strictObject(
    { strangers: { enum: ['fragment', 'exhaust', 'release'] } },
    { leave: { type: 'integer', minimum: 0, maximum: 65_536 } },
  ),
);

/** `PUT /throttle`. */
export const parseThrottleOrder = reader<{ readonly buckets: BucketMode }>(
  strictObject({ buckets: { enum: ['ec2', 'off'] } }),
);

const readTimes = reader<Partial<AttachSpans>>({
  ...strictObject({}, { attachMs: SPAN_SCHEMA, detachMs: SPAN_SCHEMA }),
  minProperties: 1,
});

/** `PUT /times`: milliseconds, or a range of them. */
export function parseTimesOrder(order: string, body: string): Partial<AttachSpans> {
  const spans = readTimes(order, body);
  const wrong = Object.entries(spans).filter(([, span]) => typeof span === 'object' && span[0] > span[1]);
  if (wrong.length === 0) return spans;
  throw refused(
    order,
    wrong.map(([key]) => `/${key}: the shortest time is longer than the longest`),
  );
}

/** What the clock shall do: stop, be set, move ahead, tick, in this order when several are given. */
export interface ClockOrder {
  /** Milliseconds since the epoch. */
  readonly at?: number;
  readonly advanceMs?: number;
  readonly ticking?: boolean;
}

/** `POST /clock`. */
export const parseClockOrder = reader<ClockOrder>({
  ...strictObject(
    {},
    {
      at: { type: 'number' },
      advanceMs: { type: 'number', minimum: 0 },
      ticking: { type: 'boolean' },
    },
  ),
  minProperties: 1,
});

const FILTER_KEYS = ['action', 'caller', 'code', 'since', 'last'];

/** `GET /calls?…`; `since` and `last` are numbers. */
export function parseCallFilter(order: string, query: URLSearchParams): CallFilter {
  const given = Object.fromEntries(query);
  const unknown = Object.keys(given).filter((key) => !FILTER_KEYS.includes(key));
  const number = (key: string): number | undefined => (given[key] === undefined ? undefined : Number(given[key]));
  const numbers = { since: number('since'), last: number('last') };
  const wrong = Object.entries(numbers).filter(([, value]) => value !== undefined && !(value >= 0));
  if (unknown.length + wrong.length > 0)
    throw refused(order, [
      ...unknown.map((key) => `there is no key ${key}; the keys are ${FILTER_KEYS.join(', ')}`),
      ...wrong.map(([key]) => `${key} is a number`),
    ]);
  return Object.fromEntries(
    Object.entries({ ...given, ...numbers }).filter(([, value]) => value !== undefined),
  ) as CallFilter;
}

/** `POST /dials`. */
export function parseDialOrder(order: string, body: string): Dial {
  const parsed = parseDial(jsonOf(order, body), AWS_ACTIONS);
  if (parsed.kind === 'dial') return parsed.dial;
  throw refused(order, parsed.problems);
}

/** The action of `DELETE /dials/ACTION`. */
export function parseAction(order: string, action: string): string {
  if ([...AWS_ACTIONS, '*', 'IMDS'].includes(action)) return action;
  throw refused(order, [`there is no action "${action}"`]);
}

/** The name of an object as it stands in a path. */
export function parseName(order: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw refused(order, [`"${segment}" is not percent-encoded UTF-8`]);
  }
}

/** What ajv found, in words: it reports an unknown key without its name. */
function describe(error: ErrorObject): string {
  const { instancePath, message = 'is wrong', params } = error;
  const place = instancePath === '' ? 'the order' : instancePath;
  if (typeof params['additionalProperty'] === 'string') return `${place} has no key "${params['additionalProperty']}"`;
  const allowed: unknown = params['allowedValues'];
  return `${place} ${message}${Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''}`;
}

function jsonOf(order: string, body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw refused(order, ['its body is not JSON']);
  }
}

function refused(order: string, problems: readonly string[]): HostError {
  return new HostError('SIM_ORDER_INVALID', { request: order, reason: problems.join('; ') });
}

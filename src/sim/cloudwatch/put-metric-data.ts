import { SimFault } from '../model/index.ts';

/** Limits of PutMetricData (CloudWatch API reference, "PutMetricData" and "MetricDatum", read 2026-11). */
const MOST_DATA = 1000;
const MOST_DIMENSIONS = 30;
const LONGEST_NAME = 255;
const LARGEST_VALUE = 2 ** 360;
const OLDEST_MS = 14 * 24 * 3600 * 1000;
const NEWEST_MS = 2 * 3600 * 1000;
const UNITS: ReadonlySet<unknown> = new Set([
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'],
  ...['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Percent', 'Count', 'None', 'Count/Second'],
]);

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (reason: string): SimFault => new SimFault('InvalidParameterValue', reason);

function requireText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME)
    throw invalid(`The parameter ${name} is required and has 1 to ${LONGEST_NAME} characters.`);
  return value;
}

function dimensionPairs(dimensions: unknown, at: string): readonly (readonly [string, string])[] {
  if (dimensions === undefined) return [];
  if (!Array.isArray(dimensions) || dimensions.length > MOST_DIMENSIONS)
    throw invalid(`The parameter ${at}.Dimensions has at most ${MOST_DIMENSIONS} members.`);
  return dimensions.flatMap((dimension: unknown, index) => {
    const name = `${at}.Dimensions.member.${index + 1}`;
    const { Name, Value } = isObject(dimension) ? dimension : {};
    return [
      [`${name}.Name`, requireText(Name, `${name}.Name`)],
      [`${name}.Value`, requireText(Value, `${name}.Value`)],
    ] as const;
  });
}

function datumPairs(datum: unknown, at: string, nowMs: number): readonly (readonly [string, string])[] {
  if (!isObject(datum)) throw invalid(`The parameter ${at} is no structure.`);
  const { MetricName, Value, Unit, Timestamp, Dimensions } = datum;
  if (typeof Value !== 'number' || !Number.isFinite(Value) || Math.abs(Value) > LARGEST_VALUE)
    throw invalid(`The parameter ${at}.Value must be a number within ±2^360.`);
  if (Unit !== undefined && !UNITS.has(Unit)) throw invalid(`The parameter ${at}.Unit is none that CloudWatch knows.`);
  // awsJson1_0 sends times as seconds since the epoch.
  const ms = Timestamp === undefined ? nowMs : typeof Timestamp === 'number' ? Timestamp * 1000 : Number.NaN;
  if (!(ms >= nowMs - OLDEST_MS && ms <= nowMs + NEWEST_MS))
    throw invalid(`The parameter ${at}.Timestamp must be within the last two weeks and the next two hours.`);
  return [
    [`${at}.MetricName`, requireText(MetricName, `${at}.MetricName`)],
    [`${at}.Value`, String(Value)],
    ...(Unit === undefined ? [] : [[`${at}.Unit`, String(Unit)] as const]),
    [`${at}.Timestamp`, new Date(ms).toISOString()],
    ...dimensionPairs(Dimensions, at),
  ];
}

/**
 * The data points of a request, under the names they would have as form parameters. Throws `InvalidParameterValue` or
 * `MissingParameter`, as CloudWatch does.
 */
export function metricParameters(request: unknown, nowMs: number): Readonly<Record<string, string>> {
  const { Namespace, MetricData } = isObject(request) ? request : {};
  const namespace = requireText(Namespace, 'Namespace');
  if (namespace.startsWith('AWS/')) throw invalid('The value AWS/ for parameter Namespace is invalid.');
  if (!Array.isArray(MetricData) || MetricData.length === 0)
    throw new SimFault('MissingParameter', 'The parameter MetricData is required.');
  if (MetricData.length > MOST_DATA)
    throw invalid(`The collection MetricData must not have a size greater than ${MOST_DATA}.`);
  const pairs = MetricData.flatMap((datum, index) => datumPairs(datum, `MetricData.member.${index + 1}`, nowMs));
  return Object.fromEntries([['Namespace', namespace], ...pairs]);
}

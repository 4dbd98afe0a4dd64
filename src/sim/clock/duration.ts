const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const WHOLE = /^(?:\d{1,9}(?:ms|s|m|h|d))+$/;

/** Milliseconds of `90s`, `1h30m`, `250ms` or `2d`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (UNITS.get(unit) ?? 0),
    0,
  );
}

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds since the epoch of an ISO 8601 time, in UTC unless it says otherwise; `undefined` for anything else. */
export function parseTime(text: string): number | undefined {
  if (!ISO.test(text)) return undefined;
  const zoned = text.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  // The engine takes the 30th of February for the 2nd of March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(text.slice(0, 10));
  return Number.isNaN(time) || !isDay ? undefined : time;
}

const LATEST = Date.UTC(3000, 0, 1);

/** Whether the simulator's clock may show a time, in milliseconds since the epoch: from 1970 to 2999. */
export function isClockTime(time: number): boolean {
  return time >= 0 && time < LATEST;
}

import type { Ec2Action } from '../aws/index.ts';
import { sparkline } from './sparkline.ts';
import type { FleetRun, Spread } from './summary.ts';
import type { Sample } from './tally.ts';
import { grouped, textTable } from './text-table.ts';

/** How wide the place is, and whether it knows more than ASCII. */
export interface Look {
  readonly width: number;
  readonly ascii: boolean;
}

const seconds = (value: number | null): string => (value === null ? '—' : `${value} s`);

type Row = readonly [string, (run: FleetRun) => string];

/** `Attach` of `AttachNetworkInterface`: its column is to be as narrow as figures are. */
const verbOf = (action: Ec2Action): string => action.replace(/(?:NetworkInterface|PrivateIpAddresses).*/, '');

const spreadRows = (name: string, of: (run: FleetRun) => Spread): readonly Row[] => [
  [`${name}: half`, (run) => seconds(of(run).p50)],
  ['  99 of 100', (run) => seconds(of(run).p99)],
  ['  all', (run) => seconds(of(run).last)],
];

const callRow = (action: Ec2Action): Row => [
  `  ${action}`,
  ({ calls }) => {
    const { granted = 0, throttled = 0, refused = 0 } = calls.find((each) => each.action === action) ?? {};
    return `${grouped(granted)} + ${grouped(throttled + refused)}`;
  },
];

function tableOf(runs: readonly FleetRun[]): readonly string[] {
  const actions = [...new Set(runs.flatMap(({ calls }) => calls.map(({ action }) => action)))].sort();
  const rows: readonly Row[] = [
    ['', ({ name }) => name],
    ...spreadRows('ready', ({ ready }) => ready),
    ...spreadRows('pods served, on target', ({ targets }) => targets),
    ['EC2’s buckets allow it in', ({ floor }) => (floor === null ? '0 s' : `${floor.seconds} s`)],
    ['  set by', ({ floor }) => (floor === null ? '—' : verbOf(floor.action))],
    ['a pod waits: half', ({ adds }) => seconds(adds.p50)],
    ['  99 of 100', ({ adds }) => seconds(adds.p99)],
    ['  the runtime has to try again', ({ adds }) => grouped(adds.late)],
    ['EC2 calls: granted + not', ({ calls }) => sumOf(calls)],
    ...actions.map(callRow),
    ['ENIs', ({ enis }) => grouped(enis)],
    ['prefixes', ({ prefixes }) => grouped(prefixes)],
    ['addresses taken: most', ({ addresses }) => grouped(addresses.most)],
    ['  at the end', ({ addresses }) => grouped(addresses.end)],
    ['  of these, pods’', ({ addresses }) => grouped(addresses.pods)],
    ['  and warm', ({ addresses }) => grouped(addresses.warm)],
  ];
  return textTable(rows.map(([name, of]) => [name, ...runs.map(of)]));
}

function sumOf(calls: FleetRun['calls']): string {
  const granted = calls.reduce((sum, each) => sum + each.granted, 0);
  const not = calls.reduce((sum, each) => sum + each.throttled + each.refused, 0);
  return `${grouped(granted)} + ${grouped(not)}`;
}

/** What was left undone, in words; empty when nothing was. */
export function shortcomings({ short }: FleetRun): readonly string[] {
  const rows: readonly (readonly [string, number])[] = [
    ['nodes whose subnet had no address left for their launch', short.unlaunched],
    ['nodes that never got ready', short.unready - short.unlaunched],
    ['pods that still wait for an address', short.waitingPods],
    ['pods that ended without ever having had an address', short.unservedPods],
    ['pods beyond max-pods, which no node takes', short.unplacedPods],
  ];
  return rows.filter(([, count]) => count > 0).map(([what, count]) => `${what}: ${grouped(count)}`);
}

const SERIES: readonly (readonly [string, (sample: Sample) => number])[] = [
  ['nodes ready', ({ ready }) => ready],
  ['addresses taken', ({ taken }) => taken],
  ['  by pods', ({ pods }) => pods],
  ['pods waiting', ({ waiting }) => waiting],
];

const LABEL = 17;
const FIGURE = 10;
const LEAST_WIDTH = 10;

/** A line for each series over the time of the longest run; series of one kind have one scale in all runs. */
function plotOf(runs: readonly FleetRun[], { width, ascii }: Look): readonly string[] {
  const endSeconds = Math.max(...runs.map(busySeconds));
  const columns = Math.max(LEAST_WIDTH, Math.min(72, width - LABEL - FIGURE));
  const lines = runs.flatMap((run) => [
    ...(runs.length > 1 ? [run.name] : []),
    ...SERIES.flatMap(([name, of]) => {
      const values = valuesUntil(run.samples, endSeconds, of);
      const most = Math.max(...runs.flatMap(({ samples }) => samples.map(of)));
      const highest = Math.max(0, ...run.samples.map(of));
      if (most === 0) return [];
      return [`${name.padEnd(LABEL)}${sparkline(values, { width: columns, most, ascii })} ${grouped(highest)}`];
    }),
  ]);
  const axis = `${''.padEnd(LABEL)}0 s${`${Math.round(endSeconds * 10) / 10} s`.padStart(columns - 3)}`;
  return [...lines, axis];
}

/** Until nothing changes any more. */
function busySeconds({ samples }: FleetRun): number {
  const last = samples.at(-1);
  const still = samples.findLastIndex(
    ({ ready, taken, pods, waiting }) =>
      ready !== last?.ready || taken !== last.taken || pods !== last.pods || waiting !== last.waiting,
  );
  return samples[Math.min(samples.length - 1, still + 1)]?.seconds ?? 0;
}

/** The values up to a time; after the end of a run it stays as it was. */
function valuesUntil(
  samples: readonly Sample[],
  endSeconds: number,
  of: (sample: Sample) => number,
): readonly number[] {
  const step = (samples[1]?.seconds ?? 1) - (samples[0]?.seconds ?? 0) || 1;
  return Array.from({ length: Math.floor(endSeconds / step) + 1 }, (_, index) => {
    const sample = samples[Math.min(index, samples.length - 1)];
    return sample === undefined ? 0 : of(sample);
  });
}

/** Runs for people, side by side, with what happened over time. */
export function renderRuns(runs: readonly FleetRun[], look: Look): string {
  const heads = runs.map((run) => {
    const name = runs.length > 1 ? `${run.name}: ` : '';
    const { least, most } = run.pods;
    const pods = least === most ? grouped(most) : `${grouped(least)} to ${grouped(most)}`;
    return `${name}${grouped(run.nodes)} × ${run.instanceType}, ${pods} pods; seed ${run.seed}`;
  });
  const short = runs.flatMap((run) =>
    shortcomings(run).map((text) => (runs.length > 1 ? `${run.name}: ${text}` : text)),
  );
  const together = tableOf(runs);
  const fits = together.every((line) => [...line].length <= look.width);
  const tables = fits ? together : runs.flatMap((run) => [...tableOf([run]), '']).slice(0, -1);
  const rest = short.length > 0 ? ['', ...short] : [];
  return `${[...heads, '', ...tables, '', ...plotOf(runs, look), ...rest].join('\n')}\n`;
}

import type { FleetRun } from './summary.ts';
import type { Sample } from './tally.ts';
import { grouped } from './text-table.ts';

const WIDTH = 760;
const PLOT = { left: 70, right: 20, height: 150 } as const;
const INNER = WIDTH - PLOT.left - PLOT.right;
/** Told apart by people who see few colours, on light and on dark (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 3_600] as const;
const MOST_TICKS = 7;

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600 }
.frame { stroke: #999; fill: none }
.grid { stroke: #ddd }
.line { fill: none; stroke-width: 2 }
.pods { stroke-dasharray: 5 3 }
.back { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .grid { stroke: #333 }
  .back { fill: #161616 }
}`;

interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly of: (sample: Sample) => number; readonly dashed: boolean }[];
}

const PANELS: readonly Panel[] = [
  { title: 'nodes ready', lines: [{ of: ({ ready }) => ready, dashed: false }] },
  {
    title: 'addresses taken from the subnets (solid), held by pods (dashed)',
    lines: [
      { of: ({ taken }) => taken, dashed: false },
      { of: ({ pods }) => pods, dashed: true },
    ],
  },
];

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** A round number at or above a value, with few steps to it. */
function roundAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((times) => times * power).find((step) => step >= value) ?? value;
}

interface Scale {
  readonly top: number;
  readonly endSeconds: number;
  readonly most: number;
}

const xOf = (seconds: number, { endSeconds }: Scale): number => PLOT.left + (seconds / endSeconds) * INNER;
const yOf = (value: number, { top, most }: Scale): number => top + PLOT.height * (1 - value / most);

/** Only points where the line bends; the last value holds until the end. */
function pointsOf(samples: readonly Sample[], of: (sample: Sample) => number, scale: Scale): string {
  const kept = samples.filter((sample, index) => {
    const [before, after] = [samples[index - 1], samples[index + 1]];
    return before === undefined || after === undefined || of(before) !== of(sample) || of(after) !== of(sample);
  });
  const shown = kept.filter(({ seconds }) => seconds <= scale.endSeconds);
  const last = shown.at(-1);
  const end = last === undefined ? [] : [{ ...last, seconds: scale.endSeconds }];
  return [...shown, ...end]
    .map((sample) => `${round(xOf(sample.seconds, scale))},${round(yOf(of(sample), scale))}`)
    .join(' ');
}

function panelText({ title, lines }: Panel, runs: readonly FleetRun[], at: Omit<Scale, 'most'>): readonly string[] {
  const most = roundAbove(
    Math.max(...runs.flatMap(({ samples }) => samples.flatMap((one) => lines.map(({ of }) => of(one))))),
  );
  const scale = { ...at, most };
  const ticks = [0, 0.5, 1].map((share) => ({ y: yOf(share * most, scale), value: share * most }));
  const step = TIME_STEPS.find((seconds) => at.endSeconds / seconds <= MOST_TICKS) ?? at.endSeconds;
  const times = Array.from({ length: Math.floor(at.endSeconds / step) + 1 }, (_, index) => index * step);
  const bottom = at.top + PLOT.height;
  return [
    `<text class="title" x="${PLOT.left}" y="${at.top - 8}">${escapeXml(title)}</text>`,
    ...ticks.flatMap(({ y, value }) => [
      `<path class="grid" d="M${PLOT.left} ${round(y)}h${INNER}"/>`,
      `<text x="${PLOT.left - 8}" y="${round(y + 4)}" text-anchor="end">${grouped(Math.round(value))}</text>`,
    ]),
    ...times.map(
      (seconds) =>
        `<text x="${round(xOf(seconds, scale))}" y="${bottom + 18}" text-anchor="middle">${seconds} s</text>`,
    ),
    `<rect class="frame" x="${PLOT.left}" y="${at.top}" width="${INNER}" height="${PLOT.height}"/>`,
    ...runs.flatMap(({ samples }, index) =>
      lines.map(
        ({ of, dashed }) =>
          `<polyline class="line${dashed ? ' pods' : ''}" stroke="${COLOURS[index % COLOURS.length]}" points="${pointsOf(samples, of, scale)}"/>`,
      ),
    ),
  ];
}

/** Until the last change of any run, and a little longer. */
function endOf(runs: readonly FleetRun[]): number {
  const ends = runs.map(({ samples }) => {
    const last = samples.at(-1);
    const changed = samples.findLastIndex(
      ({ ready, taken, pods }) => ready !== last?.ready || taken !== last.taken || pods !== last.pods,
    );
    return samples[Math.min(samples.length - 1, changed + 1)]?.seconds ?? 0;
  });
  return Math.max(1, Math.ceil(Math.max(...ends) * 1.05));
}

/** The runs as a picture: what happened over time, each run in a colour of its own. */
export function renderSvg(runs: readonly FleetRun[]): string {
  const endSeconds = endOf(runs);
  const legendTop = 24;
  const first = legendTop + runs.length * 20 + 30;
  const step = PLOT.height + 62;
  const height = first + PANELS.length * step - 20;
  const legend = runs.flatMap((run, index) => {
    const y = legendTop + index * 20;
    const text = `${run.name}: ${grouped(run.nodes)} × ${run.instanceType}, ready ${run.ready.p50 ?? '—'} s (half), ${run.ready.last ?? '—'} s (all); seed ${run.seed}`;
    return [
      `<path d="M${PLOT.left} ${y - 4}h24" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="3"/>`,
      `<text x="${PLOT.left + 32}" y="${y}">${escapeXml(text)}</text>`,
    ];
  });
  const panels = PANELS.flatMap((panel, index) => panelText(panel, runs, { top: first + index * step, endSeconds }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escapeXml(runs.map(({ name }) => name).join(', '))}: nodes ready and addresses over time</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    ...legend,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

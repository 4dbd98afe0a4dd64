/** One line of the benchmark. `peer` is what we are compared with: the stock plugins, or a budget where there are none. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** ours / peer: below 1 we are the better one. */
  readonly ratio: number;
  readonly unit: string;
}

/** What the peer's column holds: the stock plugins, a budget, something of our own, or another plugin by its name. */
export type PeerKind =
  | 'ptp+host-local'
  | 'budget'
  | 'same, near-empty node'
  | '10 pods'
  | 'before them'
  | 'the same netlink messages'
  | 'the same EC2 calls alone'
  | `plugin ${string}`;

/** A row and what people are told beside it. */
export interface Measured {
  readonly name: string;
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  readonly unit: 'ms' | 'µs' | 'MB';
  readonly against: PeerKind;
}

/** The value half of the samples are below; the mean of the middle two when their number is even. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Linear between the two nearest samples. NaN when there are none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Medians and their ratio. */
export function rowOf({ name, ours, peer, unit, against }: Measured): Row {
  const [our, their] = [median(ours), median(peer)];
  return {
    name,
    ours: round(our, 2),
    peer: round(their, 2),
    ratio: round(our / their, 3),
    unit: against === 'ptp+host-local' ? unit : `${unit} (peer: ${against})`,
  };
}

const spread = (samples: readonly number[]): string =>
  samples.length < 3 ? '' : `${quantile(samples, 0.1).toFixed(1)}–${quantile(samples, 0.9).toFixed(1)}`;

/** The table for people: medians, the middle 80 % of our samples and of theirs, and how we compare. */
export function renderTable(measured: readonly Measured[]): string {
  const head = ['', 'ours', 'p10–p90', 'peer', 'p10–p90', 'ratio', 'n', 'against'];
  const lines = measured.map((one) => {
    const row = rowOf(one);
    const value = (number: number): string => `${number.toFixed(1)} ${one.unit}`;
    return [
      ...[one.name, value(row.ours), spread(one.ours), value(row.peer), spread(one.peer)],
      ...[`${row.ratio.toFixed(2)}×`, String(one.ours.length), one.against],
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => (line[column] ?? '').length)));
  const isText = (column: number): boolean => column === 0 || column === head.length - 1;
  const pad = (cell: string, column: number): string =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [head, ...lines].map((line) => `${line.map(pad).join('  ').trimEnd()}\n`).join('');
}

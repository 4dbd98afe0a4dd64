import type { StatusDocument, StatusEni } from '../cniproto/index.ts';
import type { Paint, Screen } from './screen.ts';
import { type SlotState, slotBar, slotLegend, slotsOf } from './slot-bar.ts';
import { renderTable } from './table.ts';

/** Addresses in a prefix: with prefixes an ENI's slots hold one each. */
const PREFIX = 16;
const WIDEST_BAR = 50;
const NARROWEST_BAR = 10;

interface Row {
  readonly eni: StatusEni;
  readonly slots: Readonly<Record<SlotState, number>>;
}

/** A column, and when it is left out on a narrow screen: the highest number first, one without never. */
interface Column {
  readonly header: string;
  readonly cell: (row: Row) => string | number;
  readonly dropped?: number;
}

const placeOf = ({ card, device }: StatusEni): string | number =>
  card === undefined ? device : `${device} of card ${card}`;

const COLUMNS: readonly Column[] = [
  { header: 'ENI', cell: ({ eni }) => (eni.primary ? `${eni.id} (primary)` : eni.id) },
  { header: 'DEVICE', cell: ({ eni }) => placeOf(eni), dropped: 4 },
  { header: 'LINK', cell: ({ eni }) => eni.link ?? '-', dropped: 1 },
  { header: 'PRIMARY ADDRESS', cell: ({ eni }) => eni.primaryAddress, dropped: 5 },
  { header: 'TABLE', cell: ({ eni }) => eni.table, dropped: 6 },
  { header: 'ASSIGNED', cell: ({ slots }) => slots.assigned },
  { header: 'FREE', cell: ({ slots }) => slots.free, dropped: 2 },
  { header: 'COOLDOWN', cell: ({ slots }) => slots.cooldown, dropped: 7 },
  { header: 'QUARANTINE', cell: ({ slots }) => slots.quarantine, dropped: 8 },
  { header: 'RELEASING', cell: ({ slots }) => slots.releasing, dropped: 9 },
];

/** Counts that are all 0 tell nothing. */
const QUIET: readonly string[] = ['QUARANTINE', 'RELEASING'];

function tableOf(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  return renderTable(
    columns.map(({ header }) => header),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
  );
}

const widestLine = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

/** As many of the columns as fit beside a bar of the least width; of a /80 nobody counts what is free. */
function fitting(rows: readonly Row[], { columns: width }: Screen, isEndless: boolean): readonly Column[] {
  let columns = COLUMNS.filter(({ header, cell }) => !QUIET.includes(header) || rows.some((row) => cell(row) !== 0));
  if (isEndless) columns = columns.filter(({ header }) => header !== 'FREE');
  for (;;) {
    const [next] = [...columns].sort((a, b) => (b.dropped ?? 0) - (a.dropped ?? 0));
    const fits = width === undefined || widestLine(tableOf(columns, rows)) + 2 + NARROWEST_BAR <= width;
    if (fits || next?.dropped === undefined) return columns;
    columns = columns.filter((column) => column !== next);
  }
}

/** Slots an ENI can fill with addresses for pods; of a /80 only what is in use can be shown. */
function capacityOf({ targets }: StatusDocument): number {
  if (targets.mode === 'ipv6') return 0;
  return targets.addressesPerEni * (targets.mode === 'prefix' ? PREFIX : 1);
}

/** A line for each ENI, with its slots as a bar: one screen also for 15 ENIs of 50 addresses. */
export function renderEnis(daemon: StatusDocument, screen: Screen, paint: Paint): readonly string[] {
  const capacity = capacityOf(daemon);
  const rows = daemon.enis.map((eni) => ({ eni, slots: slotsOf(eni.addresses, capacity) }));
  const columns = fitting(rows, screen, daemon.targets.mode === 'ipv6');
  const [header = '', ...lines] = tableOf(columns, rows);
  if (rows.length === 0) return [paint('bold', header), 'none yet'];
  const width = widestLine([header, ...lines]);
  const cells = Math.min(WIDEST_BAR, (screen.columns ?? Number.POSITIVE_INFINITY) - width - 2);
  const bars = rows.map(({ slots }) => slotBar(slots, cells, screen));
  return [
    paint('bold', `${header.padEnd(width)}  SLOTS`),
    ...lines.map((line, index) => `${line.padEnd(width)}  ${bars[index] ?? ''}`.trimEnd()),
    '',
    paint(
      'dim',
      `slots: ${
        slotLegend(
          rows.map(({ slots }) => slots),
          screen,
        ) || 'none in use'
      }`,
    ),
  ];
}

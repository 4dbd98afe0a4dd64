import { drawChart } from './charts.js';
import { byId, el } from './dom.js';

/** @typedef {import('../history.ts').HistoryView} HistoryView */
/** @typedef {Exclude<keyof HistoryView, 'binMs' | 'first' | 'endMs'>} Column */

/** How many bins a page keeps, whatever the daemon sends. */
const BINS = 360;
const TABLE_BINS = 30;
/** The charts grow in such steps until they show it all: of a daemon that has just begun one wants to see more than a sliver. */
const STEP_BINS = 120;

/** @type {HistoryView | undefined} */
let history;

/** Lays new bins over those that are shown.
 * @param {HistoryView} newer
 */
export function showHistory(newer) {
  history = history === undefined ? newer : joined(history, newer);
  draw();
}

/** @param {HistoryView} older @param {HistoryView} newer @returns {HistoryView} */
function joined(older, newer) {
  const keep = newer.first - older.first;
  // Of another daemon, or after a long silence: only what is new.
  if (keep < 0 || keep > older.adds.length) return newer;
  const result = { ...newer };
  const drop = Math.max(0, keep + newer.adds.length - BINS);
  for (const [name, column] of Object.entries(newer))
    if (Array.isArray(column)) {
      const before = /** @type {Column} */ (name);
      Object.assign(result, { [name]: [...older[before].slice(0, keep), ...column].slice(drop) });
    }
  return { ...result, first: older.first + drop };
}

function draw() {
  if (history === undefined) return;
  const at = history;
  const { binMs, endMs, adds } = at;
  const bins = Math.min(BINS, Math.ceil(adds.length / STEP_BINS) * STEP_BINS);
  const time = { bins, binMs, endMs };
  const sum = (/** @type {readonly number[]} */ column) => column.reduce((all, count) => all + count, 0);
  const failed = sum(at.addsFailed);
  const slowest = Math.max(0, ...at.addMaxMs.map((ms) => ms ?? 0));
  const last = adds.length - 1;
  drawChart(byId('charts'), {
    id: 'pool',
    title: 'Addresses',
    summary: `Now ${at.assigned[last] ?? 0} in use of ${at.total[last] ?? 0}; at most ${Math.max(0, ...at.assigned.map((count) => count ?? 0))} in use in this hour.`,
    time,
    layers: [
      { kind: 'area', style: 'used', name: 'in use', values: at.assigned },
      { kind: 'area', style: 'rest', name: 'cooling down', values: at.cooldown },
      { kind: 'area', style: 'free', name: 'free', values: at.free },
      { kind: 'line', style: 'total', name: 'in all', values: at.total },
    ],
  });
  drawChart(byId('charts'), {
    id: 'add',
    title: 'Time of an ADD',
    summary: `${sum(adds)} ADDs, ${failed} failed${slowest === 0 ? '' : `, the slowest took ${milliseconds(slowest)}`}.`,
    time,
    log: true,
    format: milliseconds,
    layers: [
      { kind: 'span', style: 'span', name: 'up to the slowest', low: at.addP50Ms, values: at.addMaxMs },
      { kind: 'dot', style: 'used', name: 'median', values: at.addP50Ms },
      { kind: 'mark', style: 'bad', name: 'failed', values: at.addsFailed },
    ],
  });
  drawChart(byId('charts'), {
    id: 'ec2',
    title: 'Requests to EC2',
    summary: `${sum(at.ec2Reads)} asked, ${sum(at.ec2Changes)} changed something, ${sum(at.ec2Failed)} failed.`,
    time,
    layers: [
      { kind: 'bar', style: 'free', name: 'asked', values: at.ec2Reads },
      { kind: 'bar', style: 'used', name: 'changed something', values: at.ec2Changes },
      { kind: 'bar', style: 'bad', name: 'failed', values: at.ec2Failed },
    ],
  });
  drawTable(at);
}

/** @param {number} ms */
function milliseconds(ms) {
  return ms >= 1000 ? `${Number((ms / 1000).toPrecision(2))} s` : `${Number(ms.toPrecision(2))} ms`;
}

const details = byId('table');
details.addEventListener('toggle', draw);
new ResizeObserver(draw).observe(byId('charts'));

/** Five minutes in a row: what a chart says, for who does not see it.
 * @param {HistoryView} at
 */
function drawTable(at) {
  if (!(details instanceof HTMLDetailsElement) || !details.open) return;
  const heads = ['Until', 'ADDs', 'failed', 'slowest', 'DELs', 'EC2 requests', 'failed', 'in use', 'in all'];
  const rows = [];
  for (let end = at.adds.length; end > 0; end -= TABLE_BINS) {
    const from = Math.max(0, end - TABLE_BINS);
    const sum = (/** @type {readonly number[]} */ column) =>
      column.slice(from, end).reduce((all, count) => all + count, 0);
    const slowest = Math.max(0, ...at.addMaxMs.slice(from, end).map((ms) => ms ?? 0));
    rows.push([
      new Date(at.endMs - (at.adds.length - end) * at.binMs).toLocaleTimeString([], { timeStyle: 'short' }),
      ...[sum(at.adds), sum(at.addsFailed), slowest === 0 ? '–' : milliseconds(slowest), sum(at.dels)],
      ...[sum(at.ec2Reads) + sum(at.ec2Changes) + sum(at.ec2Failed), sum(at.ec2Failed)],
      ...[at.assigned[end - 1] ?? '–', at.total[end - 1] ?? '–'],
    ]);
  }
  details
    .querySelector('div')
    ?.replaceChildren(
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
        el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, String(cell)))))),
      ),
    );
}

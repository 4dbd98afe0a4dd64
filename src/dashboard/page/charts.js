import { el, say, svg } from './dom.js';

/**
 * @typedef {{ kind: 'area' | 'line' | 'bar' | 'dot' | 'mark' | 'span', style: string, name: string,
 *   values: readonly (number | null)[], low?: readonly (number | null)[] }} Layer
 * @typedef {{ id: string, title: string, summary: string, time: { bins: number, binMs: number, endMs: number },
 *   log?: boolean, format?: (value: number) => string, layers: readonly Layer[] }} Chart
 * @typedef {{ left: number, right: number, top: number, bottom: number }} Frame
 */

const HEIGHT = 150;
const LEAST_LOG = 1;
/** Parts of the time that have a name, where there is room for them and where there is not. */
const PARTS = [1, 0.75, 0.5, 0.25, 0];
const FEWER_PARTS = [1, 0.5, 0];
const NARROW = 420;

/** The bin that each chart points at, counted from the last.
 * @type {Map<string, number>}
 */
const pointed = new Map();
/** @type {Map<string, Chart>} */
const charts = new Map();

/** Draws a chart, or draws it anew.
 * @param {HTMLElement} place @param {Chart} chart
 */
export function drawChart(place, chart) {
  const box = document.getElementById(`chart-${chart.id}`) ?? place.appendChild(build(chart));
  charts.set(chart.id, chart);
  const summary = box.querySelector('.summary');
  if (summary !== null) say(summary, chart.summary);
  redraw(box, chart);
}

/** @param {Chart} chart */
function build({ id, title, layers }) {
  const picture = svg('svg', {
    role: 'img',
    tabindex: 0,
    'aria-labelledby': `chart-title-${id}`,
    'aria-describedby': `chart-summary-${id}`,
  });
  const readout = el('p', { class: 'readout muted mono', role: 'status' });
  const swatches = layers.map(({ style, name }) =>
    el('li', {}, el('span', { class: `swatch ${style}`, 'aria-hidden': 'true' }), name),
  );
  const box = el(
    'div',
    { class: 'chart', id: `chart-${id}` },
    el('h3', { id: `chart-title-${id}` }, title),
    el('p', { class: 'summary muted', id: `chart-summary-${id}` }),
    picture,
    readout,
    el('ul', { class: 'legend' }, ...swatches),
  );
  picture.addEventListener('pointermove', (event) => {
    const { left, right } = frame(picture);
    const chart = charts.get(id);
    const x = event.clientX - picture.getBoundingClientRect().left;
    if (chart !== undefined) point(box, chart, Math.floor(((right - x) / (right - left)) * chart.time.bins));
  });
  picture.addEventListener('pointerleave', () => unpoint(box, id));
  picture.addEventListener('blur', () => unpoint(box, id));
  picture.addEventListener('keydown', (event) => {
    /** @type {Readonly<Record<string, number>>} */
    const steps = { ArrowLeft: 1, ArrowRight: -1, PageUp: 30, PageDown: -30 };
    const step = steps[event.key];
    const chart = charts.get(id);
    if (step === undefined || chart === undefined) return;
    event.preventDefault();
    const at = pointed.get(id);
    point(box, chart, at === undefined ? 0 : at + step);
  });
  return box;
}

/** @param {HTMLElement} box @param {string} id */
function unpoint(box, id) {
  pointed.delete(id);
  const chart = charts.get(id);
  if (chart !== undefined) redraw(box, chart);
}

/** @param {HTMLElement} box @param {Chart} chart @param {number} back */
function point(box, chart, back) {
  pointed.set(chart.id, Math.min(chart.time.bins - 1, Math.max(0, back)));
  redraw(box, chart);
}

/** @param {SVGSVGElement} picture @returns {Frame} */
const frame = (picture) => ({ left: 48, right: Math.max(120, picture.clientWidth - 8), top: 8, bottom: HEIGHT - 22 });

/** What a bin says, in words.
 * @param {Chart} chart @param {number} back
 */
function words({ layers, format = String, time }, back) {
  const at = new Date(time.endMs - (back + 1) * time.binMs).toLocaleTimeString();
  const said = layers.flatMap(({ name, values, kind }) => {
    const value = values[values.length - 1 - back] ?? null;
    if (value === null) return [];
    return [kind === 'mark' ? `${value} ${name}` : `${name} ${format(value)}`];
  });
  return `${at}: ${said.length === 0 ? 'nothing' : said.join(', ')}`;
}

/** @param {Chart} chart */
function highest({ layers }) {
  const bins = Math.max(...layers.map(({ values }) => values.length));
  let most = 0;
  for (let at = 0; at < bins; at += 1) {
    let stacked = 0;
    for (const { kind, values } of layers) {
      const value = values[at] ?? 0;
      if (kind === 'area' || kind === 'bar') stacked += value;
      else if (kind !== 'mark') most = Math.max(most, value);
    }
    most = Math.max(most, stacked);
  }
  return most;
}

/** A round number at or above a value.
 * @param {number} value
 */
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** @param {HTMLElement} box @param {Chart} chart */
function redraw(box, chart) {
  const picture = box.querySelector('svg');
  const readout = box.querySelector('.readout');
  if (picture === null || readout === null) return;
  const place = frame(picture);
  const { left, right, top, bottom } = place;
  const { time, log = false, format = String } = chart;
  const most = log ? 10 ** Math.ceil(Math.log10(Math.max(highest(chart), 100))) : round(Math.max(highest(chart), 4));
  const width = (right - left) / time.bins;
  const x = (/** @type {number} */ back) => right - (back + 1) * width;
  const y = (/** @type {number} */ value) => {
    const part = log ? Math.log10(Math.max(value, LEAST_LOG)) / Math.log10(most) : value / most;
    return bottom - part * (bottom - top);
  };
  const back = pointed.get(chart.id);
  picture.setAttribute('viewBox', `0 0 ${right + 8} ${HEIGHT}`);
  picture.replaceChildren(
    ...axes(place, {
      ticks: log ? decades(most) : [0, most / 2, most],
      y,
      format,
      minutes: (time.bins * time.binMs) / 60_000,
    }),
    ...layersOf(chart, { x, y, width, top, bottom }),
    ...(back === undefined
      ? []
      : [svg('line', { class: 'cross', x1: x(back) + width / 2, x2: x(back) + width / 2, y1: top, y2: bottom })]),
  );
  say(readout, back === undefined ? '' : words(chart, back));
}

/** @param {number} most */
function decades(most) {
  const ticks = [];
  for (let tick = LEAST_LOG; tick <= most; tick *= 10) ticks.push(tick);
  return ticks;
}

/** @param {Frame} frame
 * @param {{ ticks: readonly number[], y: (value: number) => number, format: (value: number) => string, minutes: number }} scale
 */
function axes({ left, right, top, bottom }, { ticks, y, format, minutes }) {
  return [
    ...ticks.flatMap((tick) => [
      svg('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      svg('text', { x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, format(tick)),
    ]),
    ...(right - left < NARROW ? FEWER_PARTS : PARTS).map((part) => {
      const anchor = part === 0 ? 'end' : part === 1 ? 'start' : 'middle';
      const name = part === 0 ? 'now' : `−${Math.round(part * minutes)} min`;
      return svg('text', { x: right - part * (right - left), y: bottom + 16, 'text-anchor': anchor }, name);
    }),
    svg('line', { class: 'grid', x1: left, x2: left, y1: top, y2: bottom }),
  ];
}

/** @param {Chart} chart
 * @param {{ x: (back: number) => number, y: (value: number) => number, width: number, top: number, bottom: number }} scale
 */
function layersOf({ layers }, { x, y, width, top, bottom }) {
  /** @type {number[]} */
  const stacked = [];
  return layers.map(({ kind, style, values, low }) => {
    const parts = values.map((value, at) => {
      if (value === null || (value === 0 && kind !== 'line')) return '';
      const from = x(values.length - 1 - at);
      const middle = from + width / 2;
      if (kind === 'span') return `M${middle} ${y(low?.[at] ?? value)}V${y(value)}`;
      if (kind === 'dot') return disc(middle, y(value), 2.5);
      if (kind === 'mark') return cross(middle, top + 4);
      if (kind === 'line') return `${at > 0 && values[at - 1] !== null ? 'L' : 'M'}${from} ${y(value)}h${width}`;
      const below = stacked[at] ?? 0;
      stacked[at] = below + value;
      const wide = kind === 'bar' ? Math.max(width, 3) : width + 0.5;
      return `M${middle - wide / 2} ${Math.min(y(below), bottom)}V${y(below + value)}h${wide}V${y(below)}z`;
    });
    return svg('path', { class: style, d: parts.join('') });
  });
}

/** @param {number} x @param {number} y @param {number} r */
const disc = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;

/** A cross with an area, so that it is filled like everything else.
 * @param {number} x @param {number} y
 */
const cross = (x, y) => `M${x - 4} ${y - 3}l1 -1l3 3l3 -3l1 1l-3 3l3 3l-1 1l-3 -3l-3 3l-1 -1l3 -3z`;

import { byId, el, say } from './dom.js';
import { targets } from './node.js';
import { offerPods } from './path.js';

/** @typedef {import('../views.ts').EniView} EniView */
/** @typedef {import('../views.ts').SlotView} SlotView */

/** States in the order of the legend: what they are called, and the sign that tells them apart without colours.
 * @type {readonly (readonly [SlotView[1] | 'empty', string, string])[]}
 */
const STATES = [
  ['assigned', 'in use', ''],
  ['free', 'free', ''],
  ['cooldown', 'cooling down', ''],
  ['quarantine', 'quarantine', '✕'],
  ['releasing', 'going back to EC2', '↑'],
  ['empty', 'not asked for', ''],
];
const NAMES = new Map(STATES.map(([state, name]) => [state, name]));
const SIGNS = new Map(STATES.map(([state, , sign]) => [state, sign]));
/** @type {Readonly<Record<string, string>>} */
const DOUBTS = {
  'host-link': 'a link of the host has it',
  kernel: 'the kernel still routes it to a pod',
  'not-in-ec2': 'EC2 does not list it',
};
const PREFIX = 16;

/** @type {Map<string, { eni: EniView, box: HTMLElement, slots: HTMLElement }>} */
const known = new Map();
let chosen = '';

byId('legend').append(
  ...STATES.map(([state, name, sign]) =>
    el('li', {}, el('span', { class: 'slot', 'data-state': state, 'aria-hidden': 'true' }, sign), name),
  ),
);

/** Shows ENIs that are new or have changed; `order` names all there are.
 * @param {{ order: readonly string[], enis: readonly EniView[] }} change
 */
export function showEnis({ order, enis }) {
  const list = byId('enis');
  for (const eni of enis) draw(eni);
  for (const [id, { box }] of known)
    if (!order.includes(id)) {
      box.remove();
      known.delete(id);
    }
  const boxes = order.flatMap((id) => known.get(id)?.box ?? []);
  if (boxes.some((box, at) => list.children[at] !== box)) list.replaceChildren(...boxes);
  if (order.length === 0) list.replaceChildren(el('p', {}, 'None yet.'));
  const pods = [...known.values()].flatMap(({ eni }) =>
    eni.slots.flatMap(([, state, about]) => (state === 'assigned' && about !== '' ? [String(about)] : [])),
  );
  offerPods([...new Set(pods)].sort());
}

/** Marks the address of the pod whose way is shown.
 * @param {string} address
 */
export function choose(address) {
  chosen = address;
  for (const { slots } of known.values())
    for (const slot of slots.querySelectorAll('button')) press(slot, slot.dataset['address'] === chosen);
}

/** @param {Element} slot @param {boolean} isPressed */
function press(slot, isPressed) {
  if (isPressed) slot.setAttribute('aria-pressed', 'true');
  else slot.removeAttribute('aria-pressed');
}

/** @param {EniView} eni */
function draw(eni) {
  let place = known.get(eni.id);
  if (place === undefined) {
    place = build(eni);
    known.set(eni.id, place);
  }
  place.eni = eni;
  const { box, slots } = place;
  const [title, about] = box.querySelectorAll('h3, header p');
  if (title !== undefined) say(title, `${eni.id}${eni.primary ? ' (primary)' : ''}`);
  if (about !== undefined) say(about, summary(eni));
  fill(slots, eni);
}

/** @param {EniView} eni */
function summary({ card, device, link, primaryAddress, table, slots }) {
  const counts = STATES.map(
    ([state, name]) => /** @type {const} */ ([slots.filter((slot) => slot[1] === state).length, name]),
  );
  const told = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  const place = `${card === 0 ? '' : `card ${card}, `}device ${device}, ${link ?? 'no link yet'}, ${primaryAddress}, table ${table === 254 ? 'main' : table}`;
  return `${place} · ${slots.length === 0 ? 'no addresses for pods' : told.join(', ')}`;
}

/** @param {EniView} eni */
function build(eni) {
  const id = `title-${eni.id}`;
  const slots = el('div', { class: 'slots', role: 'group', 'aria-labelledby': id });
  const about = el('p', { class: 'about mono', 'aria-hidden': 'true' });
  const box = el(
    'div',
    { class: 'eni' },
    el('header', {}, el('h3', { id, class: 'mono' }), el('p', { class: 'muted' })),
    slots,
    about,
  );
  slots.addEventListener('keydown', (event) => move(event, slots));
  // Said beside the squares as long as one is pointed at, over what comes next, so that nothing moves.
  const tell = (/** @type {EventTarget | null} */ target) =>
    say(about, target instanceof HTMLElement ? (target.getAttribute('aria-label') ?? '') : '');
  for (const name of ['focusin', 'pointerover']) slots.addEventListener(name, ({ target }) => tell(target));
  for (const name of ['focusout', 'pointerleave']) slots.addEventListener(name, () => tell(null));
  slots.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLElement) || target.dataset['state'] !== 'assigned') return;
    byId('enis').dispatchEvent(new CustomEvent('pod', { detail: target.dataset['address'] }));
  });
  return { eni, box, slots };
}

/** @param {HTMLElement} slots @param {EniView} eni */
function fill(slots, { slots: wanted }) {
  const buttons = [...slots.querySelectorAll('button')];
  for (const [at, slot] of wanted.entries()) {
    const button =
      buttons[at] ??
      slots.insertBefore(el('button', { type: 'button', class: 'slot', tabindex: -1 }), slots.querySelector('span'));
    paint(button, slot, targets()?.mode === 'prefix' && at % PREFIX === PREFIX - 1);
  }
  for (const button of buttons.slice(wanted.length)) {
    if (button === document.activeElement) slots.querySelector('button')?.focus();
    button.remove();
  }
  const all = [...slots.querySelectorAll('button')];
  if (!all.some(({ tabIndex }) => tabIndex === 0) && all[0] !== undefined) all[0].tabIndex = 0;
  const { mode, addressesPerEni = 0 } = targets() ?? {};
  const empty = mode === 'secondary' ? Math.max(0, addressesPerEni - wanted.length) : 0;
  const spans = [...slots.querySelectorAll('span')];
  for (let at = spans.length; at < empty; at += 1)
    slots.append(el('span', { class: 'slot', 'data-state': 'empty', 'aria-hidden': 'true' }));
  for (const span of spans.slice(empty)) span.remove();
}

/** @param {HTMLButtonElement} button @param {SlotView} slot @param {boolean} isLast */
function paint(button, [address, state, about], isLast) {
  const name = NAMES.get(state) ?? state;
  const more =
    state === 'assigned'
      ? ` by ${about === '' ? 'a pod without a name' : about}`
      : state === 'cooldown' && typeof about === 'number'
        ? ` until ${new Date(about * 1000).toLocaleTimeString()}`
        : state === 'quarantine'
          ? `: ${DOUBTS[about] ?? about}`
          : '';
  const text = `${address}: ${name}${more}`;
  if (button.getAttribute('aria-label') !== text) {
    button.setAttribute('aria-label', text);
    button.dataset['address'] = address;
    button.dataset['state'] = state;
    say(button, SIGNS.get(state) ?? '');
  }
  button.classList.toggle('gap', isLast);
  press(button, address === chosen);
}

/** @param {KeyboardEvent} event @param {HTMLElement} slots */
function move(event, slots) {
  const all = [...slots.querySelectorAll('button')];
  const at = all.findIndex((button) => button.matches(':focus'));
  if (at < 0) return;
  const row = all.filter(({ offsetTop }) => offsetTop === all[0]?.offsetTop).length;
  /** @type {Readonly<Record<string, number>>} */
  const steps = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - row,
    ArrowDown: at + row,
    Home: 0,
    End: all.length - 1,
  };
  const next = steps[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const target = all[next];
  if (target === undefined) return;
  for (const button of all) button.tabIndex = button === target ? 0 : -1;
  target.focus();
}

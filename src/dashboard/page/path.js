import { byId, el, plural, say } from './dom.js';
import { choose } from './enis.js';

/** @typedef {import('../views.ts').PathView} PathView */

const WORDS = { there: 'is there', missing: 'missing', unseen: 'not looked at' };

/** A way that is shown is looked at again so often, for what it lacks may come back. */
const AGAIN_MS = 3_000;

/** The pod whose way is shown, and that way as it was sent. */
let asked = '';
let shown = '';

/** Listens to the form. */
export function listenForPods() {
  byId('path-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = byId('pod');
    if (input instanceof HTMLInputElement && input.value.trim() !== '') void showPath(input.value.trim());
  });
}

/** Offers the pods there are.
 * @param {readonly string[]} pods
 */
export function offerPods(pods) {
  const list = byId('pods');
  const key = pods.join(' ');
  if (list.dataset['key'] === key) return;
  list.dataset['key'] = key;
  list.replaceChildren(...pods.map((value) => el('option', { value })));
}

/** Shows the way of a pod's packets, and goes on looking at it.
 * @param {string} pod its name or its address
 */
export async function showPath(pod) {
  asked = pod;
  shown = '';
  say(byId('path-news'), `Asking for ${pod} …`);
  await look();
}

setInterval(() => {
  if (asked !== '' && !document.hidden) void look();
}, AGAIN_MS);

async function look() {
  const pod = asked;
  const news = byId('path-news');
  let text = '';
  try {
    const answer = await fetch(`dashboard/path?${new URLSearchParams({ pod })}`);
    text = await answer.text();
    if (asked !== pod) return;
    if (!answer.ok) {
      // What is gone is not asked for again; what cannot be told now may be told later.
      if (answer.status === 404) asked = '';
      byId('path').replaceChildren();
      choose('');
      say(news, `${pod}: ${text.trim()}`);
      return;
    }
  } catch {
    say(news, `${pod}: the daemon does not answer`);
    shown = '';
    return;
  }
  if (text === shown) return;
  /** @type {PathView} */
  const path = JSON.parse(text);
  const input = byId('pod');
  if (shown === '' && input instanceof HTMLInputElement && input !== document.activeElement) input.value = path.pod;
  shown = text;
  choose(path.address);
  const missing = path.legs.flatMap(({ hops }) => hops).filter(({ state }) => state === 'missing').length;
  const verdict = missing === 0 ? 'nothing is missing' : `${plural(missing, 'thing')} missing`;
  say(news, `${path.pod} has ${path.address} of ${path.eni ?? 'no ENI'}: ${verdict}.`);
  byId('path').replaceChildren(...path.legs.filter(({ hops }) => hops.length > 0).map(leg));
}

/** @param {PathView['legs'][number]} leg */
function leg({ name, hops }) {
  return el(
    'div',
    {},
    el('h3', {}, name),
    el(
      'ol',
      {},
      ...hops.map(({ title, detail, state, lack }) =>
        el(
          'li',
          { 'data-state': state },
          el('p', {}, title, el('span', { class: 'spoken' }, ` (${WORDS[state]})`)),
          el('p', { class: 'mono muted' }, detail),
          ...(lack === undefined ? [] : [el('p', { class: 'lack' }, lack)]),
        ),
      ),
    ),
  );
}

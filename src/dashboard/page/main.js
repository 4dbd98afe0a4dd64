import { byId, plural, say } from './dom.js';
import { showEnis } from './enis.js';
import { showHistory } from './history.js';
import { showNode } from './node.js';
import { listenForPods, showPath } from './path.js';

/** Longer without a word, and the daemon hangs or the tunnel does: it speaks every second. */
const SILENT_MS = 5_000;

let heardAt = performance.now();
/** @type {'opening' | 'live' | 'silent'} */
let state = 'opening';

/** @param {'opening' | 'live' | 'silent'} next @param {string} why */
function become(next, why) {
  if (state === next) return;
  state = next;
  const link = byId('link');
  link.dataset['state'] = next;
  say(link, next === 'live' ? 'live' : next === 'silent' ? 'no answer' : 'connecting');
  const silence = byId('silence');
  silence.hidden = next !== 'silent';
  say(silence, next === 'silent' ? `${why} What is below is old. Look with: systemctl status vpc-cni-ipamd` : '');
  if (next !== 'opening') say(byId('news'), next === 'live' ? 'The daemon answers.' : why);
}

/** @param {EventSource} events @param {string} name @param {(data: any) => void} work */
function on(events, name, work) {
  events.addEventListener(name, (event) => {
    heardAt = performance.now();
    become('live', '');
    work(JSON.parse(event.data));
  });
}

function listen() {
  const events = new EventSource('dashboard/events');
  on(events, 'node', (node) => showNode(node));
  on(events, 'enis', (change) => showEnis(change));
  on(events, 'beat', () => undefined);
  on(events, 'history', (history) => showHistory(history));
  events.addEventListener('error', () => {
    become('silent', 'The daemon does not answer.');
    // After a refusal the browser does not try again by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2_000);
  });
}

setInterval(() => {
  const ms = performance.now() - heardAt;
  if (state === 'live' && ms > SILENT_MS)
    become('silent', `The daemon has said nothing for ${plural(Math.round(ms / 1000), 'second')}.`);
}, 1_000);

listenForPods();
byId('enis').addEventListener('pod', (event) => {
  if (event instanceof CustomEvent) void showPath(event.detail);
});
listen();

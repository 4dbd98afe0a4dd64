import { byId, el, plural, say } from './dom.js';

/** @typedef {import('../views.ts').NodeView} NodeView */

/** @type {NodeView | undefined} */
let shown;
/** @type {string | undefined} */
let told;

/** What the node is set up for, which the ENIs need to be drawn.
 * @returns {NodeView['targets'] | undefined}
 */
export function targets() {
  return shown?.targets;
}

/** Shows everything of the node but its ENIs and its history.
 * @param {NodeView | null} node
 */
export function showNode(node) {
  if (node === null) return;
  shown = node;
  const { instance } = node;
  say(byId('node-name'), instance === null ? 'vpc-cni, instance not known yet' : instance.id);
  const about = instance === null ? [] : [instance.type, instance.availabilityZone, instance.primaryAddress];
  say(byId('node-about'), [...about, `vpc-cni ${node.version}`, `started ${clock(node.startedAt)}`].join(' · '));
  document.title = `${node.ready ? '' : '⚠ '}${instance?.id ?? 'vpc-cni'}`;
  showHealth(node);
  showPool(node);
  showEc2(node);
}

/** @param {string} iso */
const clock = (iso) => new Date(iso).toLocaleTimeString();

/** @param {NodeView} node */
function showHealth({ ready, reason, phase, readyAfterMs, conditions }) {
  const element = byId('ready');
  element.dataset['ready'] = ready ? (reason === null ? 'yes' : 'but') : 'no';
  const text = ready
    ? reason === null
      ? `✓ Ready${readyAfterMs === null ? '' : `, ${Math.round(readyAfterMs)} ms after the start`}.`
      : `Ready, but there is no address to hand out: ${reason}`
    : `✕ Not ready (${phase}): ${reason ?? ''}`;
  say(element, text);
  const list = byId('conditions');
  const key = JSON.stringify(conditions);
  if (list.dataset['key'] !== key) {
    list.dataset['key'] = key;
    list.replaceChildren(
      ...conditions.map(({ code, message, remedy, since }) =>
        el(
          'li',
          {},
          el('p', {}, el('strong', { class: 'mono' }, code), ' since ', el('time', { datetime: since }, clock(since))),
          el('p', {}, message),
          el('p', { class: 'remedy' }, remedy),
        ),
      ),
    );
  }
  const news = `${ready ? 'Ready' : 'Not ready'}. ${conditions.length === 0 ? 'No conditions.' : `Conditions: ${conditions.map(({ message }) => message).join('; ')}`}`;
  if (told !== undefined && told !== news) say(byId('news'), news);
  told = news;
}

/** @param {NodeView} node */
function showPool({ pool, targets, waiting, balance }) {
  /** @type {readonly (readonly [string, number])[]} */
  const figures = [
    ['in use', pool.assigned],
    ['free', pool.free],
    ['cooling down', pool.cooldown],
    ['on the way', pool.pending],
    ...(pool.quarantine ? [/** @type {const} */ (['quarantine', pool.quarantine])] : []),
    ...(pool.orphans ? [/** @type {const} */ (['orphans', pool.orphans])] : []),
    ['in all', pool.total],
    ['pods waiting', waiting],
  ];
  const list = byId('figures');
  const key = figures.map(([name]) => name).join();
  if (list.dataset['key'] !== key) {
    list.dataset['key'] = key;
    list.replaceChildren(...figures.map(([name]) => el('div', {}, el('dt', {}, name), el('dd'))));
  }
  const values = list.querySelectorAll('dd');
  for (const [at, [, value]] of figures.entries()) {
    const element = values[at];
    if (element !== undefined) say(element, String(value));
  }
  const unit = targets.mode === 'secondary' ? 'addresses' : 'prefixes';
  say(
    byId('targets'),
    `${wanted(targets)}${balance === null || balance === undefined ? '' : short(balance)}. At most ${plural(targets.maxEnis, 'ENI')} with ${targets.addressesPerEni} ${unit} each, ${plural(targets.maxPods, 'pod')}.`,
  );
}

/** @param {NodeView['targets']} targets */
function wanted({ mode, warmEni, warmIp, minimumIp, warmPrefix }) {
  if (mode === 'ipv6') return 'One IPv6 prefix, which never runs out';
  if (warmIp > 0 || minimumIp > 0)
    return `Kept free: ${plural(warmIp, 'address', 'addresses')}, and never fewer than ${minimumIp} in all`;
  if (mode === 'prefix') return `Kept free: ${plural(warmPrefix ?? 0, 'prefix', 'prefixes')}`;
  return `Kept free: ${plural(warmEni, 'ENI')}`;
}

/** @param {NonNullable<NodeView['balance']>} balance */
function short({ wantedFree, short: missing, beyondMaxPods }) {
  const so = ` (${plural(wantedFree, 'free address', 'free addresses')} wanted`;
  if (missing === 0 && beyondMaxPods === 0) return `${so}, none missing)`;
  return `${so}, ${missing} missing${beyondMaxPods === 0 ? '' : `, ${beyondMaxPods} left out because no pod could use them`})`;
}

/** @param {NodeView} node */
function showEc2({ ec2Calls, lastError, recentCalls }) {
  const list = byId('calls');
  const key = JSON.stringify(recentCalls);
  if (list.dataset['key'] !== key) {
    list.dataset['key'] = key;
    list.replaceChildren(
      ...recentCalls.map(({ action, at, ms, code }) =>
        el('li', { 'data-failed': code !== null }, `${clock(at)}  ${action}  ${ms} ms  ${code ?? 'ok'}`),
      ),
    );
  }
  const calls = Object.entries(ec2Calls).sort(([, a], [, b]) => b - a);
  say(byId('ec2'), calls.length === 0 ? 'None.' : calls.map(([action, count]) => `${action} ${count}`).join(', '));
  say(
    byId('last-error'),
    lastError === null
      ? 'Nothing is refused at present.'
      : `Refused at ${clock(lastError.at)}: ${lastError.code}, ${lastError.message} → ${lastError.remedy}`,
  );
}

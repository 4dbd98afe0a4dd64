import type { StatusBalance, StatusCall, StatusCondition, StatusDocument } from '../cniproto/index.ts';
import { renderEnis } from './eni-table.ts';
import type { HostStatus } from './observe-status.ts';
import { field, type Paint, paintOn, type Screen } from './screen.ts';

/** The status for people. `now` is milliseconds since the epoch. */
export function renderStatus(status: HostStatus, options: Screen & { readonly now: number }): string {
  const paint = paintOn(options);
  const view: View = { ...options, paint, line: (name, value) => field(name, value, options) };
  const lines = [
    ...(status.daemon === null ? renderAbsence(status, view) : renderDaemon(status.daemon, view)),
    ...renderHost(status, view),
  ];
  return `${lines.join('\n')}\n`;
}

interface View extends Screen {
  readonly now: number;
  readonly paint: Paint;
  /** One named fact, fitted to the screen. */
  readonly line: (name: string, value: string) => string;
}

/** What is known of a daemon that has not told its status; nothing, when it may not be asked. */
const ABSENCES: Readonly<Record<string, string>> = { DAEMON_DOWN: 'NOT RUNNING', DAEMON_SILENT: 'NOT ANSWERING' };

function renderAbsence({ problem }: HostStatus, { paint, line }: View): string[] {
  return [
    paint('red', ABSENCES[problem?.code ?? ''] ?? 'UNKNOWN'),
    line('problem', `${problem?.code}: ${problem?.message}`),
    line('', `→ ${problem?.remedy}`),
  ];
}

/** Ready is said in green only while the next pod would get an address at once. */
function headline({ ready, reason, phase }: StatusDocument, paint: Paint): string {
  if (!ready) return `${paint('yellow', 'NOT READY')}: ${reason ?? phase}`;
  return reason === null
    ? paint('green', 'READY')
    : `${paint('yellow', 'READY, but no address to hand out')}: ${reason}`;
}

function renderDaemon(daemon: StatusDocument, view: View): string[] {
  const { now, paint, line } = view;
  const { instance, lastError, balance, waiting = 0 } = daemon;
  const calls = Object.entries(daemon.ec2Calls).sort(([a], [b]) => a.localeCompare(b));
  return [
    headline(daemon, paint),
    line(
      'ipamd',
      [
        daemon.version,
        daemon.phase,
        `pid ${daemon.pid}`,
        `up ${duration(now - Date.parse(daemon.startedAt))}`,
        ...(daemon.readyAfterMs === null ? [] : [`ready after ${Math.round(daemon.readyAfterMs)} ms`]),
        `${Math.round(daemon.rssBytes / 2 ** 20)} MiB resident`,
      ].join(', '),
    ),
    line(
      'instance',
      instance === null
        ? 'not known yet'
        : `${instance.id}, ${instance.type}, ${instance.availabilityZone}, ${instance.primaryAddress}`,
    ),
    line('pool', poolText(daemon)),
    line('targets', targetsText(daemon)),
    ...(balance === undefined ? [] : [line('wanted', balanceText(balance, paint))]),
    ...(waiting === 0
      ? []
      : [line('waiting', paint('yellow', `${waiting} pod${waiting === 1 ? '' : 's'} for an address`))]),
    '',
    ...renderEnis(daemon, view, paint),
    '',
    ...renderConditions(daemon.conditions ?? [], view),
    line('EC2 calls', calls.length === 0 ? 'none' : calls.map(([action, count]) => `${action} ${count}`).join(', ')),
    ...renderCalls(daemon.recentCalls ?? [], view),
    ...(lastError === null
      ? [line('last error', 'none')]
      : [
          line('last error', `${lastError.code}: ${lastError.message}`),
          line('', `${duration(now - Date.parse(lastError.at))} ago`),
          line('', `→ ${lastError.remedy}`),
        ]),
  ];
}

/** The addresses by what they do. How many a /80 has is no number that tells anything. */
function poolText({ pool, targets }: StatusDocument): string {
  const isEndless = targets.mode === 'ipv6' && pool.total > 0;
  const parts = [
    `${pool.assigned} assigned`,
    isEndless ? 'the rest free' : `${pool.free} free`,
    `${pool.cooldown} in cooldown`,
    ...(pool.quarantine ? [`${pool.quarantine} in quarantine`] : []),
    ...(pool.orphans ? [`${pool.orphans} that EC2 does not list`] : []),
  ];
  return `${isEndless ? 'a /80' : `${pool.total} addresses`}: ${parts.join(', ')}; ${pool.pending} on the way`;
}

/** The targets that count in this mode, and the limits. */
function targetsText({ targets }: StatusDocument): string {
  const { mode, warmEni, warmPrefix = 0, warmIp, minimumIp, maxEnis, addressesPerEni, maxPods } = targets;
  if (maxEnis === 0) return 'not known yet';
  if (mode === 'ipv6') return `one /80 for all pods; at most ${maxPods} pods`;
  const isPrefix = mode === 'prefix';
  const whole = isPrefix ? `WARM_PREFIX_TARGET ${warmPrefix}` : `WARM_ENI_TARGET ${warmEni}`;
  const most = `at most ${maxEnis} ENIs, ${addressesPerEni} ${isPrefix ? 'prefixes' : 'addresses'} each, ${maxPods} pods`;
  return `${whole}, WARM_IP_TARGET ${warmIp}, MINIMUM_IP_TARGET ${minimumIp}; ${most}`;
}

/** The targets against reality: what is wanted at hand, and what is missing. */
function balanceText({ wantedFree, free, pending, short, beyondMaxPods }: StatusBalance, paint: Paint): string {
  const there = `${wantedFree} free, ${free} there${pending > 0 ? `, ${pending} on the way` : ''}`;
  if (short > 0) return `${there}: ${paint('yellow', `${short} missing`)}`;
  return beyondMaxPods > 0 ? `${there}; more than pods may run on this node` : there;
}

/** The newest three: the counts above tell of the rest. */
function renderCalls(calls: readonly StatusCall[], { now, paint, line }: View): string[] {
  return calls.slice(0, 3).map(({ action, at, ms, code }, index) => {
    const outcome = code === null ? 'ok' : paint('yellow', code);
    return line(
      index === 0 ? 'last calls' : '',
      `${action} ${outcome} in ${ms} ms, ${duration(now - Date.parse(at))} ago`,
    );
  });
}

function renderConditions(conditions: readonly StatusCondition[], { now, paint, line }: View): string[] {
  return conditions.flatMap(({ code, message, remedy, since }) => [
    line('condition', `${paint('yellow', code)} for ${duration(now - Date.parse(since))}: ${message}`),
    line('', `→ ${remedy}`),
  ]);
}

function renderVersions({ version, previous }: NonNullable<HostStatus['installed']>): string {
  return previous === null ? version : `${version}, before it ${previous}`;
}

function renderHost({ installed, conflist, unit }: HostStatus, { line }: View): string[] {
  return [
    line('installed', installed === null ? 'no' : renderVersions(installed)),
    line('conflist', `${conflist.path} ${conflist.present ? 'present' : 'absent'}`),
    line(
      'unit',
      unit === null ? 'systemd does not run here' : `${unit.name} ${unit.load}, ${unit.active} (${unit.sub})`,
    ),
  ];
}

/** The two largest units of a time: `3 h 12 min`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

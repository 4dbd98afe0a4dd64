import type { StatusCondition, StatusDocument, StatusEni } from '../cniproto/index.ts';
import type { HostStatus } from './observe-status.ts';
import { renderTable } from './table.ts';

const ANSI = { bold: 1, red: 31, green: 32, yellow: 33 } as const;

/** Makes a word stand out on a terminal; leaves it alone elsewhere. */
type Paint = (style: keyof typeof ANSI, text: string) => string;

/** The status for people. `now` is milliseconds since the epoch; `colour` only where a person looks at a terminal. */
export function renderStatus(status: HostStatus, options: { readonly now: number; readonly colour: boolean }): string {
  const paint: Paint = options.colour ? (style, text) => `\x1b[${ANSI[style]}m${text}\x1b[0m` : (_, text) => text;
  const lines = [
    ...(status.daemon === null ? renderAbsence(status, paint) : renderDaemon(status.daemon, options.now, paint)),
    ...renderHost(status),
  ];
  return `${lines.join('\n')}\n`;
}

function renderAbsence({ problem }: HostStatus, paint: Paint): string[] {
  return [
    paint('red', 'NOT RUNNING'),
    field('problem', `${problem?.code}: ${problem?.message}`),
    field('', `→ ${problem?.remedy}`),
  ];
}

/** Ready is said in green only while the next pod would get an address at once. */
function headline({ ready, reason, phase }: StatusDocument, paint: Paint): string {
  if (!ready) return `${paint('yellow', 'NOT READY')}: ${reason ?? phase}`;
  return reason === null
    ? paint('green', 'READY')
    : `${paint('yellow', 'READY, but no address to hand out')}: ${reason}`;
}

function renderDaemon(daemon: StatusDocument, now: number, paint: Paint): string[] {
  const { instance, pool, targets, lastError } = daemon;
  const calls = Object.entries(daemon.ec2Calls).sort(([a], [b]) => a.localeCompare(b));
  return [
    headline(daemon, paint),
    field(
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
    field(
      'instance',
      instance === null
        ? 'not known yet'
        : `${instance.id}, ${instance.type}, ${instance.availabilityZone}, ${instance.primaryAddress}`,
    ),
    field(
      'pool',
      `${pool.total} addresses: ${pool.assigned} assigned, ${pool.free} free, ${pool.cooldown} in cooldown; ${pool.pending} on the way`,
    ),
    field(
      'targets',
      `WARM_ENI_TARGET ${targets.warmEni}, WARM_IP_TARGET ${targets.warmIp}, MINIMUM_IP_TARGET ${targets.minimumIp}; at most ${targets.maxEnis} ENIs, ${targets.addressesPerEni} addresses each, ${targets.maxPods} pods`,
    ),
    '',
    ...renderEnis(daemon.enis, paint),
    '',
    ...renderConditions(daemon.conditions ?? [], now, paint),
    field('EC2 calls', calls.length === 0 ? 'none' : calls.map(([action, count]) => `${action} ${count}`).join(', ')),
    ...(lastError === null
      ? [field('last error', 'none')]
      : [
          field('last error', `${lastError.code}: ${lastError.message}`),
          field('', `${duration(now - Date.parse(lastError.at))} ago`),
          field('', `→ ${lastError.remedy}`),
        ]),
  ];
}

function renderConditions(conditions: readonly StatusCondition[], now: number, paint: Paint): string[] {
  return conditions.flatMap(({ code, message, remedy, since }) => [
    field('condition', `${paint('yellow', code)} for ${duration(now - Date.parse(since))}: ${message}`),
    field('', `→ ${remedy}`),
  ]);
}

function renderEnis(enis: readonly StatusEni[], paint: Paint): string[] {
  const [header = '', ...rows] = renderTable(
    ['ENI', 'DEVICE', 'LINK', 'PRIMARY ADDRESS', 'TABLE', 'TOTAL', 'ASSIGNED', 'FREE', 'COOLDOWN', 'RELEASING'],
    enis.map((eni) => {
      const count = (state: string): number => eni.addresses.filter((address) => address.state === state).length;
      return [
        eni.primary ? `${eni.id} (primary)` : eni.id,
        eni.device,
        eni.link ?? '-',
        eni.primaryAddress,
        eni.table,
        eni.addresses.length,
        count('assigned'),
        count('free'),
        count('cooldown'),
        count('releasing'),
      ];
    }),
  );
  return [paint('bold', header), ...(rows.length === 0 ? ['none yet'] : rows)];
}

function renderVersions({ version, previous }: NonNullable<HostStatus['installed']>): string {
  return previous === null ? version : `${version}, before it ${previous}`;
}

function renderHost({ installed, conflist, unit }: HostStatus): string[] {
  return [
    field('installed', installed === null ? 'no' : renderVersions(installed)),
    field('conflist', `${conflist.path} ${conflist.present ? 'present' : 'absent'}`),
    field(
      'unit',
      unit === null ? 'systemd does not run here' : `${unit.name} ${unit.load}, ${unit.active} (${unit.sub})`,
    ),
  ];
}

function field(name: string, value: string): string {
  return `${name.padEnd(11)} ${value}`;
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

import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { type HostStatus, renderStatus, type Screen } from '../../src/inspect/index.ts';
import { SERVING } from './sample.ts';

const NOW = Date.parse('2026-01-01T01:00:00.000Z');
const conflist = { path: '/etc/cni/net.d/10-aws.conflist', present: true } as const;
const status: HostStatus = {
  ready: true,
  daemon: SERVING,
  installed: { version: '0.1.0', directory: '/opt/vpc-cni/current', previous: null },
  conflist,
  unit: { name: 'vpc-cni-ipamd.service', load: 'loaded', active: 'active', sub: 'running' },
  problem: null,
};
const PIPE: Screen = { columns: undefined, colour: false, unicode: false };
const plain = (shown: HostStatus): string => renderStatus(shown, { now: NOW, ...PIPE });

test('renderStatus() shows a daemon that serves', () => {
  expect(plain(status)).toBe(`READY
ipamd       0.1.0, serving, pid 4242, up 1 h, ready after 312 ms, 48 MiB resident
instance    i-0123456789abcdef0, t3.small, us-east-1a, 10.0.0.10
pool        4 addresses: 1 assigned, 2 free, 1 in cooldown; 0 on the way
targets     WARM_ENI_TARGET 1, WARM_IP_TARGET 0, MINIMUM_IP_TARGET 0; at most 3 ENIs, 4 addresses each, 11 pods
wanted      4 free, 2 there: 2 missing
waiting     1 pod for an address

ENI                              DEVICE  LINK  PRIMARY ADDRESS  TABLE  ASSIGNED  FREE  COOLDOWN  SLOTS
eni-0aaaaaaaaaaaaaaaa (primary)       0  eth0  10.0.0.10          254         1     1         1  #~-.
eni-0bbbbbbbbbbbbbbbb                 1  -     10.0.0.20            2         0     1         0  -...

slots: # assigned, ~ cooldown, - free, . empty

EC2 calls   AttachNetworkInterface 2, CreateNetworkInterface 1
last calls  AttachNetworkInterface EC2_THROTTLED in 1503 ms, 30 s ago
            CreateNetworkInterface ok in 120 ms, 1 min 5 s ago
last error  EC2_THROTTLED: EC2 throttles AttachNetworkInterface: Request limit exceeded.
            30 s ago
            → nothing to do at once
installed   0.1.0
conflist    /etc/cni/net.d/10-aws.conflist present
unit        vpc-cni-ipamd.service loaded, active (running)
`);
});

test('renderStatus() names the version a rollback goes back to', () => {
  const installed = { version: '0.2.0', directory: '/opt/vpc-cni/current', previous: '0.1.0' };
  expect(plain({ ...status, installed })).toContain('\ninstalled   0.2.0, before it 0.1.0\n');
});

test('renderStatus() tells the network card of an ENI that is not on the first', () => {
  const enis = SERVING.enis.map((eni, at) => (at === 0 ? eni : { ...eni, card: 3, device: 0, table: 10_300 }));
  expect(plain({ ...status, daemon: { ...SERVING, enis } })).toMatch(
    /\nENI +DEVICE .*\n.* +0 +eth0 .*\n.* +0 of card 3 +- .* 10300 /,
  );
});

test('renderStatus() shows a daemon that starts', () => {
  const { balance: _, ...unbalanced } = SERVING;
  const daemon = {
    ...unbalanced,
    ready: false,
    reason: 'waiting for the first address',
    phase: 'starting',
    instance: null,
    enis: [],
    ec2Calls: {},
    recentCalls: [],
    waiting: 0,
    lastError: null,
    readyAfterMs: null,
    startedAt: '2025-12-30T21:58:57.000Z',
  } as const;
  const unit = { name: 'vpc-cni-ipamd.service', load: 'loaded', active: 'activating', sub: 'start' };
  expect(
    plain({ ...status, ready: false, daemon, unit, conflist: { ...conflist, present: false } }),
  ).toBe(`NOT READY: waiting for the first address
ipamd       0.1.0, starting, pid 4242, up 1 d 3 h, 48 MiB resident
instance    not known yet
pool        4 addresses: 1 assigned, 2 free, 1 in cooldown; 0 on the way
targets     WARM_ENI_TARGET 1, WARM_IP_TARGET 0, MINIMUM_IP_TARGET 0; at most 3 ENIs, 4 addresses each, 11 pods

ENI  DEVICE  LINK  PRIMARY ADDRESS  TABLE  ASSIGNED  FREE  COOLDOWN
none yet

EC2 calls   none
last error  none
installed   0.1.0
conflist    /etc/cni/net.d/10-aws.conflist absent
unit        vpc-cni-ipamd.service loaded, activating (start)
`);
});

const down = new HostError('DAEMON_DOWN', { socket: '/run/vpc-cni/cni.sock', reason: 'the socket does not exist' });
test('a daemon that knows no limits yet tells none', () => {
  const targets = { warmEni: 0, warmIp: 0, minimumIp: 0, maxEnis: 0, addressesPerEni: 0, maxPods: 0 };
  const daemon = { ...SERVING, ready: false, phase: 'starting', instance: null, targets } as const;
  expect(plain({ ...status, ready: false, daemon })).toContain('\ntargets     not known yet\n');
});

test('a ready daemon that cannot hand out an address right now says why', () => {
  const reason = 'every free address rests in cooldown';
  expect(plain({ ...status, daemon: { ...SERVING, reason } }).split('\n')[0]).toBe(
    `READY, but no address to hand out: ${reason}`,
  );
});

test('renderStatus() tells the way out where no daemon answers', () => {
  const shown: HostStatus = {
    ready: false,
    daemon: null,
    installed: null,
    conflist: { ...conflist, present: false },
    unit: null,
    problem: down.toJSON(),
  };
  expect(plain(shown)).toBe(`NOT RUNNING
problem     DAEMON_DOWN: ipamd does not answer on /run/vpc-cni/cni.sock: the socket does not exist
            → start it with "systemctl start vpc-cni-ipamd" and read its journal
installed   no
conflist    /etc/cni/net.d/10-aws.conflist absent
unit        systemd does not run here
`);
});

test('of a daemon that may not be asked nothing is claimed', () => {
  const problem = new HostError('NOT_ROOT', { what: 'asking ipamd', uid: 65534 }).toJSON();
  expect(
    plain({ ...status, ready: false, daemon: null, problem })
      .split('\n')
      .slice(0, 2),
  ).toEqual(['UNKNOWN', 'problem     NOT_ROOT: asking ipamd needs root and runs as uid 65534']);
});

test('renderStatus() paints the verdict, the header and what is missing only on a terminal', () => {
  const [verdict, ...rest] = renderStatus(status, { ...PIPE, now: NOW, colour: true }).split('\n');
  const painted = rest.filter((line) => line.includes('\x1b')).map((line) => line.split(/ {2}|:/)[0]);
  expect([verdict, ...painted]).toEqual([
    ...['\x1b[32mREADY\x1b[0m', 'wanted', 'waiting', '\x1b[1mENI', '\x1b[2mslots', 'last calls'],
  ]);
});

/** A node of the largest kind: 15 ENIs of 50 addresses, 700 pods. */
const crowded: HostStatus = {
  ...status,
  daemon: {
    ...SERVING,
    targets: { ...SERVING.targets, addressesPerEni: 49 },
    enis: Array.from({ length: 15 }, (_, device) => ({
      ...{ id: `eni-0${String(device).padStart(16, '0')}`, mac: '02:00:00:00:00:01', device, link: `eth${device}` },
      ...{ primary: device === 0, primaryAddress: `10.0.${device}.10`, table: device + 1 },
      addresses: Array.from({ length: 49 }, (_, host) => ({
        address: `10.0.${device}.${host + 20}`,
        state: host < 47 ? 'assigned' : 'cooldown',
      })),
    })),
  },
};

for (const columns of [200, 100, 80, 60])
  test(`renderStatus() fits 700 pods into ${columns} columns and one screen`, () => {
    const lines = renderStatus(crowded, { ...PIPE, now: NOW, columns })
      .trimEnd()
      .split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('eni-0') && line.includes('#'))).toHaveLength(15);
    expect(lines.length).toBeLessThanOrEqual(48);
  });

test('renderStatus() shows each state of slots in its bar, however short', () => {
  const { daemon } = crowded;
  const [first] = daemon?.enis ?? [];
  if (daemon === null || first === undefined) throw new Error('the sample has an ENI');
  const odd = (state: 'quarantine' | 'releasing' | 'free') => ({ address: '10.0.0.9', state }) as const;
  const addresses = [...first.addresses.slice(3), odd('quarantine'), odd('releasing'), odd('free')];
  const shown: HostStatus = { ...status, daemon: { ...daemon, enis: [{ ...first, addresses }] } };
  const lines = renderStatus(shown, { ...PIPE, now: NOW, columns: 80, unicode: true }).split('\n');
  const bar =
    lines
      .find((line) => line.startsWith('eni-0'))
      ?.split('  ')
      .at(-1) ?? '';
  expect(bar).toMatch(/^█+▒+!+<+░+$/);
  expect(lines).toContain('slots: █ assigned, ▒ cooldown, ! quarantine, < releasing, ░ free');
});

test('the targets are those that count in the mode, and of a /80 nobody counts what is free', () => {
  const daemonOf = (mode: 'prefix' | 'ipv6') => ({
    ...SERVING,
    targets: { ...SERVING.targets, mode, warmPrefix: 2 },
    pool: { ...SERVING.pool, ...(mode === 'ipv6' ? { total: 2 ** 48, free: 2 ** 48 - 2 } : {}) },
  });
  const prefix = plain({ ...status, daemon: daemonOf('prefix') });
  expect(prefix).toContain(
    'WARM_PREFIX_TARGET 2, WARM_IP_TARGET 0, MINIMUM_IP_TARGET 0; at most 3 ENIs, 4 prefixes each',
  );
  expect(prefix).not.toContain('WARM_ENI_TARGET');
  const ipv6 = plain({ ...status, daemon: daemonOf('ipv6') });
  expect(ipv6).toContain('pool        a /80: 1 assigned, the rest free, 1 in cooldown; 0 on the way\n');
  expect(ipv6).toContain('targets     one /80 for all pods; at most 11 pods\n');
  expect(ipv6).toContain('TABLE  ASSIGNED  COOLDOWN  SLOTS');
});

import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { type HostStatus, renderStatus } from '../../src/inspect/index.ts';
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
const plain = (shown: HostStatus): string => renderStatus(shown, { now: NOW, colour: false });

test('renderStatus() shows a daemon that serves', () => {
  expect(plain(status)).toBe(`READY
ipamd       0.1.0, serving, pid 4242, up 1 h, ready after 312 ms, 48 MiB resident
instance    i-0123456789abcdef0, t3.small, us-east-1a, 10.0.0.10
pool        4 addresses: 1 assigned, 2 free, 1 in cooldown; 0 on the way
targets     WARM_ENI_TARGET 1, WARM_IP_TARGET 0, MINIMUM_IP_TARGET 0; at most 3 ENIs, 4 addresses each, 11 pods

ENI                              DEVICE  LINK  PRIMARY ADDRESS  TABLE  TOTAL  ASSIGNED  FREE  COOLDOWN  RELEASING
eni-0aaaaaaaaaaaaaaaa (primary)       0  eth0  10.0.0.10          254      3         1     1         1          0
eni-0bbbbbbbbbbbbbbbb                 1  -     10.0.0.20            2      1         0     1         0          0

EC2 calls   AttachNetworkInterface 2, CreateNetworkInterface 1
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

test('renderStatus() shows a daemon that starts', () => {
  const daemon = {
    ...SERVING,
    ready: false,
    reason: 'waiting for the first address',
    phase: 'starting',
    instance: null,
    enis: [],
    ec2Calls: {},
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

ENI  DEVICE  LINK  PRIMARY ADDRESS  TABLE  TOTAL  ASSIGNED  FREE  COOLDOWN  RELEASING
none yet

EC2 calls   none
last error  none
installed   0.1.0
conflist    /etc/cni/net.d/10-aws.conflist absent
unit        vpc-cni-ipamd.service loaded, activating (start)
`);
});

const down = new HostError('DAEMON_DOWN', { socket: '/run/vpc-cni/cni.sock', reason: 'the socket does not exist' });
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

test('renderStatus() paints the verdict and the header only on a terminal', () => {
  const [verdict, ...rest] = renderStatus(status, { now: NOW, colour: true }).split('\n');
  const painted = rest.filter((line) => line.includes('\x1b'));
  expect([verdict, painted.length, painted[0]?.startsWith('\x1b[1mENI ')]).toEqual(['\x1b[32mREADY\x1b[0m', 1, true]);
});

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { parseConflistText } from '../../src/hostspec/index.ts';
import { until } from '../support/e2e.ts';
import { callPlugin, makeSandbox, NETWORK, type Sandbox } from '../support/e2e-cni.ts';
import { fileState, networkState } from '../support/e2e-state.ts';
import { CARRIED, SystemdGuest, UNIT } from '../support/systemd-guest.ts';

setDefaultTimeout(300_000);

const INTERNET = '198.51.100.1';
const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
/** The exposure `systemd-analyze security` may find at most, of 10. */
const EXPOSURE = 2.5;

interface Pod extends Sandbox {
  readonly address: string;
}

/** A figure for whoever reads the run; nothing is asserted about it. */
const tell = (text: string): boolean => process.stderr.write(`${text}\n`);

let guest: SystemdGuest;
let before = '';
let pods: readonly Pod[] = [];

/** Network and files; what systemd notes of its own units is another matter. */
const stateOf = async (): Promise<string> =>
  [await networkState(guest), await fileState(guest)]
    .join('\n')
    .split('\n')
    .filter((line) => !line.startsWith('/run/systemd/'))
    .join('\n');

async function addPod(name: string): Promise<Pod> {
  const sandbox = await makeSandbox(guest, name);
  const { exitCode, document } = await callPlugin(guest, 'ADD', sandbox);
  if (exitCode !== 0) throw new Error(`ADD of ${name} failed: ${JSON.stringify(document)}`);
  return { ...sandbox, address: addressIn(document) };
}

function addressIn(result: unknown): string {
  const address = /"address":"([\d.]+)\/32"/.exec(JSON.stringify(result))?.[1];
  if (address === undefined) throw new Error(`no address in ${JSON.stringify(result)}`);
  return address;
}

/** Every pod reaches every other one, the node and the internet; returns who did not. */
async function unreached(): Promise<readonly string[]> {
  const targets = [...pods.map(({ address }) => address), INTERNET];
  const failures: string[] = [];
  for (const { pod, address, netns } of pods)
    for (const target of targets.filter((other) => other !== address)) {
      const ping = ['ping', '-n', '-q', '-c1', '-W2', target] as const;
      const { exitCode } = await guest.run(['nsenter', `--net=${netns}`, '--', ...ping]);
      if (exitCode !== 0) failures.push(`${pod} → ${target}`);
    }
  return failures;
}

/**
 * What must be the same before and after the daemon went: what pods have on the host and inside, what is written down of
 * them, and the packet rules. New ENIs may come meanwhile.
 */
async function podState(): Promise<string> {
  const shared = (await networkState(guest))
    .split('\n')
    .filter((line) => /^eni/.test(line) || pods.some(({ address }) => line.split(' ').includes(address)));
  const inside = pods.map(({ netns }) => guest.text('nsenter', `--net=${netns}`, '--', 'ip', '-4', 'address'));
  const texts = [guest.text('nft', 'list', 'ruleset'), guest.text('cat', '/run/vpc-cni/ipam.json'), ...inside];
  return [...shared, ...(await Promise.all(texts))].join('\n');
}

beforeAll(async () => {
  guest = await SystemdGuest.start('sl');
  // `ip netns` makes it with the first namespace.
  await guest.text('mkdir', '-p', '/run/netns');
});
afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
});

test('install starts the unit, and ends when it is active and the conflist is there', async () => {
  before = await stateOf();
  const started = performance.now();
  const report = await guest.report('install');
  const ms = Math.round(performance.now() - started);
  const state = async (name: string): Promise<string> => `${name}=${await guest.property(name)}`;
  expect(await Promise.all(['Type', 'ActiveState', 'SubState', 'UnitFileState', 'NRestarts'].map(state))).toEqual([
    'Type=notify',
    'ActiveState=active',
    'SubState=running',
    'UnitFileState=enabled',
    'NRestarts=0',
  ]);
  expect(parseConflistText(await guest.text('cat', CONFLIST)).name).toBe('aws-cni');
  const [begun, active] = await Promise.all(
    ['ExecMainStartTimestampMonotonic', 'ActiveEnterTimestampMonotonic'].map((name) => guest.property(name)),
  );
  const ready = Math.round((Number(active) - Number(begun)) / 1000);
  tell(`install ${ms} ms in ${report.steps.length} steps; main process to READY ${ready} ms`);
});

test('a second install finds nothing to do', async () => {
  const started = performance.now();
  expect(await guest.report('install')).toMatchObject({ changed: false, changes: [] });
  tell(`second install ${Math.round(performance.now() - started)} ms`);
});

test('systemd finds no fault in the unit', async () => {
  const { exitCode, stdout, stderr } = await guest.run(['systemd-analyze', 'verify', UNIT]);
  expect({ exitCode, said: `${stdout}${stderr}` }).toEqual({ exitCode: 0, said: '' });
});

test(`systemd rates the exposure of the unit at most ${EXPOSURE}`, async () => {
  const report = await guest.text('systemd-analyze', 'security', '--no-pager', UNIT);
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
  tell(`exposure ${exposure}`);
  expect(exposure).toBeLessThanOrEqual(EXPOSURE);
});

test('pods are wired by the sandboxed daemon and reach each other and the internet', async () => {
  pods = [await addPod('p1'), await addPod('p2'), await addPod('p3')];
  expect(await unreached()).toEqual([]);
});

test('a runtime that keeps its namespaces elsewhere is served too', async () => {
  const elsewhere = { pod: 'p4', containerId: 'p4', netns: '/run/sandboxes/p4' };
  await guest.text('mkdir', '-p', '/run/sandboxes');
  await guest.text('touch', elsewhere.netns);
  await guest.text('unshare', `--net=${elsewhere.netns}`, 'true');
  const added = await callPlugin(guest, 'ADD', elsewhere);
  const removed = await callPlugin(guest, 'DEL', elsewhere);
  expect([added.exitCode, removed]).toEqual([0, { exitCode: 0, document: '' }]);
  await guest.text('umount', elsewhere.netns);
  await guest.text('rm', '-r', '/run/sandboxes');
});

test('a runtime that names a namespace by a process in it is served too', async () => {
  await guest.text('systemd-run', '--unit=sandbox', '--service-type=exec', 'unshare', '--net', 'sleep', 'infinity');
  const pid = await guest.text('systemctl', 'show', '--value', '--property=MainPID', 'sandbox');
  const host = await guest.text('readlink', '/proc/1/ns/net');
  const path = `/proc/${pid}/ns/net`;
  await until('the process to be in a namespace of its own', async () =>
    (await guest.text('readlink', path)) === host ? undefined : true,
  );
  const byProcess = { pod: 'p5', containerId: 'p5', netns: path };
  const added = await callPlugin(guest, 'ADD', byProcess);
  const removed = await callPlugin(guest, 'DEL', byProcess);
  expect([added.exitCode, removed]).toEqual([0, { exitCode: 0, document: '' }]);
  await guest.text('systemctl', 'stop', 'sandbox');
});

test('systemctl restart leaves pods as they are', async () => {
  const state = await podState();
  await guest.text('systemctl', 'restart', UNIT);
  expect(await guest.property('ActiveState')).toBe('active');
  expect(await podState()).toBe(state);
  expect(await unreached()).toEqual([]);
});

test('after kill -9 the unit is active again by itself, with its pods', async () => {
  const state = await podState();
  await guest.text('kill', '-9', await guest.property('MainPID'));
  await guest.untilProperty('NRestarts', '1');
  await guest.untilProperty('ActiveState', 'active');
  expect(await podState()).toBe(state);
  expect(await unreached()).toEqual([]);
});

test('a stopped unit ends cleanly and leaves pods, conflist and memory; a DEL meanwhile is served later', async () => {
  const state = await podState();
  await guest.text('systemctl', 'stop', UNIT);
  expect(await Promise.all(['ActiveState', 'Result', 'ExecMainStatus'].map((name) => guest.property(name)))).toEqual([
    'inactive',
    'success',
    '0',
  ]);
  expect(await podState()).toBe(state);
  expect(await guest.text('stat', '-c', '%a %U', '/run/vpc-cni')).toBe('700 root');
  expect(await unreached()).toEqual([]);
  const [last, ...others] = pods.toReversed();
  if (last === undefined) throw new Error('there is no pod');
  expect(await callPlugin(guest, 'DEL', last)).toEqual({ exitCode: 0, document: '' });
  await guest.text('ip', 'netns', 'delete', last.pod);
  pods = others.toReversed();
  await guest.text('systemctl', 'start', UNIT);
  expect(await guest.text('ls', '/run/vpc-cni/spool')).toBe('');
  // The checkpoint follows the journal within a fraction of a second.
  await until('the pod to be forgotten', async () =>
    (await guest.text('cat', '/run/vpc-cni/ipam.json')).includes(last.containerId) ? undefined : true,
  );
  expect(await unreached()).toEqual([]);
});

test('a daemon that stands still is replaced by systemd, and its pods do not notice', async () => {
  expect(await guest.property('WatchdogUSec')).toBe('30s');
  await guest.write(`/run/systemd/system/${UNIT}.d/50-test.conf`, '[Service]\nWatchdogSec=2s\n');
  await guest.text('systemctl', 'daemon-reload');
  await guest.text('systemctl', 'restart', UNIT);
  const [state, restarts, pid] = [
    await podState(),
    Number(await guest.property('NRestarts')),
    await guest.property('MainPID'),
  ];
  // Longer than the watchdog's time: one that works is left alone.
  await guest.text('sleep', '5');
  expect([await guest.property('MainPID'), Number(await guest.property('NRestarts'))]).toEqual([pid, restarts]);
  await guest.text('kill', '-STOP', pid);
  const stopped = performance.now();
  await guest.untilProperty('NRestarts', String(restarts + 1));
  await guest.untilProperty('ActiveState', 'active');
  tell(`stopped daemon replaced and ready after ${Math.round(performance.now() - stopped)} ms with WatchdogSec=2s`);
  const said = await guest.text('journalctl', '--boot', '--no-pager', '--output=cat', `--unit=${UNIT}`);
  expect(said).toContain('Watchdog timeout');
  expect(await podState()).toBe(state);
  expect(await unreached()).toEqual([]);
  await guest.text('rm', '-r', `/run/systemd/system/${UNIT}.d`);
  await guest.text('systemctl', 'daemon-reload');
  await guest.text('systemctl', 'restart', UNIT);
});

test('the journal has every field of a line, and plain journalctl a readable text', async () => {
  const match = [`_SYSTEMD_UNIT=${UNIT}`, 'SYSLOG_IDENTIFIER=vpc-cni-ipamd', `POD_IP=${pods[0]?.address}`] as const;
  const found = await guest.text('journalctl', '--boot', '--output=json', '--no-pager', ...match);
  const [added] = found.split('\n').map((line) => JSON.parse(line));
  expect(added).toMatchObject({
    _TRANSPORT: 'journal',
    PRIORITY: '6',
    POD: 'default/p1',
    CONTAINER_ID: pods[0]?.containerId,
    ENI_ID: expect.stringMatching(/^eni-/),
    DURATION_MS: expect.stringMatching(/^[\d.]+$/),
    MESSAGE: expect.stringMatching(/^pod added \(container_id=p1-\d+, pod=default\/p1, pod_ip=/),
  });
  expect((await guest.journal()).filter((line) => line.startsWith('{'))).toEqual([]);
});

test('a host without an instance role gets its credentials from the store of systemd', async () => {
  const keys = ['[default]', 'aws_access_key_id = AKIAFROMCREDSTORE000', 'aws_secret_access_key = x'];
  await guest.write('/etc/credstore/vpc-cni.aws-credentials', keys.map((line) => `${line}\n`).join(''));
  await guest.text('systemctl', 'restart', UNIT);
  const asked = await guest.vpc.json<readonly { readonly caller: string }[]>('calls');
  expect(asked.at(-1)?.caller).toContain('AKIAFROMCREDSTORE000');
  await guest.text('rm', '-r', '/etc/credstore');
  await guest.text('systemctl', 'restart', UNIT);
  expect(await guest.property('ActiveState')).toBe('active');
});

test('after a reboot the unit starts by itself, and pods of the boot before are forgotten', async () => {
  await guest.reboot();
  pods = [];
  expect(await guest.property('ActiveState')).toBe('active');
  expect(await guest.has(CONFLIST)).toBe(true);
  expect(JSON.parse(await guest.text('vpc-cni', 'status', '--json'))).toMatchObject({
    ready: true,
    daemon: { pool: { assigned: 0 } },
  });
  expect(await guest.report('install')).toMatchObject({ changed: false, changes: [] });
  pods = [await addPod('r1'), await addPod('r2')];
  expect(await unreached()).toEqual([]);
});

test('uninstall leaves no unit, no file, no rule and no table', async () => {
  for (const pod of pods) {
    expect(await callPlugin(guest, 'DEL', pod, { config: NETWORK })).toEqual({ exitCode: 0, document: '' });
    await guest.text('ip', 'netns', 'delete', pod.pod);
  }
  await guest.report('uninstall', '--purge');
  const units = await guest.run(['systemctl', 'list-units', '--all', '--no-legend', 'vpc-cni*']);
  const files = await guest.run(['systemctl', 'list-unit-files', '--no-legend', 'vpc-cni*']);
  expect([units.stdout, files.stdout]).toEqual(['', '']);
  expect(await stateOf()).toBe(before);
  const names = ['(', '-name', '*vpc-cni*', '-o', '-name', 'aws-routed-eni', ')'] as const;
  const { stdout } = await guest.run(['find', '/', '/run', '-xdev', ...names, '-print']);
  // The settings are the operator's, the other one is what was installed from.
  expect(stdout.trimEnd().split('\n').sort()).toEqual(['/etc/vpc-cni', CARRIED]);
});

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { version as VERSION } from '../../package.json';
import { enterArgv, type PodView } from '../../src/sim/index.ts';
import { executable, freshVpc, type JsonFailure } from '../support/e2e.ts';
import { churn, endPod, type Ping, runPod, seeded, startPing } from '../support/e2e-churn.ts';
import { buildVersion, ENDS_AT_START, NEVER_READY } from '../support/versions.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('su');
const node = vpc.node('node-a');
const next = buildVersion('9.1.0');
const ends = buildVersion('9.2.0', { name: '9.2.0-ends', changes: [ENDS_AT_START] });
const hangs = buildVersion('9.2.0', { name: '9.2.0-hangs', changes: [NEVER_READY] });
const fail = (why: string): never => {
  throw new Error(why);
};

let pods: readonly PodView[] = [];
let pings: readonly Ping[] = [];

/** Versions on the node, and the one that serves. */
async function versions(): Promise<readonly (string | undefined)[]> {
  const links = ['current', 'previous'].map(async (name) =>
    (await node.run(['readlink', `/opt/vpc-cni/${name}`])).stdout.trim(),
  );
  return [...(await Promise.all(links)), (await node.status())?.version];
}

async function installed(program: string): Promise<void> {
  const { exitCode, stdout, stderr } = await node.run([program, 'install', '--json']);
  if (exitCode !== 0) throw new Error(`${stdout}${stderr}`);
}

async function refused(...argv: readonly [string, ...string[]]): Promise<JsonFailure['error']> {
  const { exitCode, stdout } = await node.run([...argv, '--json']);
  expect(exitCode).toBe(1);
  const { error }: JsonFailure = JSON.parse(stdout);
  return error;
}

beforeAll(async () => {
  await vpc.up('--nodes=2');
  // More pods come and go than a small node has addresses: the upgrade is looked at, not the rest between two of them.
  await node.configure('IP_COOLDOWN_PERIOD=1');
  await node.install();
  pods = await Promise.all(['live-a', 'live-b'].map((name) => runPod(node, name, fail)));
  const addresses = pods.map(({ addresses: [address = ''] }) => address);
  pings = pods.map(({ netns }, index) =>
    startPing([...enterArgv(node.paths), 'nsenter', `--net=${netns}`, '--'], addresses[1 - index] ?? '', 0.02),
  );
});
afterAll(async () => {
  await Promise.all(pings.map((ping) => ping.end()));
  await vpc.down();
});

test('an upgrade while pods come and go: no ADD fails', async () => {
  let upgrade: Promise<void> | undefined;
  const report = await churn({
    nodes: [{ node, atMost: 4 }],
    pods: 12,
    random: seeded(7),
    before: async (operation) => {
      if (operation === 6) upgrade = installed(next);
    },
  });
  await upgrade;
  expect({ ...report, upgraded: upgrade !== undefined }).toEqual({
    added: 12,
    deleted: 12,
    retries: [],
    duplicates: [],
    upgraded: true,
  });
  expect(await versions()).toEqual(['9.1.0', VERSION, '9.1.0']);
});

test('a version whose daemon ends, or never gets ready, is taken back', async () => {
  const before = await node.text('ls', '-A', '/opt/vpc-cni');
  const ended = await refused(ends, 'install');
  expect([ended.code, ended.message]).toEqual([
    'UPGRADE_ROLLED_BACK',
    'ipamd of version 9.2.0 ended with exit code 1: INTERNAL: unexpected failure: the pool of this version does not load (/run/vpc-cni/ipamd.log); everything of this run was taken back, and version 9.1.0 serves again',
  ]);
  const hung = await refused(hangs, 'install', '--ready-timeout', '2');
  expect([hung.code, hung.message]).toEqual([
    'UPGRADE_ROLLED_BACK',
    'ipamd of version 9.2.0 is not ready after 2 s: reading the instance metadata; everything of this run was taken back, and version 9.1.0 serves again',
  ]);
  expect(await versions()).toEqual(['9.1.0', VERSION, '9.1.0']);
  expect(await node.text('ls', '-A', '/opt/vpc-cni')).toBe(before);
});

test('rollback and back, also while no daemon runs', async () => {
  await node.text('vpc-cni', 'rollback');
  expect(await versions()).toEqual([VERSION, '9.1.0', VERSION]);
  await node.stopDaemon();
  await node.text('vpc-cni', 'rollback');
  expect(await versions()).toEqual(['9.1.0', VERSION, '9.1.0']);
});

test('a daemon of another version than the installed one is found by the next install', async () => {
  // As a run leaves it that was killed between the switch and the restart.
  await node.text('ln', '-sfn', VERSION, '/opt/vpc-cni/current');
  await node.text('ln', '-sfn', '9.1.0', '/opt/vpc-cni/previous');
  await installed(executable());
  expect(await versions()).toEqual([VERSION, '9.1.0', VERSION]);
});

test('not a packet of living pods was lost, and they can be deleted', async () => {
  const ended = await Promise.all(pings.map((ping) => ping.end()));
  expect(ended.map(({ lost }) => lost)).toEqual([[], []]);
  expect(Math.min(...ended.map(({ answered }) => answered))).toBeGreaterThan(50);
  process.stderr.write(`${ended.map(({ answered }) => answered).join(' + ')} pings answered, none lost\n`);
  for (const { pod } of pods) await endPod(node, pod, fail);
});

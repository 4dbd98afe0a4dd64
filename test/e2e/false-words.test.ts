import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox } from '../support/e2e-cni.ts';
import { asOthers } from '../support/e2e-ec2.ts';
import {
  addPod,
  codesIn,
  expectLive,
  expectNothingLost,
  heldIn,
  type RunningPod,
  removePod,
} from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('ew');
const a = vpc.node('node-a');
const GARBLES = ['xml', 'empty', 'types'] as const;

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1', 'ADD_WAIT_SECONDS=3');
  await a.install();
});
afterAll(async () => {
  await vpc.down();
});

const atRest = () =>
  a.untilStatus(
    'the pool to be at its target',
    ({ pool }) => pool.free === 2 && pool.pending === 0 && pool.cooldown === 0 && pool.orphans === 0,
    { withinMs: 90_000 },
  );
const changing = async (): Promise<readonly string[]> =>
  (await vpc.ec2Calls('node-a')).map(({ action }) => action).filter((action) => !action.startsWith('Describe'));

async function killAndStart(): Promise<void> {
  await a.stopDaemon('SIGKILL');
  await a.install();
}

describe.each(GARBLES.map((garble) => [garble] as const))('EC2 answers nonsense (%s)', (garble) => {
  test('while pods come: they are told, and get their addresses when it is over; nothing is lost', async () => {
    const pods = [await addPod(a, 'one'), await addPod(a, 'two')];
    await atRest();
    await vpc.dial('*', '--garble', garble);
    // Those that are free are handed out, and the third pod needs EC2.
    const more = [await addPod(a, 'three'), await addPod(a, 'four')];
    const late = await makeSandbox(a, 'late');
    expect(errorOf(await callPlugin(a, 'ADD', late))).toMatchObject({
      details: expect.stringMatching(/^(EC2_BAD_ANSWER|POOL_GROWING): /),
    });
    await a.untilStatus('it to be told', (status) => codesIn(status).includes('EC2_BAD_ANSWER'));
    await expectLive(a, [...pods, ...more]);
    await vpc.clearDials();
    await until(
      'the pod to get an address',
      async () => ((await callPlugin(a, 'ADD', late)).exitCode === 0 ? true : undefined),
      { withinMs: 90_000 },
    );
    await a.untilStatus('nothing to be wrong', (status) => codesIn(status).length === 0, { withinMs: 90_000 });
    for (const pod of [...pods, ...more, late]) await removePod(a, pod);
    await atRest();
    await expectNothingLost(vpc, a);
  });

  test('at a start: our own notes are believed, and EC2 again when it can be read', async () => {
    const pod = await addPod(a, 'one');
    const before = heldIn(await atRest());
    await vpc.dial('*', '--garble', garble);
    await killAndStart();
    const status = await a.untilStatus('it to serve', ({ phase, ready }) => phase === 'serving' && ready);
    expect(heldIn(status)).toEqual(before);
    const more = await addPod(a, 'two');
    await expectLive(a, [pod, more]);
    await a.untilStatus('it to be told', (now) => codesIn(now).includes('EC2_BAD_ANSWER'));
    await vpc.clearDials();
    await a.untilStatus('nothing to be wrong', (now) => codesIn(now).length === 0, { withinMs: 90_000 });
    for (const each of [pod, more]) await removePod(a, each);
    await atRest();
    await expectNothingLost(vpc, a);
  });
});

test('nonsense at a start without notes: it waits and tells, and pods that run go on', async () => {
  const pod = await addPod(a, 'one');
  const before = heldIn(await atRest());
  await vpc.dial('*', '--garble', 'empty');
  await a.stopDaemon('SIGKILL');
  await a.text('sh', '-c', 'rm /run/vpc-cni/*.json* /run/vpc-cni/journal*');
  const installing = a.install();
  await a.untilStatus(
    'it to be told',
    (status) => status.phase === 'starting' && codesIn(status).includes('EC2_BAD_ANSWER'),
  );
  await expectLive(a, [pod]);
  await vpc.clearDials();
  await installing;
  const status = await a.untilStatus('it to serve', ({ phase }) => phase === 'serving');
  expect(heldIn(status)).toEqual(before);
  expect(codesIn(status)).toEqual(['STATE_DAMAGED']);
  await removePod(a, pod);
  await atRest();
});

describe('the metadata lies at a start', () => {
  // What it says while the daemon runs, and for how long, is for the tests in virtual time.
  test.each(['missing-eni', 'deleted-eni', 'missing-address'])('%s: EC2 is believed', async (stale) => {
    const pods: RunningPod[] = [];
    for (let n = 0; n < 4; n++) pods.push(await addPod(a, `on-${n}`));
    const before = heldIn(await atRest());
    await vpc.dial('IMDS', '--stale', stale);
    await vpc.forgetCalls();
    await killAndStart();
    const status = await a.untilStatus('it to serve', ({ phase, ready }) => phase === 'serving' && ready);
    expect(heldIn(status)).toEqual(before);
    await expectLive(a, pods);
    expect(heldIn(await atRest())).toEqual(before);
    expect(await changing()).toEqual([]);
    await vpc.clearDials();
    for (const pod of pods) await removePod(a, pod);
    await atRest();
    await expectNothingLost(vpc, a);
  });
});

test('an ENI deleted under running pods while the daemon is down: its pods are orphans, the rest goes on', async () => {
  const pods: RunningPod[] = [];
  for (let n = 0; n < 4; n++) pods.push(await addPod(a, `eni-${n}`));
  const { enis } = await atRest();
  const [, second] = enis;
  if (second === undefined) throw new Error('no second ENI');
  const there = new Set(second.addresses.map(({ address }) => address));
  await a.stopDaemon('SIGKILL');
  await asOthers(await vpc.status(), 'node-a', async (ec2) => {
    const described = await ec2.describeEni({ eniId: second.id });
    await ec2.detachEni({ attachmentId: described?.attachment?.id ?? '' });
    await until('EC2 to delete it', () =>
      ec2.deleteEni({ eniId: second.id }).then(
        () => true,
        () => undefined,
      ),
    );
  });
  await a.install();
  const victims = pods.filter(({ address }) => there.has(address));
  expect(victims.length).toBeGreaterThan(0);
  const status = await a.untilStatus('it to serve', ({ phase, ready }) => phase === 'serving' && ready);
  expect(status.pool.orphans).toBe(victims.length);
  expect(codesIn(status)).toContain('ADDRESS_ORPHANED');
  const more = await addPod(a, 'more');
  expect(pods.map(({ address }) => address)).not.toContain(more.address);
  await expectLive(a, [...pods.filter((pod) => !victims.includes(pod)), more]);
  for (const pod of [...pods, more]) await removePod(a, pod);
  expect(codesIn(await atRest())).toEqual([]);
  await expectNothingLost(vpc, a);
});

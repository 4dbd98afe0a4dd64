import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc, until } from '../support/e2e.ts';
import { addPod, expectLive, expectNothingLost, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('es');
/** A plugin waits 5 s for a daemon: one that is told to stop must make room for the next one well before. */
const GRACE_MS = 4_000;

const STEPS = ['CreateNetworkInterface', 'AttachNetworkInterface', 'ModifyNetworkInterfaceAttribute'] as const;

/** An answer that comes within the daemon's grace, one that comes when it has gone, and one that never comes. */
const CASES = [
  { step: STEPS[0], when: 'is lost', dial: ['--delay', '1000', '--lost'], name: 'node-a' },
  { step: STEPS[1], when: 'comes when it has gone', dial: ['--delay', '6000'], name: 'node-b' },
  { step: STEPS[2], when: 'comes soon', dial: ['--delay', '700'], name: 'node-c' },
] as const;

beforeAll(async () => {
  await vpc.up('--nodes', `${CASES.length}`, '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
});
afterAll(async () => {
  await vpc.down();
});

test.each(CASES)(
  'SIGTERM while the answer to $step is waited for, which $when: nothing is lost, and the next daemon goes on',
  async ({ step, dial, name }) => {
    const node = vpc.node(name);
    await node.configure('WARM_IP_TARGET=1', 'IP_COOLDOWN_PERIOD=1');
    await node.install();
    const pods: RunningPod[] = [await addPod(node, 'one'), await addPod(node, 'two')];
    await node.untilStatus('the first ENI to be full', ({ pool }) => pool.total === 3 && pool.pending === 0);
    await vpc.forgetCalls();
    await vpc.dial(step, ...dial, '--times', '1');
    pods.push(await addPod(node, 'three'));
    const earlier = STEPS.slice(0, STEPS.indexOf(step));
    await until('the step to be reached', async () => {
      const calls = (await vpc.ec2Calls(name)).map(({ action }) => action);
      const reached = earlier.every((action) => calls.includes(action));
      return reached && ((await node.status())?.pool.pending ?? 0) > 0 ? true : undefined;
    });
    const pid = await node.daemonPid();
    const told = performance.now();
    process.kill(pid, 'SIGTERM');
    const next = await node.untilStatus(
      'the next daemon',
      (status) => status.pid !== pid && status.phase === 'serving',
    );
    expect(performance.now() - told).toBeLessThan(GRACE_MS);
    expect(next.pool.assigned).toBe(3);
    await expectLive(node, pods);
    await node.untilStatus('a free address on another ENI', ({ enis, pool }) => enis.length === 2 && pool.free >= 1, {
      withinMs: 30_000,
    });
    pods.push(await addPod(node, 'four'));
    await expectLive(node, pods);
    for (const pod of pods) await removePod(node, pod);
    await node.untilStatus(
      'the pool to rest',
      ({ pool }) => pool.pending === 0 && pool.assigned === 0 && pool.cooldown === 0,
    );
    await vpc.clearDials();
    await expectNothingLost(vpc, node);
  },
);

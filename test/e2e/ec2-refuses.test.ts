import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, removeSandbox } from '../support/e2e-cni.ts';
import { cniError } from '../support/e2e-expect.ts';
import { fillSubnet } from '../support/e2e-subnet.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('er');
/** A node that works. Two addresses are kept free, and one that was used may be used again after a second. */
const a = vpc.node('node-a');
/** A node alone in its subnet, with three addresses at most. */
const alone = vpc.node('alone');

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '300', '--detach-ms', '300');
  await vpc.addNode('alone', '--subnet', 'us-east-1b');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
});
afterAll(async () => {
  await vpc.down();
});

describe('EC2 refuses', () => {
  const pods: Record<string, { readonly node: E2eNode; readonly sandbox: Awaited<ReturnType<typeof makeSandbox>> }> =
    {};

  /** Adds pods until one is refused, and returns the refusal; there must be `free` that are not. */
  async function addUntilRefused(node: E2eNode, free: number) {
    for (let index = 0; ; index += 1) {
      const sandbox = await makeSandbox(node, `${node.name}-${index}`);
      pods[sandbox.pod] = { node, sandbox };
      const answer = await callPlugin(node, 'ADD', sandbox);
      if (answer.exitCode !== 0) {
        expect(index).toBe(free);
        // Nothing of the refused pod is left on the host: only those that were served have a route.
        const routes = await node.text('ip', '-4', 'rule', 'show', 'priority', '512');
        expect(routes.trim().split('\n').filter(Boolean)).toHaveLength(free);
        return { answer, sandbox };
      }
    }
  }

  test('throttling is waited out', async () => {
    const sandbox = await makeSandbox(a, 'throttled');
    await a.untilStatus('two free addresses', ({ pool }) => pool.free === 2 && pool.cooldown === 0);
    await vpc.forgetCalls();
    await vpc.dial('AssignPrivateIpAddresses', '--throttle', '--times', '3');
    const others = [await makeSandbox(a, 'throttled-1'), await makeSandbox(a, 'throttled-2')];
    for (const other of [...others, sandbox]) expect((await callPlugin(a, 'ADD', other)).exitCode).toBe(0);
    await a.untilStatus('the warm addresses', ({ pool }) => pool.free === 2 && pool.pending === 0);
    const answersTo = async (asked: string): Promise<readonly string[]> =>
      (await vpc.ec2Calls('node-a')).filter(({ action }) => action === asked).map(({ code }) => code);
    // The third refusal in a row opens the circuit breaker: the next request is the one that is granted.
    expect(await answersTo('AssignPrivateIpAddresses')).toEqual([...Array(3).fill('RequestLimitExceeded'), 'OK']);
    expect(await answersTo('CreateNetworkInterface')).toEqual(['OK']);
    await vpc.clearDials();
    for (const other of [...others, sandbox]) {
      await callPlugin(a, 'DEL', other);
      await removeSandbox(a, other);
    }
    const target = { total: 2, assigned: 0, free: 2, cooldown: 0, quarantine: 0, orphans: 0, pending: 0 };
    await a.untilStatus('the pool to be at its target', ({ pool }) => Bun.deepEquals(pool, target));
  });

  test('a full subnet is named to the runtime', async () => {
    await alone.configure('WARM_IP_TARGET=1', 'MAX_ENI=1', 'IP_COOLDOWN_PERIOD=1');
    await alone.install();
    await using _full = await fillSubnet(await vpc.status(), 'alone');
    const { answer } = await addUntilRefused(alone, 1);
    const { subnets } = await vpc.status();
    const subnet = subnets.find(({ availabilityZone }) => availabilityZone === 'us-east-1b');
    expect(subnet?.free).toBe(0);
    expect(errorOf(answer)).toEqual(cniError(104, 'SUBNET_NO_IPS', subnet?.id ?? 'none'));
    const status = await alone.status();
    expect({ ready: status?.ready, code: status?.lastError?.code }).toEqual({ ready: true, code: 'SUBNET_NO_IPS' });
  });

  test('a missing right is named to the runtime, in the status, and by STATUS', async () => {
    await vpc.dial('*', '--deny');
    try {
      const { answer, sandbox } = await addUntilRefused(a, 2);
      expect(errorOf(answer)).toEqual(cniError(105, 'IAM_DENIED', 'EC2 denied AssignPrivateIpAddresses'));
      expect((await a.status())?.lastError).toMatchObject({
        code: 'IAM_DENIED',
        remedy: expect.stringContaining('AmazonEKS_CNI_Policy'),
      });
      expect(errorOf(await callPlugin(a, 'STATUS', sandbox))).toEqual(cniError(50, 'IAM_DENIED', 'EC2 denied'));
    } finally {
      await vpc.clearDials();
    }
  });

  test('both come back by themselves once the cause is gone', async () => {
    // What others must change first is asked for every 30 s.
    for (const { node, sandbox } of Object.values(pods))
      await until(
        `${sandbox.pod} to be served`,
        async () => ((await callPlugin(node, 'ADD', sandbox)).exitCode === 0 ? true : undefined),
        { withinMs: 90_000 },
      );
    for (const { node, sandbox } of Object.values(pods)) {
      await callPlugin(node, 'DEL', sandbox);
      await removeSandbox(node, sandbox);
    }
  });

  test('a node that is full says so', async () => {
    await alone.untilStatus('nothing to rest', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
    const { answer } = await addUntilRefused(alone, 3);
    expect(errorOf(answer)).toEqual(
      cniError(103, 'ENI_LIMIT', 'instance type t3.small is full: 1 of 1 ENIs, 3 of 3 addresses in use'),
    );
  });
});

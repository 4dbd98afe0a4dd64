import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecurityGroupCommand, EC2Client, ModifyNetworkInterfaceAttributeCommand } from '@aws-sdk/client-ec2';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { addPod, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const SUBNET = '10.0.0.0/24';
const SCENARIO = {
  description: 'A node for each way a start finds addresses.',
  subnets: [{ cidr: SUBNET, zone: 'a' }],
  nodes: [
    { name: 'small', type: 't3.small', subnet: SUBNET },
    { name: 'whole', type: 't3.small', subnet: SUBNET },
    { name: 'launched', type: 't3.small', subnet: SUBNET, secondaryAddresses: 2 },
    { name: 'prefix', type: 'm5.large', subnet: SUBNET },
    { name: 'prefixed', type: 'm5.large', subnet: SUBNET, prefixes: 1 },
  ],
  times: { attachMs: 200, detachMs: 200 },
};
const vpc = freshVpc('ec');

beforeAll(async () => {
  const file = join(tmpdir(), `call-counts-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(SCENARIO));
  await vpc.up('--scenario', file);
});
afterAll(async () => {
  await vpc.down();
});

/** Every call a node has made, in order, with EC2's answer where it was no OK. */
const callsOf = async ({ name }: E2eNode): Promise<readonly string[]> =>
  (await vpc.ec2Calls(name)).map(({ action, code }) => (code === 'OK' ? action : `${action} ${code}`));

const START = ['DescribeNetworkInterfaces', 'DescribeSubnets'];
const ASSIGN = 'AssignPrivateIpAddresses';
const UNASSIGN = 'UnassignPrivateIpAddresses';
const NEW_ENI = ['CreateNetworkInterface', 'AttachNetworkInterface', 'ModifyNetworkInterfaceAttribute'];

async function start(name: string, ...lines: readonly string[]): Promise<E2eNode> {
  const node = vpc.node(name);
  await node.configure(...lines);
  await node.install();
  return node;
}

/** What an event costs: the calls from before it until the pool is as it shall be. */
async function costOf(
  node: E2eNode,
  event: () => Promise<unknown>,
  rests: (pool: StatusDocument['pool']) => boolean,
): Promise<readonly string[]> {
  await vpc.forgetCalls();
  await event();
  await node.untilStatus('the pool to rest', ({ pool }) => pool.pending === 0 && pool.cooldown === 0 && rests(pool));
  return callsOf(node);
}

const restart = async (node: E2eNode, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
  const before = await node.daemonPid();
  process.kill(before, signal);
  await node.untilStatus('another daemon', ({ pid, ready }) => pid !== before && ready);
};

describe('single addresses', () => {
  const node = vpc.node('small');
  const pods: RunningPod[] = [];

  test('a start on a node with nothing: two describe, one brings what is wanted', async () => {
    const calls = await costOf(
      node,
      () => start('small', 'WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1'),
      ({ free }) => free === 2,
    );
    expect([...calls].sort()).toEqual([ASSIGN, ...START]);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('a start with addresses there (%s): two describe', async (signal) => {
    const calls = await costOf(
      node,
      () => restart(node, signal),
      ({ free }) => free === 2,
    );
    expect([...calls].sort()).toEqual(START);
  });

  test('more addresses: one', async () => {
    expect(
      await costOf(
        node,
        async () => pods.push(await addPod(node, 's-1')),
        ({ free }) => free === 2,
      ),
    ).toEqual([ASSIGN]);
  });

  test('a new ENI: three, and what it holds comes with it', async () => {
    expect(
      await costOf(
        node,
        async () => pods.push(await addPod(node, 's-2')),
        ({ free }) => free === 2,
      ),
    ).toEqual(NEW_ENI);
  });

  test('addresses above the targets: one, however many', async () => {
    const more = [await addPod(node, 's-4'), await addPod(node, 's-5')];
    await node.untilStatus('the pool to rest', ({ pool }) => pool.free === 2 && pool.pending === 0);
    const calls = await costOf(
      node,
      async () => {
        for (const pod of more) await removePod(node, pod);
      },
      ({ free }) => free === 2,
    );
    expect(calls).toEqual([UNASSIGN]);
  });

  test('an ENI nobody needs: one detaches, then the deletion until EC2 has detached', async () => {
    const second = (await node.status())?.enis.find(({ primary }) => !primary);
    await vpc.forgetCalls();
    // The only pod of the second ENI, and those that do not fit the first one, go.
    for (const pod of pods.splice(0)) await removePod(node, pod);
    await node.untilStatus('it to be gone', ({ enis }) => enis.every(({ id }) => id !== second?.id), {
      withinMs: 90_000,
    });
    const calls = (await callsOf(node)).filter((call) => call !== UNASSIGN);
    expect(calls[0]).toBe('DetachNetworkInterface');
    expect(calls.at(-1)).toBe('DeleteNetworkInterface');
    expect(new Set(calls.slice(1, -1))).toEqual(new Set(['DeleteNetworkInterface InvalidParameterValue']));
    expect(calls.length).toBeLessThanOrEqual(4);
  });
});

test('whole ENIs: a start on one brings all it holds at once', async () => {
  const calls = await costOf(
    vpc.node('whole'),
    () => start('whole'),
    ({ free }) => free === 3,
  );
  expect([...calls].sort()).toEqual([ASSIGN, ...START]);
});

test('a burst of a full node: every ENI once', async () => {
  const node = vpc.node('whole');
  const pods: RunningPod[] = [];
  const calls = await costOf(
    node,
    async () => {
      for (let n = 0; n < 9; n++) pods.push(await addPod(node, `w-${n}`));
    },
    ({ assigned }) => assigned === 9,
  );
  expect([...calls].sort()).toEqual([...NEW_ENI, ...NEW_ENI].sort());
  for (const pod of pods) await removePod(node, pod);
});

test('addresses of the launch: a start changes nothing, and a pod that comes and goes within the targets costs none', async () => {
  const node = vpc.node('launched');
  const settings = ['MINIMUM_IP_TARGET=2', 'WARM_IP_TARGET=1', 'IP_COOLDOWN_PERIOD=1'];
  const started = await costOf(
    node,
    () => start('launched', ...settings),
    ({ free }) => free === 2,
  );
  expect([...started].sort()).toEqual(START);
  const comesAndGoes = async (): Promise<void> => removePod(node, await addPod(node, 'l-1'));
  expect(await costOf(node, comesAndGoes, ({ free }) => free === 2)).toEqual([]);
});

describe('prefixes', () => {
  const settings = ['ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1', 'IP_COOLDOWN_PERIOD=1'];

  test('a start on a node with nothing: two describe, one brings the first', async () => {
    const calls = await costOf(
      vpc.node('prefix'),
      () => start('prefix', ...settings),
      ({ free }) => free === 16,
    );
    expect([...calls].sort()).toEqual([ASSIGN, ...START]);
  });

  test('one of the launch: a start changes nothing; the first pod brings the next with one, and its end takes it with one', async () => {
    const node = vpc.node('prefixed');
    const started = await costOf(
      node,
      () => start('prefixed', ...settings),
      ({ free }) => free === 16,
    );
    expect([...started].sort()).toEqual(START);
    let pod: RunningPod | undefined;
    expect(
      await costOf(
        node,
        async () => {
          pod = await addPod(node, 'x-1');
        },
        ({ total }) => total === 32,
      ),
    ).toEqual([ASSIGN]);
    expect(
      await costOf(
        node,
        async () => pod && removePod(node, pod),
        ({ total }) => total === 16,
      ),
    ).toEqual([UNASSIGN]);
  });
});

test('security groups of the primary ENI that change: one for each other ENI', async () => {
  const node = vpc.node('whole');
  const { enis } = await node.untilStatus('three ENIs', (status) => status.enis.length === 3);
  const [primary] = enis;
  const status = await vpc.status();
  const credentials = { accessKeyId: 'other', secretAccessKey: 'other' };
  const ec2 = new EC2Client({ region: status.vpc.region, endpoint: status.ec2, credentials });
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'more', Description: 'more', VpcId: status.vpc.id }),
  );
  await vpc.forgetCalls();
  await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: primary?.id, Groups: [GroupId] }));
  ec2.destroy();
  const changes = async () => (await callsOf(node)).filter((call) => call.startsWith('Modify'));
  await until('both to follow', async () => ((await changes()).length >= 2 ? true : undefined), { withinMs: 60_000 });
  expect(await changes()).toEqual(Array(2).fill('ModifyNetworkInterfaceAttribute'));
});

test('nodes that nobody touches: none', async () => {
  const names = SCENARIO.nodes.map(({ name }) => name).filter((name) => name !== 'whole');
  for (const name of names)
    await vpc.node(name).untilStatus('it to rest', ({ pool }) => pool.pending === 0 && pool.cooldown === 0);
  await vpc.forgetCalls();
  // Longer than every slow check of the daemon.
  await Bun.sleep(32_000);
  for (const name of names) expect({ name, calls: await callsOf(vpc.node(name)) }).toEqual({ name, calls: [] });
});

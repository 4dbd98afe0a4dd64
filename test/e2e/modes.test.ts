import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, removeSandbox, type Sandbox } from '../support/e2e-cni.ts';
import { asOthers } from '../support/e2e-ec2.ts';
import { cniError } from '../support/e2e-expect.ts';

setDefaultTimeout(240_000);

const ZONE = 'us-east-1a';
const FIRST = '10.0.0.0/24';
const TAGGED = '10.0.1.0/24';
const IN_PIECES = '10.0.2.0/24';
const OF_PODS = '10.0.3.0/24';
const TAGGED_OUT = '10.0.4.0/24';

const SCENARIO = {
  description: 'A node for each way pods get addresses.',
  subnets: [
    { cidr: FIRST, zone: 'a' },
    { cidr: TAGGED, zone: 'a', tags: { 'kubernetes.io/role/cni': '1' } },
    { cidr: IN_PIECES, zone: 'a', fragmented: true },
    { cidr: OF_PODS, zone: 'a' },
    { cidr: TAGGED_OUT, zone: 'a', tags: { 'kubernetes.io/role/cni': '0' } },
  ],
  nodes: [
    { name: 'prefix', type: 'm5.large', subnet: FIRST, prefixes: 1 },
    { name: 'pieces', type: 'm5.large', subnet: IN_PIECES },
    { name: 'tagged', type: 'm5.large', subnet: FIRST },
    { name: 'spared', type: 'm5.large', subnet: TAGGED_OUT },
    { name: 'custom', type: 'm5.large', subnet: FIRST },
    { name: 'fixed', type: 'm5.large', subnet: FIRST, secondaryAddresses: 1 },
    { name: 'quiet', type: 'm5.large', subnet: FIRST, secondaryAddresses: 1 },
  ],
  times: { attachMs: 200, detachMs: 200 },
};

const vpc = freshVpc('md');

const subnetId = async (cidr: string): Promise<string> =>
  (await vpc.status()).subnets.find((subnet) => subnet.cidr === cidr)?.id ?? `no ${cidr}`;

/** What a node has asked EC2 for, by action. */
async function callsOf(node: E2eNode): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { action } of await vpc.ec2Calls(node.name)) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

async function add(node: E2eNode, pod: string): Promise<Sandbox & { readonly address: string }> {
  const sandbox = await makeSandbox(node, pod);
  const { exitCode, document } = await callPlugin(node, 'ADD', sandbox);
  expect({ pod, exitCode, document }).toMatchObject({ exitCode: 0 });
  const { ips } = document as { ips: readonly { address: string }[] };
  return { ...sandbox, address: ips[0]?.address ?? '' };
}

async function remove(node: E2eNode, sandbox: Sandbox): Promise<void> {
  expect((await callPlugin(node, 'DEL', sandbox)).exitCode).toBe(0);
  await removeSandbox(node, sandbox);
}

async function start(name: string, ...lines: readonly string[]): Promise<E2eNode> {
  const node = vpc.node(name);
  await node.configure(...lines);
  await node.install();
  return node;
}

/** A daemon with other settings in the place of the one that runs. */
async function restart(node: E2eNode, ...lines: readonly string[]): Promise<void> {
  await node.configure(...lines);
  const before = await node.daemonPid();
  process.kill(before, 'SIGTERM');
  await node.untilStatus('another daemon', ({ pid, phase }) => pid !== before && phase === 'serving');
}

beforeAll(async () => {
  const file = join(tmpdir(), `modes-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(SCENARIO));
  await vpc.up('--scenario', file);
});
afterAll(async () => {
  await vpc.down();
});

describe('prefix delegation', () => {
  const node = vpc.node('prefix');
  let pod: Awaited<ReturnType<typeof add>>;

  test('a prefix from the launch makes the node ready without any change in EC2', async () => {
    await start('prefix', 'ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1', 'IP_COOLDOWN_PERIOD=1');
    const { pool } = await node.untilStatus('ready', ({ ready }) => ready);
    expect(pool).toMatchObject({ total: 16, free: 16 });
    await Bun.sleep(1_000);
    expect(await callsOf(node)).toEqual({ DescribeNetworkInterfaces: 1, DescribeSubnets: 1 });
  });

  test('one call brings the next prefix, and the first one is filled first', async () => {
    await vpc.forgetCalls();
    pod = await add(node, 'p-0');
    await node.untilStatus('another prefix', ({ pool }) => pool.total === 32 && pool.pending === 0);
    expect(await callsOf(node)).toEqual({ AssignPrivateIpAddresses: 1 });
    const second = await add(node, 'p-1');
    expect(second.address.split('.').slice(0, 3)).toEqual(pod.address.split('.').slice(0, 3));
    await remove(node, second);
  });

  test('a running pod keeps its address of a prefix when the node turns to single addresses', async () => {
    await restart(node, 'WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
    const other = await add(node, 's-0');
    expect(other.address).toEndWith('/32');
    const status = await node.untilStatus('the empty prefix to be gone', ({ enis }) => {
      const states = enis.flatMap(({ addresses }) => addresses);
      return (
        states.filter(({ address }) => address === pod.address.replace('/32', '')).length === 1 && states.length < 32
      );
    });
    const held = status.enis.flatMap(({ addresses }) => addresses).find(({ pod: name }) => name === 'default/p-0');
    expect(`${held?.address}/32`).toBe(pod.address);
    await remove(node, pod);
    // The last pod of the other mode has gone: its prefix goes too.
    await node.untilStatus('only single addresses', ({ pool }) => pool.total === 3 && pool.assigned === 1);
    await remove(node, other);
  });
});

test('a subnet in pieces: single addresses, and no calls while nothing changes', async () => {
  const node = await start(
    'pieces',
    ...['ENABLE_PREFIX_DELEGATION=true', 'ENABLE_PREFIX_FALLBACK=true', 'WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1'],
    'ENABLE_SUBNET_DISCOVERY=false',
  );
  await node.untilStatus('ready', ({ ready, pool }) => ready && pool.free >= 2 && pool.pending === 0);
  const codes = (await vpc.ec2Calls('pieces'))
    .filter(({ action }) => action === 'AssignPrivateIpAddresses')
    .map(({ code }) => code);
  expect([codes[0], codes.at(-1)]).toEqual(['InsufficientCidrBlocks', 'OK']);
  const pod = await add(node, 'f-0');
  await node.untilStatus('its target', ({ pool }) => pool.free >= 2 && pool.pending === 0);
  await vpc.forgetCalls();
  await Bun.sleep(2_000);
  expect(await callsOf(node)).toEqual({});
  await remove(node, pod);
});

test('a new ENI goes to the tagged subnet, in three calls', async () => {
  const node = await start('tagged', 'WARM_IP_TARGET=1', 'IP_COOLDOWN_PERIOD=1');
  await node.untilStatus('ready', ({ ready, pool }) => ready && pool.pending === 0);
  expect(await callsOf(node)).toEqual({
    DescribeNetworkInterfaces: 1,
    DescribeSubnets: 1,
    AssignPrivateIpAddresses: 1,
  });
  await vpc.forgetCalls();
  await restart(node, 'WARM_IP_TARGET=1', 'MINIMUM_IP_TARGET=12', 'IP_COOLDOWN_PERIOD=1');
  await node.untilStatus('a second ENI', ({ pool, enis }) => enis.length === 2 && pool.total === 12);
  expect(await callsOf(node)).toEqual({
    ...{ DescribeNetworkInterfaces: 1, DescribeSubnets: 1, AssignPrivateIpAddresses: 1 },
    ...{ CreateNetworkInterface: 1, AttachNetworkInterface: 1, ModifyNetworkInterfaceAttribute: 1 },
  });
  const [creation] = (await vpc.ec2Calls('tagged')).filter(({ action }) => action === 'CreateNetworkInterface');
  expect(creation?.parameters['SubnetId']).toBe(await subnetId(TAGGED));
});

test('a node in a subnet that is tagged out gets its addresses elsewhere', async () => {
  const node = await start('spared', 'WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  const status = await node.untilStatus('addresses', ({ pool, enis }) => enis.length === 2 && pool.free === 2);
  expect(status.enis.map(({ primary, addresses }) => [primary, addresses.length])).toEqual([
    [true, 0],
    [false, 2],
  ]);
});

test('custom networking: pods live in the subnet and the groups of the ENIConfig', async () => {
  const node = vpc.node('custom');
  const subnet = await subnetId(OF_PODS);
  await node.run(['mkdir', '-p', '/etc/vpc-cni']);
  await node.run(['tee', '/etc/vpc-cni/eniconfigs.json'], { input: JSON.stringify({ [ZONE]: { subnet } }) });
  await start(
    'custom',
    ...['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true', 'ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone'],
    ...['WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1'],
  );
  const status = await node.untilStatus('ready', ({ ready, pool }) => ready && pool.free === 2);
  expect(status.enis.map(({ primary, addresses }) => [primary, addresses.length])).toEqual([
    [true, 0],
    [false, 2],
  ]);
  const calls = await callsOf(node);
  expect(calls).toEqual({
    ...{ DescribeNetworkInterfaces: 1, CreateNetworkInterface: 1 },
    ...{ AttachNetworkInterface: 1, ModifyNetworkInterfaceAttribute: 1 },
  });
  const pod = await add(node, 'c-0');
  expect(pod.address).toStartWith('10.0.3.');
  const neighbour = (await vpc.node('tagged').status())?.instance?.primaryAddress ?? 'nobody';
  expect((await node.inNetns(pod.netns, 'ping', '-c1', '-W2', neighbour)).exitCode).toBe(0);
  await remove(node, pod);
});

test('an ENIConfig that is missing is named, and found once it is there', async () => {
  const node = vpc.node('custom');
  await restart(
    node,
    ...['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true', 'NODE_LABELS=k8s.amazonaws.com/eniConfig=blue'],
    ...['WARM_IP_TARGET=12', 'IP_COOLDOWN_PERIOD=1'],
  );
  const status = await node.untilStatus('the cause', ({ lastError }) => lastError?.code === 'ENI_CONFIG_MISSING');
  expect(status.lastError?.message).toContain('"blue"');
});

test('a node that may change nothing gives what it has, and says why there is no more', async () => {
  const node = await start('fixed', 'DISABLE_NETWORK_RESOURCE_PROVISIONING=true', 'CLUSTER_NAME=c');
  await node.untilStatus('ready', ({ ready }) => ready);
  const pod = await add(node, 'x-0');
  const sandbox = await makeSandbox(node, 'x-1');
  const answer = await callPlugin(node, 'ADD', sandbox);
  expect(errorOf(answer)).toEqual(cniError(11, 'POOL_FIXED', 'DISABLE_NETWORK_RESOURCE_PROVISIONING=true'));
  expect(await callsOf(node)).toEqual({ DescribeNetworkInterfaces: 1, DescribeSubnets: 1 });
  await removeSandbox(node, sandbox);
  await remove(node, pod);
});

test('a node that must not ask EC2 asks the metadata, and EC2 nothing', async () => {
  const node = await start('quiet', 'ENABLE_IMDS_ONLY_MODE=true', 'IP_COOLDOWN_PERIOD=1');
  await node.untilStatus('ready', ({ ready }) => ready);
  const pod = await add(node, 'q-0');
  await restart(node, 'ENABLE_IMDS_ONLY_MODE=true', 'IP_COOLDOWN_PERIOD=1');
  const { pool } = await node.untilStatus('serving', ({ phase }) => phase === 'serving');
  expect(pool).toMatchObject({ total: 1, assigned: 1 });
  expect(await callsOf(node)).toEqual({});
  await remove(node, pod);
});

test('there, what the node wrote down comes before metadata that lacks it, and metadata that has more is heard', async () => {
  const node = vpc.node('quiet');
  const settings = ['ENABLE_IMDS_ONLY_MODE=true', 'IP_COOLDOWN_PERIOD=1'];
  const eniId = (await node.status())?.enis[0]?.id ?? 'none';
  await asOthers(await vpc.status(), 'quiet', (ec2) => ec2.assignAddresses({ eniId, count: 2 }));
  await vpc.forgetCalls();
  await restart(node, ...settings);
  await node.untilStatus('what others assigned', ({ pool }) => pool.total === 3 && pool.free === 3);
  const pods = [await add(node, 'j-0'), await add(node, 'j-1'), await add(node, 'j-2')];
  // The newest address is no longer listed, though a pod lives on it.
  await vpc.dial('IMDS', '--stale', 'missing-address');
  await restart(node, ...settings);
  const { pool } = await node.untilStatus('serving', ({ phase }) => phase === 'serving');
  expect(pool).toMatchObject({ total: 3, assigned: 3, orphans: 0 });
  for (const pod of pods) await remove(node, pod);
  await node.untilStatus('all to be free', ({ pool: now }) => now.free === 3);
  await vpc.clearDials();
  expect(await callsOf(node)).toEqual({});
});

test('the switch of a node that takes no pods stops growth until it is turned back', async () => {
  const node = vpc.node('tagged');
  await node.text('touch', '/run/vpc-cni/unschedulable');
  await restart(node, 'WARM_IP_TARGET=14', 'IP_COOLDOWN_PERIOD=1');
  await Bun.sleep(1_000);
  expect((await node.status())?.pool.total).toBe(12);
  await node.text('rm', '/run/vpc-cni/unschedulable');
  await until('the pool to grow', async () => ((await node.status())?.pool.total === 14 ? true : undefined));
});

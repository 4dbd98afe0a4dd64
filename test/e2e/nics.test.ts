import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectSound } from '../support/doctor.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, removeSandbox } from '../support/e2e-cni.ts';
import { cniError } from '../support/e2e-expect.ts';
import { addNics, addressesIn, EVERY_CARD, type NicsPod, tryNics, unreached } from '../support/e2e-nics.ts';
import { addPod, heldIn, removePod } from '../support/e2e-pods.ts';
import { networkState } from '../support/e2e-state.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('nc');
const [a, b, fixed] = [vpc.node('a'), vpc.node('b'), vpc.node('fixed')];
const DONE = { exitCode: 0, document: '' };
const INTERNET = '198.51.100.1';
const SCENARIO = {
  description: 'Nodes with several network cards, one of them with a card for EFA alone, one that must not grow.',
  nodes: [
    {
      ...{ name: 'a', type: 'p4d.24xlarge' },
      interfaces: [
        { deviceIndex: 1, networkCard: 1, secondaryAddresses: 1 },
        { deviceIndex: 1, networkCard: 2, type: 'efa-only' },
      ],
    },
    { name: 'b', type: 'c6in.32xlarge' },
    {
      ...{ name: 'fixed', type: 'c6in.32xlarge', secondaryAddresses: 4 },
      interfaces: [{ deviceIndex: 1, networkCard: 1, secondaryAddresses: 1 }],
    },
  ],
  times: { attachMs: 200, detachMs: 200 },
};
const SETTINGS = ['ENABLE_MULTI_NIC=true', 'WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1'];

let one: NicsPod;

/** The network of a node and who holds addresses, once nothing rests or is under way, and the kernel has done with old pods. */
async function restingState(node: E2eNode): Promise<string> {
  return until(`${node.name} to rest`, async () => {
    const status = await node.untilStatus('rest', ({ pool }) => pool.pending + pool.cooldown === 0);
    const [network, held] = [await networkState(node), heldIn(status)];
    const ends = network.match(/^ ?eni[0-9a-f]{11}.*LOWER_UP/gm) ?? [];
    return ends.length === Object.keys(held).length ? JSON.stringify({ network, held }, undefined, 1) : undefined;
  });
}

/** Pings from each interface of a pod, by its address, that are lost. */
async function lostFrom(node: E2eNode, pod: NicsPod, targets: readonly string[]): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const [ifName, by] of Object.entries(pod.addresses))
    for (const target of await unreached(node, { netns: pod.netns, by }, targets)) lost.push(`${ifName} to ${target}`);
  return lost;
}

beforeAll(async () => {
  const file = join(tmpdir(), `nics-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(SCENARIO));
  await vpc.up('--scenario', file);
  for (const node of [a, b]) {
    await node.configure(...SETTINGS);
    await node.install();
  }
  await fixed.configure(...SETTINGS, 'DISABLE_NETWORK_RESOURCE_PROVISIONING=true');
  await fixed.install();
});
afterAll(async () => {
  await vpc.down();
});

describe('a pod that asks for every network card', () => {
  test('the pool has an address on each card but the one for EFA alone', async () => {
    const { enis } = await a.untilStatus(
      'three cards',
      (status) => status.pool.pending === 0 && status.enis.length === 3,
    );
    expect(enis.map(({ card = 0, device, table, link }) => `${card} ${device} ${table} ${link}`)).toEqual([
      '0 0 254 eth0',
      '1 1 10101 eth101',
      '3 0 10300 eth300',
    ]);
    expect((await a.cli('status')).stdout).toContain('0 of card 3');
    await b.untilStatus('two cards', (status) => status.pool.pending === 0 && status.enis.length === 2);
  });

  test('gets an interface on each, and all are in the result', async () => {
    one = await addNics(a, 'one');
    expect(Object.keys(one.addresses)).toEqual(['eth0', 'mNicIf1', 'mNicIf2']);
    const { enis } = (await a.status()) ?? { enis: [] };
    const holders = Object.values(one.addresses).map(
      (address) => enis.find(({ addresses }) => addresses.some((each) => each.address === address))?.table,
    );
    expect(holders).toEqual([254, 10101, 10300]);
    const { stdout } = await a.inNetns(one.netns, 'ip', 'rule');
    expect(stdout.split('\n')[1]).toBe(`1:\tfrom ${one.addresses['mNicIf1']} lookup 1 proto 90`);
    // What it gets is what it keeps: a repeated ADD gives it all once more.
    const again = await callPlugin(a, 'ADD', one, EVERY_CARD);
    expect(again).toEqual({ exitCode: 0, document: one.result });
    await expectSound(a);
  });

  test('an ordinary pod has one, and so has one with an annotation of another meaning', async () => {
    const plain = await addPod(a, 'plain');
    const other = {
      config: { runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': 'x' } } },
    };
    const { document } = await callPlugin(
      a,
      'ADD',
      { ...plain, containerId: 'other' },
      { ...other, env: { CNI_IFNAME: 'net1' } },
    );
    expect(Object.keys(addressesIn(document))).toEqual(['net1']);
    expect(await callPlugin(a, 'DEL', { ...plain, containerId: 'other' }, { env: { CNI_IFNAME: 'net1' } })).toEqual(
      DONE,
    );
    await removePod(a, plain);
  });

  test('is reached on each, from its node, from pods here and on another node, and reaches them and the internet', async () => {
    const [near, far] = [await addNics(a, 'near'), await addNics(b, 'far')];
    expect(Object.keys(far.addresses)).toEqual(['eth0', 'mNicIf1']);
    const all = Object.values(one.addresses);
    for (const [node, pod] of [
      [a, near],
      [b, far],
    ] as const) {
      expect(await lostFrom(node, pod, all)).toEqual([]);
      expect(await lostFrom(a, one, [...Object.values(pod.addresses), INTERNET])).toEqual([]);
    }
    for (const address of all) expect((await a.run(['ping', '-nqc1', '-W5', address])).exitCode).toBe(0);
    await removePod(a, near);
    await removePod(b, far);
  });

  test('CHECK looks at all of them', async () => {
    const check = () => callPlugin(a, 'CHECK', one, { config: { prevResult: one.result } });
    expect(await check()).toEqual(DONE);
    const address = one.addresses['mNicIf2'] ?? '';
    await a.inNetns(one.netns, 'ip', 'rule', 'delete', 'priority', '1', 'from', address);
    expect(errorOf(await check())).toEqual(
      cniError(102, 'CHECK_FAILED', `the pod lacks rule 1: from ${address}/32 lookup 2`),
    );
    expect((await callPlugin(a, 'ADD', one, EVERY_CARD)).document).toEqual(one.result);
    expect(await check()).toEqual(DONE);
  });

  test('keeps all of them over the end of the daemon, and is put right when somebody breaks one', async () => {
    const before = heldIn(await a.untilStatus('a daemon', () => true));
    expect(Object.keys(before).toSorted()).toEqual(Object.values(one.addresses).toSorted());
    const pid = await a.daemonPid();
    process.kill(pid, 'SIGKILL');
    await a.untilStatus('another daemon', (status) => status.pid !== pid && status.phase === 'serving');
    expect(heldIn(await a.untilStatus('a daemon', () => true))).toEqual(before);
    const address = one.addresses['mNicIf1'] ?? '';
    await a.text('ip', 'rule', 'delete', 'priority', '1536', 'from', address);
    await a.text('ip', 'route', 'delete', address);
    await until('both to be back', async () => {
      const rules = await a.text('ip', 'rule', 'show', 'from', address);
      const routes = await a.text('ip', 'route', 'show', address);
      return rules.includes('lookup 10101') && routes !== '' ? true : undefined;
    });
    expect(await lostFrom(a, one, [INTERNET])).toEqual([]);
    expect(await callPlugin(a, 'CHECK', one, { config: { prevResult: one.result } })).toEqual(DONE);
  });

  test('DEL frees all, and GC those of which the runtime knows nothing', async () => {
    await removePod(a, one);
    const before = await restingState(a);
    const [kept, lost] = [await addNics(a, 'kept'), await addNics(a, 'lost')];
    const config = { 'cni.dev/valid-attachments': [{ containerID: kept.containerId, ifname: 'eth0' }] };
    expect(await callPlugin(a, 'GC', kept, { config })).toEqual(DONE);
    expect(Object.keys(heldIn(await a.untilStatus('a daemon', () => true))).toSorted()).toEqual(
      Object.values(kept.addresses).toSorted(),
    );
    await removeSandbox(a, lost);
    await removePod(a, kept);
    await until('the host to be as before', async () => ((await restingState(a)) === before ? true : undefined));
  });
});

describe('a card without an address', () => {
  test('is named, nothing of the pod is left, and ordinary pods are served', async () => {
    await fixed.untilStatus('ready', ({ ready }) => ready);
    const first = await addNics(fixed, 'first');
    const before = await restingState(fixed);
    const { sandbox, answer } = await tryNics(fixed, 'second');
    expect(errorOf(answer)).toEqual(cniError(11, 'CARD_EMPTY', 'network card 1 has no address for a pod'));
    await removeSandbox(fixed, sandbox);
    expect(await restingState(fixed)).toBe(before);
    await removePod(fixed, await addPod(fixed, 'plain'));
    await removePod(fixed, first);
    await fixed.untilStatus('the address to have rested', ({ pool }) => pool.cooldown === 0);
    await removePod(fixed, await addNics(fixed, 'third'));
  });

  test('is waited for while EC2 brings more, by this pod alone', async () => {
    const first = await addNics(b, 'first');
    await b.untilStatus('room', ({ pool }) => pool.pending === 0 && pool.free >= 3);
    await vpc.dial('AssignPrivateIpAddresses', '--delay', '2000');
    // The second takes the last address of card 1, the third has to wait for the next.
    const second = await addNics(b, 'second');
    const third = tryNics(b, 'third');
    await b.untilStatus('it to wait', ({ waiting }) => waiting === 1);
    let isServed = false;
    void third.then(() => {
      isServed = true;
    });
    const plain = await addPod(b, 'plain');
    expect(isServed).toBe(false);
    const { sandbox, answer } = await third;
    expect(Object.keys(addressesIn(answer.document))).toEqual(['eth0', 'mNicIf1']);
    await vpc.clearDials();
    for (const pod of [first, second, plain, sandbox]) await removePod(b, pod);
  });

  test('a DEL ends the wait, and nothing is held for the pod', async () => {
    const before = await restingState(b);
    const first = await addNics(b, 'first');
    await vpc.dial('AssignPrivateIpAddresses', '--delay', '2000');
    const second = await addNics(b, 'second');
    const waiting = tryNics(b, 'third');
    await b.untilStatus('it to wait', ({ waiting }) => waiting === 1);
    const third = {
      pod: 'third',
      containerId: second.containerId.replace('second', 'third'),
      netns: '/run/netns/third',
    };
    expect(await callPlugin(b, 'DEL', third)).toEqual(DONE);
    const { sandbox, answer } = await waiting;
    expect(sandbox).toEqual(third);
    expect(errorOf(answer)).toEqual(cniError(3, 'ATTACHMENT_UNKNOWN', 'eth0'));
    await vpc.clearDials();
    await removeSandbox(b, third);
    for (const pod of [first, second]) await removePod(b, pod);
    expect(await restingState(b)).toBe(before);
  });
});

test('a node goes to aws-node and comes back with all NICs of its pods', async () => {
  const pod = await addNics(a, 'given');
  const report = async (word: 'adopt' | 'handback') => {
    const { exitCode, stdout, stderr } = await a.cli(word, '--json');
    expect({ word, exitCode, stderr, stdout }).toMatchObject({ exitCode: 0 });
    return JSON.parse(stdout);
  };
  await a.text('sh', '-c', 'mkdir -p /var/run/aws-node; echo stale > /var/run/aws-node/ipam-nic-2.json');
  await report('handback');
  const files = ['ipam.json', 'ipam-nic-1.json', 'ipam-nic-2.json', 'ipam-nic-3.json'];
  const texts = await Promise.all(files.map((file) => a.text('cat', `/var/run/aws-node/${file}`)));
  const entries = texts.map((text) => JSON.parse(text).allocations);
  const key = { networkName: 'aws-cni', containerID: pod.containerId, ifName: 'eth0' };
  const metadata = { k8sPodNamespace: 'default', k8sPodName: 'given', interfacesCount: 3 };
  const [first, second, third] = Object.values(pod.addresses);
  expect(entries).toMatchObject([
    [{ ...key, ipv4: first, metadata }],
    [{ ...key, ipv4: second, metadata }],
    [],
    [{ ...key, ipv4: third, metadata }],
  ]);
  expect(await lostFrom(a, pod, [INTERNET])).toEqual([]);
  expect(await report('adopt')).toMatchObject({ changed: true, pods: 3 });
  expect(await callPlugin(a, 'CHECK', pod, { config: { prevResult: pod.result } })).toEqual(DONE);
  expect(await lostFrom(a, pod, [INTERNET])).toEqual([]);
  await removePod(a, pod);
  expect(heldIn(await a.untilStatus('a daemon', () => true))).toEqual({});
});

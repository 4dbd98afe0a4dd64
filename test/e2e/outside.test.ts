import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { parseIpv4 } from '../../src/addr/index.ts';
import type { Ec2 } from '../../src/aws/index.ts';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, makeSandbox, removeSandbox, type Sandbox } from '../support/e2e-cni.ts';
import { asOthers } from '../support/e2e-ec2.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('eo');
const a = vpc.node('node-a');
const others = async <T>(work: (ec2: Ec2) => Promise<T>): Promise<T> => asOthers(await vpc.status(), 'node-a', work);

/** The states of all addresses of an ENI, or of every one. */
const states = ({ enis }: StatusDocument): Record<string, string> =>
  Object.fromEntries(enis.flatMap(({ addresses }) => addresses.map(({ address, state }) => [address, state])));
const codes = ({ conditions }: StatusDocument): readonly string[] => (conditions ?? []).map(({ code }) => code);
const freeOf = async (): Promise<string> => {
  const status = await a.untilStatus('a free address', ({ pool }) => pool.free > 0);
  const found = Object.entries(states(status)).find(([, state]) => state === 'free')?.[0];
  if (found === undefined) throw new Error('no address is free');
  return found;
};

async function add(pod: string, node = a): Promise<Sandbox & { readonly address: string }> {
  const sandbox = await makeSandbox(node, pod);
  const answer = await callPlugin(node, 'ADD', sandbox);
  const { ips } = Object(answer.document);
  if (answer.exitCode !== 0) throw new Error(`ADD failed: ${JSON.stringify(answer)}`);
  return { ...sandbox, address: String(ips[0].address).replace('/32', '') };
}

async function remove(sandbox: Sandbox, node = a): Promise<void> {
  expect((await callPlugin(node, 'DEL', sandbox)).exitCode).toBe(0);
  await removeSandbox(node, sandbox);
}

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '300', '--detach-ms', '300');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  await a.untilStatus('two addresses', ({ pool }) => pool.free === 2);
});
afterAll(async () => {
  await vpc.down();
});

describe('what others do to addresses and ENIs', () => {
  test('an address put on a link of the host is given to no pod, and is free when it is taken off', async () => {
    const address = await freeOf();
    await a.text('ip', 'link', 'add', 'alien', 'type', 'bridge');
    await a.text('ip', 'address', 'add', `${address}/32`, 'dev', 'alien');
    const seen = await a.untilStatus('it to be kept out of use', (status) => states(status)[address] === 'quarantine', {
      withinMs: 5_000,
    });
    expect(codes(seen)).toContain('ADDRESS_QUARANTINED');
    // The pool makes up for it, and every pod gets another one.
    const pods = [await add('host-1'), await add('host-2')];
    expect(pods.map((pod) => pod.address)).not.toContain(address);
    await a.text('ip', 'link', 'delete', 'alien');
    const back = await a.untilStatus('it to be used again', (status) => states(status)[address] !== 'quarantine', {
      withinMs: 5_000,
    });
    expect(codes(back)).not.toContain('ADDRESS_QUARANTINED');
    for (const pod of pods) await remove(pod);
    await a.untilStatus('two free addresses', ({ pool }) => pool.total === 2 && pool.free === 2);
  });

  test('an ENI detached by hand gives no address from that moment on; its pods are orphans, the rest goes on', async () => {
    const pods = [];
    for (let n = 0; n < 4; n++) pods.push(await add(`eni-${n}`));
    const full = await a.untilStatus('a second ENI', ({ enis, pool }) => enis.length === 2 && pool.pending === 0);
    const second = full.enis[1];
    if (second === undefined) throw new Error('no second ENI');
    const there = new Set(second.addresses.map(({ address }) => address));
    const victims = pods.filter(({ address }) => there.has(address));
    expect(victims.length).toBeGreaterThan(0);
    await others(async (ec2) => {
      const described = await ec2.describeEni({ eniId: second.id });
      await ec2.detachEni({ attachmentId: described?.attachment?.id ?? '' });
    });
    const gone = await a.untilStatus('the ENI to be gone', ({ enis }) => enis.every(({ id }) => id !== second.id), {
      withinMs: 8_000,
    });
    expect(gone.pool.orphans).toBe(victims.length);
    expect(codes(gone)).toContain('ADDRESS_ORPHANED');
    // Its addresses went with it: what a pod gets now works.
    const next = await add('eni-next');
    expect(there.has(next.address)).toBe(false);
    await others((ec2) => ec2.deleteEni({ eniId: second.id }));
    for (const pod of [...pods, next]) await remove(pod);
    const quiet = await a.untilStatus(
      'nothing to be left of it',
      ({ pool }) => pool.orphans === 0 && pool.assigned === 0 && pool.free >= 2 && pool.cooldown === 0,
    );
    expect(codes(quiet)).not.toContain('ADDRESS_ORPHANED');
    expect(await a.text('ip', 'rule', 'show', 'priority', '512')).toBe('');
  });

  test('addresses unassigned by hand are noticed without a call of ours to EC2 before, and are gone', async () => {
    await a.untilStatus('the pool to stand still', ({ pool }) => pool.free >= 2 && pool.pending === 0);
    const address = await freeOf();
    const status = await a.status();
    const eni = status?.enis.find(({ addresses }) => addresses.some((each) => each.address === address));
    await others((ec2) => ec2.unassignAddresses({ eniId: eni?.id ?? '', addresses: [parseIpv4(address)] }));
    await a.untilStatus(
      'the address to be out of use',
      (now) => (states(now)[address] ?? 'quarantine') === 'quarantine',
      { withinMs: 90_000 },
    );
    await a.untilStatus('the address to be gone', (now) => states(now)[address] === undefined, { withinMs: 60_000 });
    await a.untilStatus('the pool to make up for it', ({ pool }) => pool.free >= 2 && (pool.quarantine ?? 0) === 0);
  });

  test('a node nobody touches asks EC2 nothing', async () => {
    // An idle ENI is kept for a minute.
    await a.untilStatus(
      'the pool to stand still',
      ({ pool, enis }) => pool.pending === 0 && pool.cooldown === 0 && enis.length === 1,
      { withinMs: 90_000 },
    );
    await vpc.forgetCalls();
    await Bun.sleep(35_000);
    expect((await vpc.ec2Calls('node-a')).map(({ action }) => action)).toEqual([]);
  });
});

describe('a start while EC2 is away', () => {
  test('serves the pods it has, and hands out the addresses it knows', async () => {
    const before = await add('away-1');
    await vpc.dial('*', '--error', 'ServiceUnavailable');
    const stopping = performance.now();
    await a.stopDaemon();
    // Nothing was asked of EC2: there is nothing to wait for.
    expect(performance.now() - stopping).toBeLessThan(5_000);
    await a.install();
    const serving = await a.untilStatus('it to serve', ({ phase, ready }) => phase === 'serving' && ready);
    expect(states(serving)[before.address]).toBe('assigned');
    const after = await add('away-2');
    expect(after.address).not.toBe(before.address);
    await a.untilStatus('it to say that EC2 is away', (status) => codes(status).includes('EC2_UNREACHABLE'));
    await vpc.clearDials();
    await a.untilStatus('it to know again', (status) => !codes(status).includes('EC2_UNREACHABLE'), {
      withinMs: 60_000,
    });
    for (const pod of [before, after]) await remove(pod);
    await until('the pool at rest', async () => ((await a.status())?.pool.assigned === 0 ? true : undefined));
  });
});

describe('an ENI that EC2 counts', () => {
  test('an ENI attached by hand is found as soon as its slot is wanted, not at the next slow look', async () => {
    const node = await vpc.addNode('by-hand', '--instance-type', 't3.small');
    await node.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
    await node.install();
    await node.untilStatus('two addresses', ({ pool }) => pool.free === 2);
    const view = (await vpc.status()).nodes.find(({ name }) => name === 'by-hand');
    const instanceId = view?.instanceId ?? 'none';
    const ours = await others(async (ec2) => {
      const request = { subnetId: view?.subnetId ?? 'none', securityGroups: [], description: 'by hand' };
      const holding = { unit: 'address', count: 2 } as const;
      const { id } = await ec2.createEni({ ...request, holding, tags: {}, clientToken: crypto.randomUUID() });
      await ec2.attachEni({ eniId: id, instanceId, deviceIndex: 1, cardIndex: 0 });
      return id;
    });
    await vpc.forgetCalls();
    const pods = [];
    const started = performance.now();
    for (let n = 0; n < 4; n++) pods.push(await add(`slot-${n}`, node));
    expect(performance.now() - started).toBeLessThan(8_000);
    const found = await node.untilStatus('the ENI to be counted', ({ enis }) => enis.some(({ id }) => id === ours));
    expect(found.enis.find(({ id }) => id === ours)?.addresses.some(({ state }) => state === 'assigned')).toBe(true);
    const creations = (await vpc.ec2Calls('by-hand')).filter(({ action }) => action === 'CreateNetworkInterface');
    expect(creations).toHaveLength(1);
    for (const pod of pods) await remove(pod, node);
    await node.untilStatus('its pods to be gone', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
  });
});

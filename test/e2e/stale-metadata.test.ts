import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { parseIpv4 } from '../../src/addr/index.ts';
import { createImds, readInterfaces } from '../../src/aws/index.ts';
import { enterArgv } from '../../src/sim/index.ts';
import { freshVpc } from '../support/e2e.ts';
import { type Ping, startPing } from '../support/e2e-churn.ts';
import { callPlugin, makeSandbox, removeSandbox, type Sandbox } from '../support/e2e-cni.ts';
import { asOthers } from '../support/e2e-ec2.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('sm');
const a = vpc.node('node-a');
const b = vpc.node('node-b');

interface Pod extends Sandbox {
  readonly address: string;
}
const pods = new Map<string, Pod>();
const living = (): readonly string[] => [...pods.values()].map(({ address }) => address);
/** Pods that run from before the metadata stops, or from before the first kill, to the end. */
const pings = new Map<string, Ping>();

async function add(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const sandbox = await makeSandbox(a, name);
    const { exitCode, document } = await callPlugin(a, 'ADD', sandbox);
    expect({ name, exitCode, document }).toMatchObject({ exitCode: 0 });
    const { ips } = document as { ips: readonly { address: string }[] };
    const address = String(ips[0]?.address).replace('/32', '');
    // One owner for each address, also while nobody but us knows better than the metadata.
    expect(living()).not.toContain(address);
    pods.set(name, { ...sandbox, address });
  }
}

async function remove(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pod = pods.get(name);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    expect((await callPlugin(a, 'DEL', pod)).exitCode).toBe(0);
    await removeSandbox(a, pod);
    pods.delete(name);
  }
}

const view = async () => {
  const found = (await vpc.status()).nodes.find(({ name }) => name === 'node-a');
  if (found === undefined) throw new Error('no node-a');
  return found;
};
/** The addresses for pods of each ENI, by device number: as EC2 has them, and as the metadata says. */
const inEc2 = async (): Promise<readonly (readonly string[])[]> =>
  [...(await view()).enis]
    .sort((one, other) => Number(one.deviceIndex) - Number(other.deviceIndex))
    .map(({ addresses }) => addresses.slice(1).sort());
const inMetadata = async (): Promise<readonly (readonly string[])[]> =>
  [...(await readInterfaces(createImds({ endpoint: (await view()).imds })))]
    .sort((one, other) => one.device - other.device)
    .map(({ addresses }) => addresses.slice(1).map(String).sort());

/** Every pod reaches another node, and is answered there: a wrong or lost address is delivered to nobody. */
async function allReachable(): Promise<void> {
  const target = (await vpc.status()).nodes.find(({ name }) => name === 'node-b')?.address ?? 'none';
  const reached = await Promise.all(
    [...pods].map(async ([name, { netns, address }]) => {
      const { exitCode } = await a.inNetns(netns, 'ping', '-n', '-q', '-c', '2', '-i', '0.1', '-W', '1', target);
      return `${name} at ${address}: ${exitCode}`;
    }),
  );
  expect(reached).toEqual([...pods].map(([name, { address }]) => `${name} at ${address}: 0`));
}

/** What the daemon and EC2 say of the pods is what we know of them. */
async function agreed(): Promise<void> {
  const { enis, pool } = await a.untilStatus('the pool to stand still', (now) => now.pool.pending === 0);
  const assigned = enis.flatMap(({ addresses }) => addresses.filter(({ state }) => state === 'assigned'));
  expect(assigned.map(({ address, pod }) => `${pod} ${address}`).sort()).toEqual(
    [...pods].map(([name, { address }]) => `default/${name} ${address}`).sort(),
  );
  expect(pool.orphans).toBe(0);
  const held = (await inEc2()).flat();
  for (const address of living()) expect(held).toContain(address);
}

async function restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const before = await a.daemonPid();
  process.kill(before, signal);
  await a.untilStatus('the next daemon', ({ pid, phase }) => pid !== before && phase === 'serving');
}

const unreachable = (is: boolean) =>
  a.untilStatus(
    `EC2 ${is ? 'not ' : ''}to be heard`,
    ({ conditions = [] }) => conditions.some(({ code }) => code === 'EC2_UNREACHABLE') === is,
    { withinMs: 60_000 },
  );

const follow = (...names: readonly string[]): void => {
  for (const name of names) pings.set(name, startPing(enterArgv(b.paths), pods.get(name)?.address ?? 'none'));
};

beforeAll(async () => {
  await vpc.up('--nodes', '2', '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
  await a.configure('WARM_IP_TARGET=3', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
});
afterAll(async () => {
  for (const ping of pings.values()) await ping.end();
  await vpc.down();
});

/**
 * The scenario of upstream's open reports. The simulator's clock is moved ahead by the five minutes by which the metadata
 * lags from then on: what it says at any moment of this test is what was so five minutes of EC2's time before, which is
 * the state at this very moment, whatever happens in the next five minutes. Only the waiting is left out.
 */
test('pods on two ENIs, then the metadata stops for five minutes while addresses and ENIs come and go', async () => {
  await add('early-1', 'early-2');
  await a.untilStatus('warm addresses on two ENIs', ({ pool, enis }) => enis.length === 2 && pool.total === 5);
  await vpc.json('clock', '--advance', '5m');
  await vpc.dial('IMDS', '--lag', '300000');
  const then = await inEc2();
  expect(then.map(({ length }) => length)).toEqual([3, 2]);
  follow('early-1', 'early-2');
  await a.configure('WARM_IP_TARGET=1', 'IP_COOLDOWN_PERIOD=1');
  await restart('SIGTERM');
  await a.untilStatus('addresses to be given back', ({ pool }) => pool.total === 3 && pool.pending === 0);
  await add('late-1', 'late-2', 'late-3', 'late-4', 'late-5');
  await a.untilStatus('a third ENI', ({ pool, enis }) => enis.length === 3 && pool.free === 1 && pool.pending === 0);
  follow('late-1', 'late-2', 'late-3', 'late-4', 'late-5');
  // The second ENI is listed with addresses that are gone and without those of live pods; the third is not listed.
  const [, second = [], third = []] = await inEc2();
  expect(await inMetadata()).toEqual(then);
  expect(second.filter((address) => then.flat().includes(address))).toEqual([]);
  expect(third.filter((address) => living().includes(address))).toHaveLength(1);
});

test('killed in that time while EC2 is changed by hand, the daemon gives no pod a wrong address, and fills the node', async () => {
  const { enis } = await a.untilStatus('a free address', ({ pool }) => pool.free === 1);
  const [eni] = enis.filter(({ addresses }) => addresses.some(({ state }) => state === 'free'));
  const free = eni?.addresses.find(({ state }) => state === 'free')?.address ?? 'none';
  const unassigned = { eniId: eni?.id ?? 'none', addresses: [parseIpv4(free)] };
  await asOthers(await vpc.status(), 'node-a', (ec2) => ec2.unassignAddresses(unassigned));
  await vpc.forgetCalls();
  await restart('SIGKILL');
  await agreed();
  expect(await a.text('cat', '/run/vpc-cni/ipamd.log')).toContain('is not believed');
  await add('last-1', 'last-2');
  expect(pods.size).toBe(9);
  expect(living()).not.toContain(free);
  await agreed();
  await allReachable();
});

test('nor after pods have gone, addresses were given back, and it was killed again', async () => {
  await remove('last-1', 'last-2');
  await a.untilStatus('the spare address to be given back', ({ pool }) => pool.total === 8 && pool.cooldown === 0);
  await restart('SIGKILL');
  await agreed();
  await add('again-1', 'again-2');
  await agreed();
  await allReachable();
});

test('nor while EC2 does not answer either: our own notes come before the metadata', async () => {
  await remove('again-2');
  await a.untilStatus('it to be free again', ({ pool }) => pool.free === 1 && pool.cooldown === 0);
  await vpc.dial('*', '--error', 'ServiceUnavailable');
  await restart('SIGKILL');
  await agreed();
  await add('away-1');
  await agreed();
  await allReachable();
  await unreachable(true);
  await vpc.dial('*', '--clear');
  await unreachable(false);
});

test('no address of a live pod was released, no packet was lost, and metadata that is right again changes nothing', async () => {
  await vpc.clearDials();
  await restart('SIGKILL');
  await agreed();
  await allReachable();
  expect(await inMetadata()).toEqual(await inEc2());
  const released = (await vpc.ec2Calls('node-a'))
    .filter(({ action }) => action === 'UnassignPrivateIpAddresses')
    .flatMap(({ parameters }) => Object.entries(parameters))
    .flatMap(([name, value]) => (name.startsWith('PrivateIpAddress.') ? [value] : []));
  // The one that both "last" pods left over.
  expect(released).toHaveLength(1);
  const followed = [...pings.keys()].map((name) => pods.get(name)?.address);
  for (const address of released) expect(followed).not.toContain(address);
  expect((await vpc.ec2Calls('node-a')).filter(({ action }) => /^(Detach|Delete)Network/.test(action))).toEqual([]);
  for (const [name, ping] of pings) {
    const { answered, lost } = await ping.end();
    expect({ name, lost }).toEqual({ name, lost: [] });
    expect(answered).toBeGreaterThan(20);
  }
});

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { enterArgv } from '../../src/sim/index.ts';
import { Containerd, type CriPod, type PodWish } from '../support/containerd.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { startPing } from '../support/e2e-churn.ts';
import { heldIn } from '../support/e2e-pods.ts';
import { networkState } from '../support/e2e-state.ts';
import { lastSecond, type Place, seenFrom, serveIn } from '../support/e2e-traffic.ts';

setDefaultTimeout(240_000);

const PODS = 50;
/** All that the four ENIs of an m5.xlarge hold, so that ENIs neither come nor go with pods. */
const ADDRESSES = 56;
const PORT = 80;
const FIRST_HOST_PORT = 30_000;
const LIMIT_BITS = 80_000_000;

const vpc = freshVpc('cd');
const a = vpc.node('node-a');
const b = vpc.node('node-b');
const containerd = new Containerd(a);
let primary = '';
let quiet = '';
let pods: readonly CriPod[] = [];

const hostPort = (index: number): number => FIRST_HOST_PORT + index;
const wish = (index: number, more: Partial<PodWish> = {}): PodWish => ({
  name: `pod-${index}`,
  ports: (['TCP', 'UDP'] as const).map((protocol) => ({ protocol, pod: PORT, host: hostPort(index) })),
  ...more,
});
const indexOf = ({ name }: CriPod): number => Number(name.replace('pod-', ''));
const placeOf = ({ netns }: CriPod): Place => ({ node: a, netns });

/** Every address that can be is there, and none is used. */
const full = ({ pool }: StatusDocument): boolean => pool.free === ADDRESSES && pool.pending === 0;

/** portmap's own rules count. */
const uncounted = (state: string): string => state.replaceAll(/packets \d+ bytes \d+/g, '');

/** What pods were told, as the daemon would say it. */
const told = (all: readonly CriPod[]): Readonly<Record<string, string>> =>
  Object.fromEntries(all.map(({ address, name }) => [address, `default/${name}`]));

beforeAll(async () => {
  await vpc.up('--nodes', '2', '--instance-type', 'm5.xlarge', '--attach-ms', '200', '--detach-ms', '200');
  const { nodes } = await vpc.status();
  primary = nodes.find(({ name }) => name === 'node-a')?.address ?? '';
  await containerd.setUp();
});
afterAll(async () => {
  try {
    await containerd.tearDown();
  } finally {
    await vpc.down();
  }
});

test('the runtime has a network once ipamd has an address, and not before', async () => {
  expect(await containerd.networkReady()).toBe(false);
  await a.configure(
    'WARM_IP_TARGET=1',
    `MINIMUM_IP_TARGET=${ADDRESSES}`,
    'IP_COOLDOWN_PERIOD=1',
    'ENABLE_BANDWIDTH_PLUGIN=true',
  );
  await a.install();
  await until('the runtime to see the conflist', async () => ((await containerd.networkReady()) ? true : undefined));
});

test('one pod comes and goes', async () => {
  const { id, address, ready } = await containerd.add(wish(0));
  const status = await a.untilStatus('the pod', ({ pool }) => pool.assigned === 1);
  expect({ ready, held: heldIn(status) }).toEqual({ ready: true, held: { [address]: 'default/pod-0' } });
  await containerd.remove(id);
  await a.untilStatus('a full pool', full);
  // The chains that portmap makes once and keeps are there from now on.
  quiet = uncounted(await networkState(a));
});

test('50 pods at once, each with an address and two ports of its own', async () => {
  pods = await Promise.all(Array.from({ length: PODS }, (_, index) => containerd.add(wish(index))));
  expect(new Set(pods.map(({ address }) => address)).size).toBe(PODS);
  const status = await a.untilStatus('all of them', ({ pool }) => pool.assigned === PODS);
  expect(heldIn(status)).toEqual(told(pods));
  const lost = await Promise.all(
    pods.map(async ({ name, netns, address }, index) => {
      const next = pods[(index + 1) % PODS]?.address ?? '';
      const out = await a.inNetns(netns, 'sh', '-c', `ping -nqc1 -W5 198.51.100.1 && ping -nqc1 -W5 ${next}`);
      const to = await b.run(['ping', '-nqc1', '-W5', address]);
      return out.exitCode === 0 && to.exitCode === 0 ? [] : [name];
    }),
  );
  expect(lost.flat()).toEqual([]);
});

describe('host ports', () => {
  const reached = async (pod: CriPod) => {
    using _server = await serveIn(placeOf(pod), PORT);
    const port = hostPort(indexOf(pod));
    const other = pods.find((each) => each !== pod);
    if (other === undefined) throw new Error('there is one pod only');
    const [tcp, udp, neighbour, itself, host] = await Promise.all([
      seenFrom({ node: b }, 'tcp', primary, port),
      seenFrom({ node: b }, 'udp', primary, port),
      seenFrom(placeOf(other), 'tcp', primary, port),
      seenFrom(placeOf(pod), 'tcp', primary, port),
      seenFrom({ node: a }, 'tcp', '127.0.0.1', port),
    ]);
    return { tcp, udp, neighbour: neighbour === other.address, itself: itself !== '', host: host !== '' };
  };
  const podsOn = async (place: 'primary' | 'secondary'): Promise<CriPod> => {
    const { nodes } = await vpc.status();
    const [first] = nodes.find(({ name }) => name === 'node-a')?.enis ?? [];
    const found = pods.find(({ address }) => first?.addresses.includes(address) === (place === 'primary'));
    if (found === undefined) throw new Error(`no pod on a ${place} ENI`);
    return found;
  };

  test.each(['primary', 'secondary'] as const)('of a pod on a %s ENI are reached from everywhere', async (place) => {
    const { nodes } = await vpc.status();
    const client = nodes.find(({ name }) => name === 'node-b')?.address ?? '';
    const expected = { tcp: client, udp: client, neighbour: true, itself: true, host: true };
    expect(await reached(await podsOn(place))).toEqual(expected);
  });
});

test('containerd and ipamd are killed: no pod loses a packet, and both go on with what is there', async () => {
  const pings = pods.slice(0, 8).map(({ name, netns }, index) => {
    const to = pods[PODS - 1 - index];
    const argv = [...enterArgv(a.paths), 'nsenter', `--net=${netns}`, '--'] as const;
    return { name, ping: startPing([...argv], to?.address ?? '') };
  });
  await containerd.stop('SIGKILL');
  process.kill(await a.daemonPid(), 'SIGKILL');
  await containerd.start();
  const after = await Promise.all((await containerd.list()).map((id) => containerd.look(id)));
  const byName = (all: readonly CriPod[]) => [...all].sort((one, other) => one.name.localeCompare(other.name));
  expect(byName(after)).toEqual(byName(pods));
  const late = await containerd.add(wish(PODS));
  const status = await a.untilStatus('all pods', ({ pool }) => pool.assigned === PODS + 1);
  expect(heldIn(status)).toEqual(told([...pods, late]));
  await containerd.remove(late.id);
  for (const { name, ping } of pings) {
    const { answered, lost } = await ping.end();
    expect({ name, lost, some: answered > 5 }).toEqual({ name, lost: [], some: true });
  }
});

test('ipamd is killed while pods are made: each of them comes up', async () => {
  const gone = pods.slice(0, 10);
  await Promise.all(gone.map(({ id }) => containerd.remove(id)));
  const making = gone.map((pod) => containerd.add(wish(indexOf(pod), { attempt: 1 })));
  await until('a pod half-way', async () =>
    (await a.run(['find', '/run/netns', '-newer', '/run/vpc-cni/cni.sock', '-name', 'cni-*'])).stdout === ''
      ? undefined
      : true,
  );
  process.kill(await a.daemonPid(), 'SIGKILL');
  const made = await Promise.all(making);
  pods = [...pods.slice(10), ...made];
  const status = await a.untilStatus('all pods', ({ pool }) => pool.assigned === PODS);
  expect(heldIn(status)).toEqual(told(pods));
});

test('bandwidth is limited in both directions', async () => {
  const [spare, free, ...others] = pods;
  if (spare === undefined || free === undefined) throw new Error('no pods');
  await containerd.remove(spare.id);
  const limit = `${LIMIT_BITS / 1e6}M`;
  const limited = await containerd.add({
    name: 'pod-limited',
    annotations: { 'kubernetes.io/ingress-bandwidth': limit, 'kubernetes.io/egress-bandwidth': limit },
  });
  pods = [limited, free, ...others];
  // containerd asks for the largest burst there is, 512 MiB: only what comes after it is held back.
  const bytes = 2 ** 29 + 20_000_000;
  using _in = await serveIn(placeOf(limited), PORT);
  using _free = await serveIn(placeOf(free), PORT);
  using _out = await serveIn({ node: a }, PORT);
  const most = (LIMIT_BITS / 8) * 1.1;
  const least = (LIMIT_BITS / 8) * 0.5;
  const into = await lastSecond({ node: a }, limited.address, PORT, bytes);
  const out = await lastSecond(placeOf(limited), primary, PORT, bytes);
  const unlimited = await lastSecond({ node: a }, free.address, PORT, bytes);
  for (const rate of [into, out]) {
    expect(rate).toBeGreaterThan(least);
    expect(rate).toBeLessThan(most);
  }
  expect(unlimited).toBeGreaterThan(3 * most);
});

test('pods are removed while ipamd is down: the runtime succeeds, and ipamd follows', async () => {
  const gone = pods.slice(0, 10);
  await a.stopDaemon();
  await Promise.all(gone.map(({ id }) => containerd.stopPod(id)));
  await a.install();
  pods = pods.slice(10);
  const status = await a.untilStatus('the others', ({ pool }) => pool.assigned === PODS - 10);
  expect(heldIn(status)).toEqual(told(pods));
  await Promise.all(gone.map(({ id }) => containerd.remove(id)));
});

test('all pods go, and nothing is left of them', async () => {
  await Promise.all(pods.map(({ id }) => containerd.remove(id)));
  expect(await containerd.list()).toEqual([]);
  await a.untilStatus('a full pool', full);
  expect(uncounted(await networkState(a))).toBe(quiet);
  for (const folder of ['/run/netns', '/var/lib/cni/results', '/run/vpc-cni/spool'])
    expect({ folder, files: await a.text('ls', '-A', folder) }).toEqual({ folder, files: '' });
  await until('nothing to be written down any more', async () =>
    JSON.parse(await a.text('cat', '/run/vpc-cni/ipam.json')).allocations.length === 0 ? true : undefined,
  );
});

test('the runtime has no network any more once we are uninstalled', async () => {
  await a.uninstall();
  await until('the runtime to see it', async () => ((await containerd.networkReady()) ? undefined : true));
});

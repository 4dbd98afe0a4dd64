import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { difference, readAll, showAll } from '../support/damages.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { addPod, expectLive, type RunningPod } from '../support/e2e-pods.ts';
import { lines } from '../support/netns.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('ed');
const a = vpc.node('node-a');
const pods: RunningPod[] = [];

/** How often something was put back, by kind. */
async function repairs(): Promise<Readonly<Record<string, number>>> {
  const text = await a.text('curl', '-sf', 'http://127.0.0.1:61678/metrics');
  const found = [...text.matchAll(/^vpccni_drift_repairs_total\{kind="([a-z-]+)"\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, kind = '', count]) => [kind, Number(count)]));
}

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '100');
  await a.configure('WARM_IP_TARGET=1', 'MINIMUM_IP_TARGET=6');
  await a.install();
  await a.untilStatus('six addresses', ({ pool }) => pool.free >= 6 && pool.pending === 0);
  for (const name of ['one', 'two', 'three', 'four', 'five']) pods.push(await addPod(a, name));
  await a.untilStatus('a quiet pool', ({ pool }) => pool.free >= 1 && pool.pending === 0);
});
afterAll(async () => {
  await vpc.down();
});

test('the daemon puts back what somebody takes away, counts it, and changes nothing when it starts again', async () => {
  const sh = (script: string): Promise<string> => a.text('sh', '-c', script);
  const [hostEnd = ''] = lines(await sh('ip -o link show')).flatMap((line) => /^\d+: (eni\w+)/.exec(line)?.[1] ?? []);
  const whole = readAll(await sh(showAll(hostEnd)));
  const left = async (): Promise<readonly string[]> => difference(whole, readAll(await sh(showAll(hostEnd))));
  const none = { link: 0, address: 0, route: 0, rule: 0, neighbour: 0, 'packet-rules': 0, sysctl: 0 };
  expect(await repairs()).toEqual(none);
  await sh(`ip link set ${hostEnd} down; ip addr flush dev eth1 scope global
    ip rule flush protocol 90; ip route flush proto 90 table all; nft delete table ip vpc-cni
    echo 0 > /proc/sys/net/ipv4/ip_forward`);
  await until('all to be as before', async () => ((await left()).length === 0 ? true : undefined), { last: left });
  const counted = await repairs();
  expect(Object.entries(counted).filter(([kind, count]) => kind !== 'neighbour' && count === 0)).toEqual([]);
  await expectLive(a, pods);
  const pid = await a.daemonPid();
  process.kill(pid, 'SIGKILL');
  await a.untilStatus('the next daemon', (status) => status.pid !== pid && status.ready);
  // Its first look comes after a second.
  await Bun.sleep(2_500);
  expect([await left(), await repairs()]).toEqual([[], none]);
});

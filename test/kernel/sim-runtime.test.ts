import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { nodePaths, rebootMachine } from '../../src/sim/node/index.ts';
import { addPod, deletePod, listPods, podArgv, podView } from '../../src/sim/runtime/index.ts';
import { systemClock, systemExec } from '../../src/sys/index.ts';
import { createWorld, type World } from '../support/sim-world.ts';

// Debian's containernetworking-plugins: programs that know nothing of us, and hold us to the specification.
const STOCK_PLUGINS = '/usr/lib/cni';
const PTP = {
  type: 'ptp',
  ipam: { type: 'host-local', subnet: '172.20.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
} as const;

async function withConflist(world: World, plugins: readonly object[]) {
  await world.run('a1', 'mkdir', '-p', '/opt/cni', '/etc/cni/net.d');
  await world.run('a1', 'cp', '-rT', STOCK_PLUGINS, '/opt/cni/bin');
  const text = JSON.stringify({ cniVersion: '1.0.0', name: 'stock', plugins });
  await world.run('a1', 'sh', '-c', 'echo "$0" > /etc/cni/net.d/10-stock.conflist', text);
  return { exec: systemExec, clock: systemClock, paths: nodePaths(world.names, 'a1') };
}

const pod = (name: string) => ({ namespace: 'default', pod: name });

async function leftovers(world: World): Promise<string> {
  const links = await world.run('a1', 'ip', '-brief', 'link');
  const files = await world.run(
    'a1',
    'find',
    '/run/netns',
    '/var/lib/cni',
    '-type',
    'f',
    '!',
    '-name',
    'last_reserved_ip*',
  );
  return `${links
    .split('\n')
    .filter((line) => line.startsWith('veth'))
    .join('\n')}${files.replace(/.*lock\n/, '')}`;
}

test('pods are wired by the chain of their node, listed, and unwired without a trace', async () => {
  await using world = await createWorld();
  const runtime = await withConflist(world, [
    PTP,
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'tuning' },
  ]);
  const added = await Promise.all(['one', 'two', 'three'].map((name) => addPod(runtime, pod(name))));
  expect(added.map((view) => view.addresses.length)).toEqual([1, 1, 1]);
  expect(listPods(runtime.paths).map((view) => [view.pod, view.netns])).toEqual([
    ['one', '/run/netns/default_one'],
    ['three', '/run/netns/default_three'],
    ['two', '/run/netns/default_two'],
  ]);
  const { netns, addresses } = podView(runtime.paths, pod('one'));
  const inside = await systemExec.run({ argv: [...podArgv(runtime.paths, netns), 'ip', '-brief', '-4', 'addr'] });
  expect(inside.stdout.replace(/@if\d+/, '').split(/\s+/)).toEqual([
    'lo',
    'UNKNOWN',
    '127.0.0.1/8',
    'eth0',
    'UP',
    `${addresses[0]}/24`,
    '',
  ]);
  await expect(addPod(runtime, pod('one'))).rejects.toThrow('node a1 already has a pod default/one');
  for (const name of ['two', 'one', 'three']) await deletePod(runtime, pod(name));
  expect(await leftovers(world)).toBe('');
  await expect(deletePod(runtime, pod('one'))).rejects.toThrow('node a1 has no pod default/one');
});

test('of several that add the same pod at once one makes it, and nobody undoes it; deleting waits for it', async () => {
  await using world = await createWorld();
  const runtime = await withConflist(world, [PTP]);
  const name = pod('one');
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => addPod(runtime, name)));
  expect(outcomes.map((one) => (one.status === 'rejected' ? one.reason.code : 'added')).sort()).toEqual([
    'SIM_POD_EXISTS',
    'SIM_POD_EXISTS',
    'added',
  ]);
  const { netns, running } = podView(runtime.paths, name);
  expect(running).toBe(true);
  const inside = await systemExec.run({ argv: [...podArgv(runtime.paths, netns), 'ip', '-brief', 'addr'] });
  expect(inside.stdout).toMatch(/^eth0@if\d+ +UP /m);
  await deletePod(runtime, name);
  await Promise.all([addPod(runtime, name), deletePod(runtime, name)]);
  expect(listPods(runtime.paths)).toEqual([]);
  expect(await leftovers(world)).toBe('');
});

test('a node that is booted again meanwhile is what is told, not the program that was killed', async () => {
  await using world = await createWorld();
  const runtime = await withConflist(world, [{ type: 'slow' }]);
  const script = '#!/bin/sh\ntouch /var/asked\nsleep 600\n';
  await world.run('a1', 'sh', '-c', 'echo "$0" > /opt/cni/bin/slow && chmod 755 /opt/cni/bin/slow', script);
  const outcome = addPod(runtime, pod('one')).then(
    () => 'added',
    (error: unknown) => error,
  );
  const asked = (): boolean => existsSync(`${runtime.paths.upper}/var/asked`);
  for (const deadline = performance.now() + 10_000; !asked() && performance.now() < deadline; ) await Bun.sleep(5);
  await rebootMachine(systemExec, world.names, 'a1');
  expect(await outcome).toMatchObject({ code: 'SIM_NODE_STOPPED', details: { node: 'a1', pod: 'default/one' } });
});

test('a chain that fails in the middle is undone, and says what its plugin said', async () => {
  await using world = await createWorld();
  const runtime = await withConflist(world, [PTP, { type: 'tuning', sysctl: { 'net.ipv4.nothing': '1' } }]);
  await expect(addPod(runtime, pod('one'))).rejects.toMatchObject({
    code: 'SIM_PLUGIN_FAILED',
    details: { command: 'ADD', plugin: 'tuning', pod: 'default/one' },
  });
  expect([await leftovers(world), listPods(runtime.paths)]).toEqual(['', []]);
});

test('a node without a usable configuration gets no pod', async () => {
  await using world = await createWorld();
  const paths = nodePaths(world.names, 'a1');
  await expect(addPod({ exec: systemExec, clock: systemClock, paths }, pod('one'))).rejects.toThrow(
    'there is no .conflist',
  );
  expect([await leftovers(world), listPods(paths)]).toEqual(['', []]);
});

test('a reboot ends pods, whose DEL is then still owed', async () => {
  await using world = await createWorld();
  const runtime = await withConflist(world, [PTP]);
  await addPod(runtime, pod('one'));
  await rebootMachine(systemExec, world.names, 'a1');
  expect(listPods(runtime.paths).map((view) => [view.pod, view.running])).toEqual([['one', false]]);
  await expect(addPod(runtime, pod('one'))).rejects.toThrow('node a1 already has a pod default/one');
  await deletePod(runtime, pod('one'));
  expect(listPods(runtime.paths)).toEqual([]);
  expect((await addPod(runtime, pod('one'))).running).toBe(true);
});

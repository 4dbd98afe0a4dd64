import { expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { vpcNames } from '../../src/sim/index.ts';
import {
  createMachine,
  enterArgv,
  nodePaths,
  rebootMachine,
  removeMachine,
  removeRemains,
} from '../../src/sim/node/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { machineState } from '../support/machine-state.ts';
import { createWorld, freshVpcName, type World } from '../support/sim-world.ts';

/** A program that runs on a node until somebody ends it; resolves when it is in there. */
async function startOn(world: World, node: string): Promise<Bun.Subprocess<'ignore', 'pipe', 'inherit'>> {
  const words = [...enterArgv(nodePaths(world.names, node)), 'sh', '-c', 'echo there; exec sleep 1000'];
  const child = Bun.spawn(words, { stdin: 'ignore', stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value ?? []).toString()).toBe('there\n');
  return child;
}

test('a node looks like a machine of its own: its links, its boot, what an EKS image sets, and no CNI', async () => {
  await using world = await createWorld({ nodes: [['a1']] });
  const read = async (path: string): Promise<string> => (await world.run('a1', 'cat', path)).trim();
  const sysctl = (path: string): Promise<string> => read(`/proc/sys/net/ipv4/${path}`);
  expect([
    await sysctl('ip_forward'),
    await sysctl('conf/all/rp_filter'),
    await sysctl('conf/eth0/rp_filter'),
    await world.run('a1', 'ls', '/sys/class/net'),
    await world.run('a1', 'ls', '/run/lock', '/run/netns'),
    await world.run('a1', 'ls', '/var/lib/cni', '/var/lib/cni/results'),
    await world.run('a1', 'ls', '/etc/vpc-cni/conf.d'),
    (await read('/proc/sys/kernel/random/boot_id')) === readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  ]).toEqual([
    '1',
    '0',
    '1',
    'eth0\nlo\n',
    '/run/lock:\n\n/run/netns:\n',
    '/var/lib/cni:\nresults\n\n/var/lib/cni/results:\n',
    '00-simulator.env\n',
    false,
  ]);
});

test('a lock that a program of root holds on one node keeps nobody waiting on another', async () => {
  await using world = await createWorld({ nodes: [['a1', 'a2']] });
  const words = ['flock', '/root', 'sh', '-c', 'echo there; exec sleep 1000'];
  const holder = Bun.spawn([...enterArgv(nodePaths(world.names, 'a1')), ...words], { stdin: 'ignore', stdout: 'pipe' });
  await holder.stdout.getReader().read();
  const tries = ['sh', '-c', 'flock --nonblock /root true && echo free || echo held'] as const;
  expect([await world.run('a1', ...tries), await world.run('a2', ...tries)]).toEqual(['held\n', 'free\n']);
  expect(await world.run('a1', 'stat', '-c', '%a', '/root')).toBe(`${(statSync('/root').mode & 0o777).toString(8)}\n`);
  holder.kill('SIGKILL');
  await holder.exited;
});

test('a node that is booted again or removed ends every program on it', async () => {
  const before = await machineState();
  {
    await using world = await createWorld({ nodes: [['a1', 'a2']] });
    const [first, other] = [await startOn(world, 'a1'), await startOn(world, 'a2')];
    await rebootMachine(systemExec, world.names, 'a1');
    expect([await first.exited, first.signalCode, other.exitCode]).toEqual([137, 'SIGKILL', null]);
    const second = await startOn(world, 'a1');
    await removeMachine(systemExec, world.names, 'a1');
    expect([await second.exited, second.signalCode, other.exitCode]).toEqual([137, 'SIGKILL', null]);
    expect(existsSync(nodePaths(world.names, 'a1').directory)).toBe(false);
    await removeMachine(systemExec, world.names, 'a1');
    other.kill('SIGKILL');
    await other.exited;
  }
  expect(await machineState()).toBe(before);
});

test('a node that cannot be made is undone; one that exists is left alone', async () => {
  await using world = await createWorld({ nodes: [['a1']] });
  const name = `${world.names.vpc}-a2`;
  await systemExec.run({ argv: ['ip', 'netns', 'add', name] });
  try {
    await expect(createMachine(systemExec, world.names, 'a2')).rejects.toMatchObject({ code: 'SIM_NETNS_TAKEN' });
    expect(existsSync(nodePaths(world.names, 'a2').directory)).toBe(false);
  } finally {
    await systemExec.run({ argv: ['ip', 'netns', 'delete', name] });
  }
  await expect(createMachine(systemExec, world.names, 'a1')).rejects.toMatchObject({ code: 'SIM_NODE_EXISTS' });
  expect(await world.run('a1', 'ls', '/sys/class/net')).toBe('eth0\nlo\n');
});

/** In a mount namespace of its own, where the machine has a CNI and something else; "$0" is the VPC, "$@" our command. */
const WITH_CNI = `
set -e
mount -t tmpfs tmpfs /opt
mkdir -p /opt/cni/bin /opt/other
"$@" up --name "$0" --nodes 1 >/dev/null
"$@" exec --name "$0" node-a -- ls /opt
"$@" exec --name "$0" node-a -- mkdir -p /opt/cni/bin/own
ls /opt/cni/bin
"$@" down --name "$0"`;

test('a node does not see the CNI of the machine, and what it installs is not on the machine', async () => {
  const before = await machineState();
  const name = freshVpcName();
  const sim = [process.execPath, join(import.meta.dir, '../../src/bin/main.ts'), 'sim'];
  const unshared = ['--mount', '--propagation', 'private', '--', 'sh', '-c', WITH_CNI, name, ...sim];
  try {
    const { stdout } = await systemExec.run({ argv: ['unshare', ...unshared], timeoutMs: 60_000 });
    expect(stdout).toBe(`other\n${name} is gone\n`);
  } finally {
    await removeRemains(systemExec, vpcNames(name));
  }
  expect(await machineState()).toBe(before);
}, 60_000);

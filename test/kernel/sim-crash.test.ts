import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vpcNames } from '../../src/sim/index.ts';
import { machineState } from '../support/machine-state.ts';
import { Cli } from '../support/sim-cli.ts';

/** The daemons of a VPC, by the words they were started with. */
function daemons(name: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes('serve') && words[words.indexOf('--name') + 1] === name;
      } catch {
        return false;
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Runs a command and, as soon as something is so, kills it, its daemon, or both; returns once the command has ended. */
async function killWhen(
  cli: Cli,
  words: readonly string[],
  options: { readonly is: () => boolean; readonly victims: readonly ('command' | 'daemon')[] },
): Promise<void> {
  const command = cli.start(words);
  const ended = command.exited.then(() => 'ended' as const);
  const deadline = performance.now() + 20_000;
  // A moment may pass unseen, on a machine that is busy elsewhere: then the command just ends, which must be fine as well.
  while (!options.is() && performance.now() < deadline) {
    const turn = await Promise.race([
      ended,
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (turn === 'ended') break;
  }
  if (options.victims.includes('daemon')) for (const pid of daemons(cli.name)) kill(pid);
  if (options.victims.includes('command')) command.kill('SIGKILL');
  await ended;
}

const VICTIMS = [['command'], ['daemon'], ['command', 'daemon']] as const;

describe('whatever is killed, and whenever, "sim down" leaves nothing', () => {
  const moments = (cli: Cli) => {
    const { stateDir } = vpcNames(cli.name);
    const there = (path: string) => (): boolean => existsSync(`${stateDir}${path}`);
    const gone = (path: string) => (): boolean => !existsSync(`${stateDir}${path}`);
    return {
      up: [there(''), there('/plan.json'), there('/daemon.log'), there('/daemon.json'), there('/netns/router')],
      add: [
        there('/nodes/node-b'),
        there('/netns/node-b'),
        there('/nodes/node-b/mnt'),
        there('/nodes/node-b/run/lock'),
      ],
      reboot: [gone('/nodes/node-a/mnt'), gone('/netns/node-a'), gone('/nodes/node-a/run')],
      down: [gone('/netns/node-a'), gone('/netns/router'), gone('/daemon.json')],
    };
  };

  for (const victims of VICTIMS)
    test(`${victims.join(' and ')} killed during up`, async () => {
      const before = await machineState();
      await using cli = new Cli();
      for (const is of moments(cli).up) {
        await killWhen(cli, ['up', '--nodes', '1'], { is, victims });
        await cli.sim(['down']);
        expect([daemons(cli.name), await machineState()]).toEqual([[], before]);
      }
    }, 120_000);

  for (const [order, words] of [
    ['add', ['node', 'add', 'node-b']],
    ['reboot', ['node', 'reboot', 'node-a']],
    ['down', ['down']],
  ] as const)
    test(`the daemon, or the command, killed during ${words.join(' ')}`, async () => {
      const before = await machineState();
      await using cli = new Cli();
      for (const [index, is] of moments(cli)[order].entries()) {
        await cli.sim(['up', '--nodes', '1']);
        await killWhen(cli, words, {
          is,
          victims: order === 'down' ? ['command'] : (VICTIMS[index % 3] ?? ['daemon']),
        });
        await cli.sim(['down']);
        expect([daemons(cli.name), await machineState()]).toEqual([[], before]);
      }
    }, 120_000);
});

test('an interrupt during up undoes what was started, and says so', async () => {
  const before = await machineState();
  await using cli = new Cli();
  const { stateDir } = vpcNames(cli.name);
  const command = cli.start(['up', '--nodes', '20']);
  const deadline = performance.now() + 20_000;
  while (!existsSync(`${stateDir}/nodes/node-b`) && performance.now() < deadline) await Bun.sleep(1);
  command.kill('SIGINT');
  expect(await command.exited).toBe(1);
  expect(await new Response(command.stderr).text()).toContain('SIM_INTERRUPTED: ended by SIGINT');
  expect([daemons(cli.name), await machineState()]).toEqual([[], before]);
}, 60_000);

/** Pids of processes with these words. */
function pidsOf(...words: readonly string[]): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${words.join('\0')}\0`;
      } catch {
        return false;
      }
    });
}

test('processes in namespaces of their own, as containers have, end with their node, and no others', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '2']);
  // Nobody else sleeps for so long.
  const long = (index: number): string => `${process.pid}${index}`;
  const contained = (index: number): string =>
    ['-m', '-mn', '-mnpf'].map((kinds) => `unshare ${kinds} sleep ${long(index)} > /dev/null 2>&1 &`).join(' ');
  const running = (): readonly number[] => [1, 2, 3].map((index) => pidsOf('sleep', long(index)).length);
  const until = async (wanted: readonly number[]): Promise<void> => {
    for (const deadline = performance.now() + 10_000; performance.now() < deadline; await Bun.sleep(10))
      if (Bun.deepEquals(running(), wanted)) break;
    expect(running()).toEqual(wanted);
  };
  const foreign = Bun.spawn(['unshare', '-m', 'sleep', long(3)]);
  await cli.exec('node-a', 'sh', '-c', contained(1));
  await cli.exec('node-b', 'sh', '-c', contained(2));
  await until([3, 3, 1]);
  await cli.sim(['node', 'reboot', 'node-a']);
  await until([0, 3, 1]);
  await cli.sim(['down']);
  await until([0, 0, 1]);
  foreign.kill('SIGKILL');
  await foreign.exited;
}, 60_000);

test('a program that is missing is told of before anything is made', async () => {
  const before = await machineState();
  const cli = new Cli();
  const path = mkdtempSync(join(tmpdir(), 'vpc-cni-path-'));
  const found: unknown[] = [];
  for (const programs of [['mount'], ['ip', 'mknod', 'mount', 'nft', 'nsenter', 'tee', 'umount']]) {
    for (const program of programs) rmSync(join(path, program), { force: true });
    for (const program of programs) symlinkSync(Bun.which(program) ?? '', join(path, program));
    const child = Bun.spawn([...cli.argv(['up']), '--json'], { env: { PATH: path }, stdout: 'pipe' });
    found.push(JSON.parse(await new Response(child.stdout).text()).error.message);
  }
  rmSync(path, { recursive: true });
  expect(found).toEqual(['the program ip is not installed', 'the program unshare is not installed']);
  expect(await machineState()).toBe(before);
}, 60_000);

test('a simulator on a node of another, under the same name, ends without the other', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '1']);
  const inside = async (...words: readonly string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await cli.exec('node-a', ...cli.argv(words), '--json')).stdout);
  expect(await inside('up', '--nodes', '2')).toMatchObject({ ok: true });
  expect(await inside('down')).toEqual({ ok: true, name: cli.name, removed: true });
  expect(await inside('down')).toEqual({ ok: true, name: cli.name, removed: false });
  expect(await cli.json(['status'])).toMatchObject({ nodes: [{ name: 'node-a', state: 'running' }] });
}, 60_000);

test('VPCs that come and go at once do not take the directory above them from each other', async () => {
  const turn = async (): Promise<readonly unknown[]> => {
    await using cli = new Cli();
    const { ok } = await cli.json(['up', '--api-only', '--nodes', '0']);
    return [ok, (await cli.json(['down']))['removed']];
  };
  const turns = await Promise.all(Array.from({ length: 8 }, turn));
  expect(turns).toEqual(turns.map(() => [true, true]));
}, 60_000);

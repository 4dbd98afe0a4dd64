import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../../scripts/bench/calls.ts';
import { wireAtOnce } from '../../scripts/bench/floor.ts';
import { heldUp } from '../../scripts/bench/held-up.ts';
import { OURS, stockPeer } from '../../scripts/bench/peers.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const BENCH = join(import.meta.dir, '../../scripts/bench');

test('compare() makes a row for the stock plugins, and one more for each other peer', () => {
  const stock = stockPeer('/data');
  const other = { ...stock, name: 'bridge' };
  const samples = new Map([
    [OURS, [1, 2]],
    [stock, [3, 4]],
    [other, [5, 6]],
  ]);
  const row = { ours: [1, 2], unit: 'ms' };
  expect(compare('add-serial', samples)).toEqual([
    { ...row, name: 'add-serial', peer: [3, 4], against: 'ptp+host-local' },
    { ...row, name: 'add-serial/bridge', peer: [5, 6], against: 'plugin bridge' },
  ] as never);
});

const LOOKS = [
  { name: 'nothing but the tick', after: { atMs: 101, waitedMs: 7 }, held: 0 },
  { name: 'work', after: { atMs: 106, waitedMs: 7 }, held: 5 },
  { name: 'other programs', after: { atMs: 106, waitedMs: 12 }, held: 0 },
  { name: 'both', after: { atMs: 106, waitedMs: 9 }, held: 3 },
] as const;
for (const { name, after, held } of LOOKS)
  test(`heldUp(): ${name}`, () => expect(heldUp({ atMs: 100, waitedMs: 7 }, after, 1)).toBe(held));

test('a loop that is held up is told of, and only since it was asked last', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-turns-'));
  const file = join(folder, 'turns.json');
  // By processor time: what other programs take of it is not counted.
  const busy = `setTimeout(() => {
    const before = process.cpuUsage();
    for (let spent = { user: 0, system: 0 }; spent.user + spent.system < 40_000; ) spent = process.cpuUsage(before);
    console.log('held');
  }, 30);`;
  const child = Bun.spawn(
    [process.execPath, `--preload=${BENCH}/turns.ts`, '-e', `${busy} setInterval(() => 0, 1000)`],
    {
      env: { ...process.env, BENCH_TURNS: file },
      stdout: 'pipe',
    },
  );
  const ask = async (): Promise<number> => {
    rmSync(file, { force: true });
    child.kill('SIGUSR2');
    while (!existsSync(file)) await Bun.sleep(1);
    return JSON.parse(readFileSync(file, 'utf8'));
  };
  try {
    await child.stdout.getReader().read();
    await Bun.sleep(20);
    expect(await ask()).toBeGreaterThan(30);
    expect(await ask()).toBeLessThan(30);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
});

kernelTest('the messages of an ADD alone wire a pod, and leave nothing', () => {
  using host = new TestNetns('host');
  using pod = new TestNetns('pod');
  const state = (): string => [host.ip('rule'), host.ip('route show table all'), host.ip('-br link')].join('\n');
  const before = state();
  expect(host.inside(() => wireAtOnce(pod.netns.path, 7))).toBeGreaterThan(0);
  expect(state()).toBe(before);
  expect(pod.ip('-br link')).not.toContain('eth0');
});

kernelTest('a host of some ENIs is programmed from nothing', () => {
  const argv = ['unshare', '--net', process.execPath, join(BENCH, 'start-inside.ts'), '3'];
  const { success, stdout, stderr } = Bun.spawnSync(argv);
  expect([success, stderr.toString()]).toEqual([true, '']);
  expect(Number(stdout.toString())).toBeGreaterThan(0);
});

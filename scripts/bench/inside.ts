/**
 * The measuring half of the benchmark. It runs on a simulated node, in its network and mount namespaces, so that what it
 * starts is timed and nothing else. Its one argument is a Plan; it prints a Report.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { linksPerPod, measureFloor, measureProcess, measureSerial, measureTogether } from './calls.ts';
import { awaitStatus, type DaemonStatus, idleMemory, type Memory, peakOf, readyAfter } from './daemon.ts';
import { measureRepairs } from './drift.ts';
import { type BootTimes, stopSupervised, timeBoot, timeImageStage, timeInstall } from './install.ts';
import { measureTurns } from './measure-turns.ts';
import { callOnce, callTogether, OUR_FOLDER, OURS, type Peer, type Pod, stockPeer } from './peers.ts';
import { makePod, makePods, turnOver } from './pods.ts';
import type { Measured } from './rows.ts';
import { linkCount, removeSandboxes, settle } from './sandbox.ts';

/** What is to be measured. */
export interface Plan {
  /** The executable to install. */
  readonly product: string;
  readonly serial: number;
  readonly rounds: number;
  readonly together: number;
  /** Pods on the node when ADD is measured once more; 0 leaves that out. */
  readonly crowd: number;
  /** ADD and DEL pairs whose effect on memory is measured; 0 leaves that out. */
  readonly cycles: number;
  readonly restarts: number;
  /** Other plugins to be measured in the same rows. */
  readonly further: readonly Peer[];
}

/** What was measured. */
export interface Report {
  readonly measured: readonly Measured[];
  readonly memory: Memory;
}

const FOLDER = '/run/vpc-cni-bench';
const STOCK_DATA = `${FOLDER}/data`;
const BUDGET = {
  ...{ installMs: 2000, reinstallMs: 300, imageMs: 3000, bootMs: 150, conflistMs: 1000 },
  ...{ readyMs: 500, bootReadyMs: 300, daemonMb: 60, peakMb: 256 },
} as const;
const BOOTS = 5;
const TURN_ROUNDS = 5;
const WARM_UP = 2_000;

const say = (text: string): void => console.error(`  ${text}`);

const times = (count: number, sample: () => number): readonly number[] => Array.from({ length: count }, sample);

const within = (name: string, unit: 'ms' | 'MB', budget: number, ours: readonly number[]): Measured => ({
  ...{ name, ours, peer: [budget], unit, against: 'budget' },
});

/** ADD on a node that holds many pods, against ADD on the same node when it held few. */
async function measureCrowd(plan: Plan, few: readonly number[]): Promise<readonly Measured[]> {
  if (plan.crowd === 0) return [];
  const links = linkCount();
  const crowd: Pod[] = [];
  while (crowd.length < plan.crowd) {
    const batch = makePods(OURS, Math.min(20, plan.crowd - crowd.length));
    crowd.push(...(await callTogether(OURS, 'ADD', batch)).pods);
  }
  const samples: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    const { ms, pod } = callOnce(OURS, 'ADD', makePod(OURS));
    samples.push(ms);
    crowd.push(pod);
    await Bun.sleep(5);
  }
  for (let from = 0; from < crowd.length; from += 20) {
    const batch = crowd.slice(from, from + 20);
    await callTogether(OURS, 'DEL', batch);
    removeSandboxes(batch.map(({ netns }) => netns));
  }
  await settle(links);
  const against = 'same, near-empty node';
  return [{ name: `add-at-${plan.crowd}-pods`, ours: samples, peer: few, unit: 'ms', against }];
}

/** What many pods that came and went leave in the daemon's memory, against what it held before. */
async function measureTurnover(plan: Plan, pid: number): Promise<readonly Measured[]> {
  if (plan.cycles === 0) return [];
  // Until then what is done for the first time leaves something: compiled code, a larger heap.
  await turnOver(WARM_UP);
  const before = await idleMemory(pid);
  await turnOver(plan.cycles);
  const after = await idleMemory(pid);
  const row = (name: string, key: keyof Memory): Measured => ({
    ...{ name: `${name}-${plan.cycles}`, ours: [after[key]], peer: [before[key]], unit: 'MB', against: 'before them' },
  });
  return [row('rss', 'resident'), row('rss-own', 'anonymous')];
}

async function measureRestarts(plan: Plan, first: DaemonStatus): Promise<readonly number[]> {
  const samples: number[] = [];
  let { pid } = first;
  for (let count = 0; count < plan.restarts; count += 1) {
    // One that lived for long is started again at once.
    await Bun.sleep(3_100);
    process.kill(pid, 'SIGKILL');
    const status = await awaitStatus('the next daemon', (next) => next.pid !== pid && next.ready);
    samples.push(readyAfter(status));
    ({ pid } = status);
  }
  return samples;
}

async function measureBoots(plan: Plan): Promise<readonly BootTimes[]> {
  await stopSupervised();
  const samples: BootTimes[] = [];
  for (let count = 0; count < BOOTS; count += 1) samples.push(await timeBoot(plan.product));
  return samples;
}

async function measure(plan: Plan): Promise<Report> {
  const wanted = Math.max(plan.crowd + 21, plan.together + 1, plan.serial + 1);
  mkdirSync('/etc/vpc-cni/conf.d', { recursive: true });
  mkdirSync(STOCK_DATA, { recursive: true });
  mkdirSync(OUR_FOLDER, { recursive: true });
  symlinkSync(plan.product, `${OUR_FOLDER}/aws-cni`);
  // Addresses are there before the first pod and come back at once: no call has to wait for EC2.
  writeFileSync(
    '/etc/vpc-cni/conf.d/50-bench.env',
    `WARM_IP_TARGET=1\nMINIMUM_IP_TARGET=${wanted}\nIP_COOLDOWN_PERIOD=0\n`,
  );
  try {
    say('install, twice');
    const first = timeInstall(plan.product);
    const ready = readyAfter(await awaitStatus('a ready daemon', (status) => status.ready));
    const again = times(3, () => timeInstall(plan.product));
    const warm = ({ pool }: DaemonStatus): boolean => pool.free >= wanted && pool.pending === 0;
    const status = await awaitStatus(`${wanted} free addresses`, warm);
    say('memory of the idle daemon');
    const fresh = await idleMemory(status.pid);
    const peers = [OURS, stockPeer(STOCK_DATA), ...plan.further];
    say('warming up');
    const perPod = await linksPerPod(peers);
    await measureSerial(perPod, { count: 5, pid: status.pid });
    say(`${plan.serial} pods one after the other`);
    const serial = await measureSerial(perPod, { count: plan.serial, pid: status.pid });
    say('the plugin alone, the daemon alone');
    const process = await measureProcess(plan.serial, FOLDER);
    const floor = await measureFloor(plan.serial);
    say(`${plan.together} pods at once, ${plan.rounds} times`);
    const together = await measureTogether(peers, plan);
    if (plan.crowd > 0) say(`ADD with ${plan.crowd} pods on the node`);
    const crowd = await measureCrowd(plan, serial[0]?.ours ?? []);
    say('repairs');
    const repairs = await measureRepairs();
    if (plan.cycles > 0) say(`${plan.cycles} pods come and go`);
    const growth = await measureTurnover(plan, status.pid);
    const peak = peakOf(status.pid);
    say('memory of the daemon after that');
    const memory = await idleMemory(status.pid);
    if (plan.restarts > 0) say('restarts of the daemon');
    const restarts = await measureRestarts(plan, status);
    say('image stages, boots');
    const images = times(3, () => timeImageStage(plan.product));
    const boots = await measureBoots(plan);
    say('turns of the loop');
    const { together: atOnce } = plan;
    const turns = await measureTurns(plan.product, {
      ...{ name: `longest-turn-${atOnce}`, together: atOnce, rounds: TURN_ROUNDS, free: atOnce },
    });
    return {
      memory,
      measured: [
        ...serial,
        process,
        floor,
        ...together,
        ...crowd,
        turns,
        ...repairs,
        within('daemon-rss', 'MB', BUDGET.daemonMb, [memory.resident]),
        within('daemon-rss-fresh', 'MB', BUDGET.daemonMb, [fresh.resident]),
        within('daemon-rss-peak', 'MB', BUDGET.peakMb, [peak]),
        ...growth,
        within('install-first', 'ms', BUDGET.installMs, [first]),
        within('install-second', 'ms', BUDGET.reinstallMs, again),
        within('install-image', 'ms', BUDGET.imageMs, images),
        within(
          'install-boot',
          'ms',
          BUDGET.bootMs,
          boots.map(({ stage }) => stage),
        ),
        within(
          'boot-to-conflist',
          'ms',
          BUDGET.conflistMs,
          boots.map(({ conflist }) => conflist),
        ),
        within(
          'boot-to-ready',
          'ms',
          BUDGET.bootReadyMs,
          boots.map(({ ready }) => ready),
        ),
        within('start-to-ready', 'ms', BUDGET.readyMs, [ready]),
        ...(plan.restarts > 0 ? [within('restart-to-ready', 'ms', BUDGET.readyMs, restarts)] : []),
      ],
    };
  } finally {
    rmSync(STOCK_DATA, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const plan: Plan = JSON.parse(process.argv[2] ?? '');
  console.log(JSON.stringify(await measure(plan)));
}

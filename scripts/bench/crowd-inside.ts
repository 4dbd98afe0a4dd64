/**
 * One step on a node that gets many pods. It runs in the node's namespaces. Its one argument is a CrowdPlan; it prints a
 * CrowdReport.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { awaitStatus, memoryDuring, readyAfter } from './daemon.ts';
import { stopSupervised, timeInstall } from './install.ts';
import { measureTurns } from './measure-turns.ts';
import { callDaemon, callOnce, callTogether, OUR_FOLDER, OURS, type Pod } from './peers.ts';
import { makePods, turnOver } from './pods.ts';
import { linkCount, removeSandboxes, settle } from './sandbox.ts';

/** What is to be done. */
export type CrowdPlan =
  | { readonly kind: 'install'; readonly product: string; readonly settings: string }
  | { readonly kind: 'burst'; readonly pods: number }
  /** `more` pods first, after which there are `pods`. */
  | { readonly kind: 'restart'; readonly more: number; readonly pods: number }
  | { readonly kind: 'active' }
  /** Until there are so many pods. */
  | { readonly kind: 'fill'; readonly pods: number }
  /** So many ADDs, some of which are there at a time. */
  | { readonly kind: 'adds'; readonly count: number }
  | { readonly kind: 'turns'; readonly product: string; readonly name: string; readonly together: number };

/** What was measured: milliseconds, or MB of 2^20 bytes. */
export interface CrowdReport {
  readonly samples: readonly number[];
}

const RESTARTS = 3;
const AT_ONCE = 20;
const PAUSE_MS = 5;
const TURN_ROUNDS = 5;
const ACTIVE = { forMs: 30_000, everyMs: 1_000 } as const;

async function install({ product, settings }: Extract<CrowdPlan, { kind: 'install' }>): Promise<readonly number[]> {
  mkdirSync('/etc/vpc-cni/conf.d', { recursive: true });
  mkdirSync(OUR_FOLDER, { recursive: true });
  rmSync(`${OUR_FOLDER}/aws-cni`, { force: true });
  symlinkSync(product, `${OUR_FOLDER}/aws-cni`);
  writeFileSync('/etc/vpc-cni/conf.d/50-bench.env', settings);
  const took = timeInstall(product);
  await awaitStatus('a warm pool', ({ ready, pool }) => ready && pool.free > 0 && pool.pending === 0);
  return [took];
}

async function burst(count: number): Promise<readonly number[]> {
  const { ms } = await callTogether(OURS, 'ADD', makePods(OURS, count));
  await awaitStatus('an end of growth', ({ pool }) => pool.pending === 0);
  return [ms];
}

async function restart(plan: Extract<CrowdPlan, { kind: 'restart' }>): Promise<readonly number[]> {
  await callTogether(OURS, 'ADD', makePods(OURS, plan.more));
  let { pid } = await awaitStatus('all pods', ({ pool }) => pool.assigned === plan.pods && pool.pending === 0);
  const samples: number[] = [];
  for (let count = 0; count < RESTARTS; count += 1) {
    // One that lived for long is started again at once.
    await Bun.sleep(3_100);
    process.kill(pid, 'SIGKILL');
    const status = await awaitStatus('the next daemon', (next) => next.pid !== pid && next.ready);
    if (status.pool.assigned !== plan.pods) throw new Error(`${status.pool.assigned} pods after a restart`);
    samples.push(readyAfter(status));
    ({ pid } = status);
  }
  return samples;
}

/** A pod that comes and goes each second, with all the calls it takes. */
async function active(): Promise<readonly number[]> {
  const { pid } = await awaitStatus('a ready daemon', ({ ready }) => ready);
  const samples: number[] = [];
  for (const end = performance.now() + ACTIVE.forMs; performance.now() < end; ) {
    await turnOver(1, 1);
    samples.push((await memoryDuring(pid, ACTIVE.everyMs)).resident);
  }
  return samples;
}

/** Fills the node without plugins, which would only take longer. */
async function fill(pods: number): Promise<readonly number[]> {
  for (;;) {
    const { pool } = await awaitStatus('a ready daemon', ({ ready }) => ready);
    const batch = makePods(OURS, Math.min(AT_ONCE, pods - pool.assigned));
    if (batch.length === 0) return [pool.assigned];
    await Promise.all(batch.map((pod) => callDaemon('ADD', pod)));
  }
}

async function adds(count: number): Promise<readonly number[]> {
  const links = linkCount();
  const samples: number[] = [];
  while (samples.length < count) {
    const pods: Pod[] = [];
    for (const made of makePods(OURS, Math.min(AT_ONCE, count - samples.length))) {
      const { ms, pod } = callOnce(OURS, 'ADD', made);
      samples.push(ms);
      pods.push(pod);
      await Bun.sleep(PAUSE_MS);
    }
    await Promise.all(pods.map((pod) => callDaemon('DEL', pod)));
    removeSandboxes(pods.map(({ netns }) => netns));
    await settle(links);
  }
  return samples;
}

async function turns(plan: Extract<CrowdPlan, { kind: 'turns' }>): Promise<readonly number[]> {
  const { name, together } = plan;
  await stopSupervised();
  const { ours } = await measureTurns(plan.product, { name, together, rounds: TURN_ROUNDS, free: together });
  return ours;
}

function work(plan: CrowdPlan): Promise<readonly number[]> {
  switch (plan.kind) {
    case 'install':
      return install(plan);
    case 'burst':
      return burst(plan.pods);
    case 'restart':
      return restart(plan);
    case 'active':
      return active();
    case 'fill':
      return fill(plan.pods);
    case 'adds':
      return adds(plan.count);
    case 'turns':
      return turns(plan);
    default:
      return plan satisfies never;
  }
}

const plan: CrowdPlan = JSON.parse(process.argv[2] ?? '');
const report: CrowdReport = { samples: await work(plan) };
console.log(JSON.stringify(report));

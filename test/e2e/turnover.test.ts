import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import { median } from '../../scripts/bench/rows.ts';
import { enterArgv } from '../../src/sim/index.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { networkState } from '../support/e2e-state.ts';
import type { TurnoverPlan, TurnoverReport, TurnoverStep } from '../support/turnover-inside.ts';

// CHURN_PODS=5000 for a longer look.
const PODS = Number(process.env['CHURN_PODS'] ?? 600);
/** What kubelet allows on most nodes. */
const ALIVE = 110;
const AT_ONCE = 10;
/** Of 8 ENIs with 29 secondary addresses each. */
const ADDRESSES = 232;
const INTERNET = '198.51.100.1';

setDefaultTimeout(120_000 + PODS * 200);

const vpc = freshVpc('to');
const node = vpc.node('node-a');
let before: Awaited<ReturnType<typeof look>>;
let report: TurnoverReport;

/** What pods could leave on a node: in the kernel, and files. */
async function look() {
  return {
    network: await networkState(node),
    neighbours: await node.text('ip', 'neighbour', 'show', 'nud', 'permanent'),
    queues: await node.text('sh', '-c', 'tc qdisc show | sort'),
    files: await node.text('sh', '-c', 'find /run/vpc-cni /run/netns /run/lock /var/lib/cni /etc/cni | sort'),
  };
}

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 'm5.8xlarge', '--attach-ms', '200', '--detach-ms', '200');
  await node.configure('WARM_IP_TARGET=1', `MINIMUM_IP_TARGET=${ADDRESSES}`, 'IP_COOLDOWN_PERIOD=1');
  await node.install();
  await node.untilStatus('all ENIs', ({ pool }) => pool.free === ADDRESSES && pool.pending === 0, { withinMs: 60_000 });
  before = await look();
});
afterAll(async () => {
  await vpc.down();
});

test(`${PODS} pods come and go, ${ALIVE} of them alive at a time`, async () => {
  const plan: TurnoverPlan = { pods: PODS, alive: ALIVE, atOnce: AT_ONCE, internet: INTERNET };
  const script = join(import.meta.dir, '../support/turnover-inside.ts');
  const child = Bun.spawn([...enterArgv(node.paths), process.execPath, script, JSON.stringify(plan)], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  report = JSON.parse(await child.stdout.text());
  const { added, duplicates, silent } = report;
  expect({ added, duplicates, silent }).toEqual({ added: PODS, duplicates: [], silent: [] });
  if (process.env['CHURN_STEPS']) await Bun.write(process.env['CHURN_STEPS'], JSON.stringify(report));
});

test('the last of them cost what the first did', () => {
  const { steps, descriptors } = report;
  const quarter = Math.ceil(steps.length / 4);
  const of = (part: readonly TurnoverStep[], key: keyof TurnoverStep): number => median(part.map((step) => step[key]));
  const [first, last] = [steps.slice(0, quarter), steps.slice(-quarter)];
  const keys = ['addMs', 'delMs', 'cpuMs', 'residentMb', 'anonymousMb', 'descriptors'] as const;
  const [then, now] = [first, last].map((part) => Object.fromEntries(keys.map((key) => [key, of(part, key)])));
  process.stderr.write(`turnover: ${JSON.stringify({ then, now, descriptors })}\n`);
  const ratio = (key: keyof TurnoverStep): number => of(last, key) / of(first, key);
  // Other work on the machine makes time longer, processor time less so: what grows with each pod shows in the latter.
  expect(ratio('cpuMs')).toBeLessThan(1.5);
  expect(Math.max(ratio('addMs'), ratio('delMs'))).toBeLessThan(3);
  // What is left after a collection; with 5000 pods a kilobyte or two that each leaves would show.
  const kept = (part: readonly TurnoverStep[]): number => Math.min(...part.map(({ anonymousMb }) => anonymousMb));
  expect(kept(last) - kept(first)).toBeLessThan(10);
  expect(of(last, 'descriptors') - of(first, 'descriptors')).toBeLessThan(5);
  expect(descriptors.after - descriptors.before).toBeLessThan(5);
});

test('conntrack follows connections of pods that live, and none of those that are gone', () => {
  expect(report.followed.gone).toEqual([]);
  expect(report.followed.alive).toBeGreaterThan(0);
});

test('nothing is left of any', async () => {
  await node.untilStatus('all addresses to be free', ({ pool }) => pool.free === ADDRESSES && pool.pending === 0);
  let after = await look();
  await until(
    'the node to be as before',
    async () => {
      after = await look();
      return Bun.deepEquals(after, before) ? true : undefined;
    },
    { withinMs: 10_000, everyMs: 500 },
  ).catch(() => undefined);
  expect(after).toEqual(before);
  const { allocations } = JSON.parse(await node.text('cat', '/run/vpc-cni/ipam.json'));
  expect(allocations).toEqual([]);
  const kilobytes = Number((await node.text('du', '-sk', '--exclude=ipamd*.log', '/run/vpc-cni')).split('\t')[0]);
  process.stderr.write(`turnover: ${kilobytes} kB of state\n`);
  expect(kilobytes).toBeLessThan(512);
});

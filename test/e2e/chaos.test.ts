import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { SimCall, SimClient } from '../../src/sim/index.ts';
import { Population, type PopulationReport } from '../support/chaos/population.ts';
import { sweep } from '../support/chaos/sweep.ts';
import { Weather, type WeatherReport } from '../support/chaos/weather.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { seeded } from '../support/e2e-churn.ts';
import { networkState } from '../support/e2e-state.ts';

/** `CHAOS_MINUTES=30` is the long version. */
const MINUTES = Number(process.env['CHAOS_MINUTES'] ?? 3);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const RUN_MS = MINUTES * 60_000;
const KILL_EVERY_MS = 20_000;
/** How long a kill waits for a moment that hurts. */
const IN_THE_ACT_MS = 5_000;
const SWEEP_EVERY_MS = 500;
const WAVE_MS = 100_000;
const WARM = 3;
const COOLDOWN_S = 5;
/** An idle ENI is kept for a minute, and what EC2 refused last is tried again within one. */
const QUIET_WITHIN_MS = 200_000;
const IDLE_MS = 20_000;

const random = seeded(SEED);
const vpc = freshVpc('ck');
// 15 and 27 addresses for pods: both need all their three ENIs at times.
const HOMES = [
  { node: vpc.node('node-a'), instanceType: 't3.medium', atMost: 13 },
  { node: vpc.node('node-b'), instanceType: 'm5.large', atMost: 22 },
] as const;
const NODES = HOMES.map(({ node }) => node);
const population = new Population(HOMES, random, COOLDOWN_S * 1_000);
/** The kernel of a node before any pod. */
const quiet = new Map<E2eNode, string>();
const killed: number[] = [];
let sweeps = 0;
/** Every pod has gone again; before, it cannot become quiet. */
let isOver = false;

beforeAll(async () => {
  process.stderr.write(`chaos: SEED=${SEED} CHAOS_MINUTES=${MINUTES}\n`);
  await vpc.up('--nodes', '0', '--attach-ms', '200', '--detach-ms', '200');
  for (const { node, instanceType } of HOMES) {
    await vpc.addNode(node.name, '--instance-type', instanceType);
    await node.configure(`WARM_IP_TARGET=${WARM}`, `IP_COOLDOWN_PERIOD=${COOLDOWN_S}`);
    await node.install();
    quiet.set(node, await networkState(node));
  }
}, 120_000);
afterAll(async () => {
  await vpc.down();
}, 60_000);

/**
 * Kills the daemon of a node, in the middle of a change of an ENI if one comes along soon, and waits until there is
 * another one.
 */
async function kill(node: E2eNode, client: SimClient): Promise<void> {
  const pid = await node.daemonPid();
  const patient = performance.now() + IN_THE_ACT_MS;
  const inTheAct = async (): Promise<boolean> => {
    const calls = await client.calls({ caller: node.name, action: '*NetworkInterface', since: Date.now() - 200 });
    return calls.some(({ action }) => !action.startsWith('Delete'));
  };
  while (performance.now() < patient && !(await inTheAct())) await Bun.sleep(20);
  process.kill(pid, 'SIGKILL');
  killed.push(pid);
  await until(`${node.name}: a new daemon`, async () => ((await node.daemonPid()) === pid ? undefined : true));
}

/** Repeats something until the time is over, so many milliseconds apart. */
async function again(timeIsUp: () => boolean, everyMs: () => number, what: () => Promise<unknown>): Promise<void> {
  while (!timeIsUp()) {
    await Bun.sleep(everyMs());
    if (!timeIsUp()) await what();
  }
}

/** Less would prove nothing; per minute. */
const AT_LEAST = { kills: 2, turns: 8, faults: 4, lies: 10, added: 60, deleted: 50, sweeps: 50, answered: 800 };

function describe(weather: WeatherReport, pods: PopulationReport): string {
  const changes = [...weather.changes].map(([action, count]) => `${action} ${count}`).sort();
  return [
    `chaos: ${MINUTES} min, SEED=${SEED}: ${killed.length} kills, ${weather.turns} turns of ${weather.dials} dials`,
    `${weather.faults} EC2 faults of ${weather.kinds} kinds, ${weather.lies} lies of IMDS, subnet full ${weather.exhausted} times`,
    `${pods.added} pods came and ${pods.deleted} went, at most ${pods.most} at once, ${pods.refused.length} refusals`,
    `${pods.answered} pings answered, ${sweeps} looks at pods from outside`,
    `EC2: ${changes.join(', ')}`,
    `${pods.violations.length} violations`,
  ].join('; ');
}

test(
  'no pod loses its address, its packets or its exclusiveness while everything fails',
  async () => {
    const client = vpc.client();
    const weather = new Weather(client, random);
    await population.settle();
    const end = performance.now() + RUN_MS;
    const timeIsUp = (): boolean => performance.now() > end;
    const phase = new Map(NODES.map((node) => [node, random() * WAVE_MS]));
    // Waves: a node is full for a while and empty for a while: ENIs and addresses come and go all the time.
    const wave = (node: E2eNode): number => {
      const swing = 2 * Math.sin(((performance.now() + (phase.get(node) ?? 0)) / WAVE_MS) * 2 * Math.PI);
      return Math.min(1, Math.max(0, (1 + swing) / 2));
    };
    await Promise.all([
      population.churn(timeIsUp, wave),
      again(
        timeIsUp,
        () => 2_000 + random() * 4_000,
        () => weather.turn(),
      ),
      again(
        timeIsUp,
        () => SWEEP_EVERY_MS,
        async () => {
          sweeps += await sweep(client, population);
        },
      ),
      again(
        timeIsUp,
        () => KILL_EVERY_MS - IN_THE_ACT_MS,
        () => kill(NODES[random() < 0.5 ? 0 : 1] ?? HOMES[0].node, client),
      ),
    ]);
    await weather.calm();
    await population.leave();
    isOver = true;
    const report = population.report();
    const weathers = await weather.report();
    process.stderr.write(`${describe(weathers, report)}\n`);
    expect(report.violations).toEqual([]);
    const { added, deleted, answered } = report;
    const { turns, faults, lies } = weathers;
    const done = { kills: new Set(killed).size, turns, faults, lies, added, deleted, sweeps, answered };
    const tooLittle = Object.entries(AT_LEAST).filter(
      ([key, perMinute]) => (done[key as keyof typeof AT_LEAST] ?? 0) < perMinute * MINUTES,
    );
    expect(tooLittle).toEqual([]);
    // Every refusal is a CNI error with a code and a cause, never a plugin that broke down.
    const unknown = report.refused.filter((why) => !/code \d+: .*\b[A-Z][A-Z0-9]+(_[A-Z0-9]+)+: /s.test(why));
    expect(unknown).toEqual([]);
    for (const action of ['CreateNetworkInterface', 'DeleteNetworkInterface', 'UnassignPrivateIpAddresses'])
      expect({ action, some: (weathers.changes.get(action) ?? 0) > 0 }).toEqual({ action, some: true });
  },
  RUN_MS + 240_000,
);

/** What a node holds in EC2, in its kernel and in its files. */
async function holdings(node: E2eNode) {
  const { nodes } = await vpc.client().status();
  const view = nodes.find(({ name }) => name === node.name);
  const spool = await node.run(['ls', '/run/vpc-cni/spool']);
  const { allocations } = JSON.parse(await node.text('cat', '/run/vpc-cni/ipam.json'));
  const { intents } = JSON.parse(await node.text('cat', '/run/vpc-cni/pool.json'));
  const [primary, ...others] = view?.enis ?? [];
  return {
    states: [...new Set(view?.enis.map(({ state }) => state))],
    warm: [primary, ...others].reduce((sum, eni) => sum + (eni?.addresses.length ?? 0) - 1, 0),
    // An ENI that keeps warm addresses is kept with them; one that has none is one too many.
    empty: others.filter(({ addresses }) => addresses.length === 1),
    pods: view?.pods,
    spool: spool.stdout,
    written: [...allocations, ...intents],
    network: withoutEnis(await networkState(node)),
  };
}

/** The state but for what belongs to secondary ENIs. */
const withoutEnis = (state: string): string =>
  state
    .split('\n')
    .filter((line) => !/\beth[1-9]\b|lookup [2-9] /.test(line))
    .join('\n');

test(
  'once it is quiet nothing is left of it, and EC2 is left alone',
  async () => {
    expect(isOver).toBe(true);
    for (const node of NODES) {
      const wanted = {
        states: ['attached'],
        warm: WARM,
        empty: [],
        pods: [],
        spool: '',
        written: [],
        network: withoutEnis(quiet.get(node) ?? ''),
      };
      let last: unknown;
      await until(
        `${node.name} holds what it held before`,
        async () => {
          last = await holdings(node);
          return Bun.deepEquals(last, wanted) ? true : undefined;
        },
        { withinMs: QUIET_WITHIN_MS, everyMs: 1_000 },
      ).catch(() => expect(last).toEqual(wanted));
    }
    expect((await vpc.client().status()).availableEnis).toEqual([]);
    // What was refused last is asked once more, at most half a minute later.
    let calls: readonly SimCall[] = [];
    await until(
      `${IDLE_MS} ms without a call`,
      async () => {
        await vpc.forgetCalls();
        await Bun.sleep(IDLE_MS);
        calls = (await Promise.all(NODES.map((node) => vpc.ec2Calls(node.name)))).flat();
        return calls.length === 0 ? true : undefined;
      },
      { withinMs: 2 * IDLE_MS, last: () => calls },
    );
  },
  2 * QUIET_WITHIN_MS + 60_000,
);

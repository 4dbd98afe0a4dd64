import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { podArgv, podView } from '../../src/sim/index.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { type ChurnNode, churn, endPod, runPod, seeded, startPing } from '../support/e2e-churn.ts';
import { networkState } from '../support/e2e-state.ts';

setDefaultTimeout(280_000);

const WARM = 3;
const PODS = 200;
const KILLS = 10;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const vpc = freshVpc('ec');
// 15 and 27 addresses: both need all their three ENIs at times.
const PAIR = [
  { instanceType: 't3.medium', atMost: 11 },
  { instanceType: 'm5.large', atMost: 22 },
] as const;
const nodes = (...names: readonly string[]): readonly ChurnNode[] =>
  PAIR.map(({ atMost }, index) => ({ node: vpc.node(names[index] ?? ''), atMost }));
const STEADY = nodes('steady-a', 'steady-b');
/** Those whose daemons are killed. While they are busy, the idle ENIs of the others grow old enough to go. */
const SHAKEN = nodes('shaken-a', 'shaken-b');

/** The kernel of a node before any pod. */
const quiet = new Map<E2eNode, string>();

beforeAll(async () => {
  process.stderr.write(`churn: SEED=${SEED}\n`);
  await vpc.up('--nodes', '0', '--attach-ms', '300', '--detach-ms', '300');
  for (const pair of [STEADY, SHAKEN])
    for (const [index, { node }] of pair.entries()) {
      await vpc.addNode(node.name, '--instance-type', PAIR[index]?.instanceType ?? '');
      await node.configure(`WARM_IP_TARGET=${WARM}`, 'IP_COOLDOWN_PERIOD=1');
      await node.install();
      quiet.set(node, await networkState(node));
    }
});
afterAll(async () => {
  await vpc.down();
});

/** What is left of pods on a node and in EC2 once the pool is back at its target; an idle ENI is kept for a minute. */
async function expectQuiet(node: E2eNode): Promise<void> {
  const wanted = { total: WARM, assigned: 0, free: WARM, cooldown: 0, quarantine: 0, orphans: 0, pending: 0 };
  await node.untilStatus(
    'the pool is back at its target, on one ENI',
    ({ pool, enis }) => enis.length === 1 && Bun.deepEquals(pool, wanted),
    { withinMs: 120_000 },
  );
  const view = (await vpc.status()).nodes.find(({ name }) => name === node.name);
  const enis = view?.enis.map(({ addresses, state }) => ({ state, addresses: addresses.length }));
  expect({ enis, pods: view?.pods }).toEqual({ enis: [{ state: 'attached', addresses: 1 + WARM }], pods: [] });
  expect(await networkState(node)).toBe(quiet.get(node) ?? '');
  const { stdout: spooled } = await node.run(['ls', '/run/vpc-cni/spool']);
  expect(spooled).toBe('');
  // The checkpoint follows the journal within a fraction of a second.
  await until(`${node.name}: nothing is written down any more`, async () => {
    const { allocations } = JSON.parse(await node.text('cat', '/run/vpc-cni/ipam.json'));
    const { intents } = JSON.parse(await node.text('cat', '/run/vpc-cni/pool.json'));
    return [...allocations, ...intents].length === 0 ? true : undefined;
  });
}

async function round(number: number): Promise<void> {
  const report = await churn({ nodes: STEADY, pods: PODS, random: seeded(SEED + number), before: async () => {} });
  expect(report).toEqual({ added: PODS, deleted: PODS, retries: [], duplicates: [] });
}

test('200 pods come and go in random order', () => round(1));

test('kill -9 of ipamd at ten random moments loses no packet of a running pod', async () => {
  const random = seeded(SEED + 3);
  const told: string[] = [];
  const failed = (why: string): void => void told.push(why);
  const lasting = SHAKEN.flatMap(({ node }) =>
    [1, 2].map((number) => ({ node, pod: `lasting-${number}-${node.name}` })),
  );
  const views = await Promise.all(
    lasting.map(async ({ node, pod }) => {
      const { netns, addresses } = await runPod(node, pod, failed);
      return { node, pod, argv: podArgv(node.paths, netns), address: addresses[0] ?? '' };
    }),
  );
  const pings = views.map(({ pod, argv }, index) => {
    const to = views[(index + 1) % views.length];
    return { name: `${pod} → ${to?.pod}`, ping: startPing(argv, to?.address ?? '') };
  });
  const moments = new Set<number>();
  while (moments.size < KILLS) moments.add(Math.floor(random() * 2 * PODS));
  const killed: number[] = [];
  let turn = Promise.resolve();
  const report = await churn({
    nodes: SHAKEN.map(({ node, atMost }) => ({ node, atMost: atMost - 2 })),
    pods: PODS,
    random,
    before: async (operation) => {
      if (!moments.has(operation)) return;
      const node = SHAKEN[random() < 0.5 ? 0 : 1]?.node;
      if (node === undefined) throw new Error('no node');
      // One after the other: two moments may come at once, and the daemon that one of them killed is no second kill.
      turn = turn.then(async () => {
        const pid = await until('a daemon that lives', async () => {
          const found = await node.daemonPid();
          return killed.includes(found) ? undefined : found;
        });
        process.kill(pid, 'SIGKILL');
        killed.push(pid);
      });
      await turn;
    },
  });
  const { added, deleted, duplicates } = report;
  expect({ added, deleted, duplicates, kills: new Set(killed).size }).toEqual({
    added: PODS,
    deleted: PODS,
    duplicates: [],
    kills: KILLS,
  });
  for (const { name, ping } of pings) {
    const { answered, lost } = await ping.end();
    expect({ name, lost }).toEqual({ name, lost: [] });
    expect(answered).toBeGreaterThan(10);
  }
  for (const { node, pod, address } of views) {
    expect(podView(node.paths, { namespace: 'churn', pod }).addresses).toEqual([address]);
    await until(`${pod} to be known`, async () =>
      (await node.status())?.enis.some((eni) =>
        eni.addresses.some((entry) => entry.address === address && entry.pod === `churn/${pod}`),
      )
        ? true
        : undefined,
    );
    await endPod(node, pod, failed);
  }
});

test('the 200 pods have left nothing behind', async () => {
  for (const { node } of STEADY) await expectQuiet(node);
});

test('a second round comes to the same end, and so do the nodes whose daemon was killed', async () => {
  await round(2);
  for (const { node } of [...SHAKEN, ...STEADY]) await expectQuiet(node);
  expect((await vpc.status()).availableEnis).toEqual([]);
});

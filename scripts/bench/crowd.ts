import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CrowdPlan, CrowdReport } from './crowd-inside.ts';
import type { Chain } from './ec2-alone.ts';
import { type Measured, quantile } from './rows.ts';
import { inVpc, type Vpc } from './vpc.ts';

const BURST = 110;
const CROWD = 250;
const BUDGET = { restartMs: 500, activeMb: 60, turnMs: 5 } as const;
/** Each gets one burst, for only an empty node has one to give. */
const EMPTY_NODES = ['node-a', 'node-b', 'node-c'] as const;
/** Where the same calls are made without a product. */
const BARE_NODE = 'node-d';
const BUSY_NODE = 'node-e';
/** One with few pods and one that is nearly full; both have room for more without a call to EC2. */
const [FEW, MANY] = [
  { node: 'node-f', pods: 10 },
  { node: 'node-g', pods: 500 },
] as const;
const BLOCKS = 8;
const BLOCK = 60;
const TOGETHER = 40;
/** 15 ENIs of 50 addresses; EC2 takes its time to answer, as it does. */
const SCENARIO = {
  description: 'Large nodes in a large subnet.',
  subnets: [{ cidr: '10.0.0.0/20' }],
  nodes: [...EMPTY_NODES, BARE_NODE, BUSY_NODE, FEW.node, MANY.node].map((name) => ({ name, type: 'm5.24xlarge' })),
  dials: [{ action: '*', delay: '100' }],
};

const say = (text: string): void => console.error(`  ${text}`);

/** Measures what a node with many pods does: a burst on an empty one, restarts of a full one, EC2 at work all the time. */
export async function measureCrowd(product: string): Promise<readonly Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-bench-'));
  const scenario = join(folder, 'scenario.json');
  writeFileSync(scenario, JSON.stringify(SCENARIO));
  try {
    return await inVpc(product, ['--scenario', scenario], async (vpc) => {
      const inside = async (node: string, plan: CrowdPlan): Promise<CrowdReport> =>
        Object(await vpc.run(node, join(import.meta.dir, 'crowd-inside.ts'), plan));
      const bursts: number[] = [];
      const alone: number[] = [];
      for (const node of EMPTY_NODES) {
        say(`${BURST} pods at once on an empty node`);
        await inside(node, { kind: 'install', product, settings: '' });
        vpc.sim('calls', '--clear', '--count');
        bursts.push(...(await inside(node, { kind: 'burst', pods: BURST })).samples);
        alone.push(await timeAlone(vpc, chainsOf(vpc, node)));
      }
      say(`restarts with ${CROWD} pods`);
      vpc.sim('dial', '--clear');
      const [first] = EMPTY_NODES;
      const restarts = await inside(first, { kind: 'restart', more: CROWD - BURST, pods: CROWD });
      say('memory while EC2 is asked all the time');
      // One address more than is used: each pod that comes or goes is a call.
      const settings = 'WARM_IP_TARGET=1\nMINIMUM_IP_TARGET=0\nIP_COOLDOWN_PERIOD=0\n';
      await inside(BUSY_NODE, { kind: 'install', product, settings });
      vpc.sim('calls', '--clear', '--count');
      const active = await inside(BUSY_NODE, { kind: 'active' });
      const asked = callsOf(vpc, BUSY_NODE).length;
      if (asked < active.samples.length) throw new Error(`EC2 was asked ${asked} times only`);
      const crowded = await measureFew(inside, product);
      return [
        ...crowded,
        { name: `burst-${BURST}`, ours: bursts, peer: alone, unit: 'ms', against: 'the same EC2 calls alone' },
        { name: `restart-${CROWD}`, ours: restarts.samples, peer: [BUDGET.restartMs], unit: 'ms', against: 'budget' },
        { name: 'rss-ec2-active', ours: active.samples, peer: [BUDGET.activeMb], unit: 'MB', against: 'budget' },
      ];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Inside = (node: string, plan: CrowdPlan) => Promise<CrowdReport>;

/**
 * What an ADD costs with many pods on a node, against few on another, block by block in turn: of each block what one in a
 * hundred exceeds. Then how long the daemon's loop is held up on the full one.
 */
async function measureFew(inside: Inside, product: string): Promise<readonly Measured[]> {
  say(`ADD with ${MANY.pods} pods and with ${FEW.pods}`);
  for (const { node, pods } of [FEW, MANY]) {
    const settings = `WARM_IP_TARGET=1\nMINIMUM_IP_TARGET=${pods + 2 * TOGETHER}\nIP_COOLDOWN_PERIOD=0\n`;
    await inside(node, { kind: 'install', product, settings });
    await inside(node, { kind: 'fill', pods });
  }
  const ends = new Map<string, number[]>([FEW, MANY].map(({ node }) => [node, []]));
  for (let block = 0; block < BLOCKS; block += 1)
    for (const { node } of block % 2 === 0 ? [FEW, MANY] : [MANY, FEW]) {
      const { samples } = await inside(node, { kind: 'adds', count: BLOCK });
      ends.get(node)?.push(quantile(samples, 0.99));
    }
  say(`turns of the loop with ${MANY.pods} pods`);
  const name = `longest-turn-${MANY.pods}`;
  const turns = await inside(MANY.node, { kind: 'turns', product, name, together: TOGETHER });
  return [
    {
      ...{ name: `add-p99-${MANY.pods}-vs-${FEW.pods}`, unit: 'ms', against: `${FEW.pods} pods` },
      ...{ ours: ends.get(MANY.node) ?? [], peer: ends.get(FEW.node) ?? [] },
    },
    { name, ours: turns.samples, peer: [BUDGET.turnMs], unit: 'ms', against: 'budget' },
  ];
}

interface Ec2Call {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly code: string;
}

function callsOf(vpc: Vpc, node: string): readonly Ec2Call[] {
  const calls: readonly Ec2Call[] = JSON.parse(vpc.sim('calls', '--json', '--caller', node, '--code', 'OK'));
  return calls.filter(({ action }) => /^[A-Z][A-Za-z]+$/.test(action));
}

/** The new ENIs a node has asked for: three calls each, and nothing else. */
function chainsOf(vpc: Vpc, node: string): readonly Chain[] {
  const calls = callsOf(vpc, node);
  const creations = calls.filter(({ action }) => action === 'CreateNetworkInterface');
  const actions = calls.map(({ action }) => action).join(' ');
  if (creations.length === 0 || calls.length !== 3 * creations.length)
    throw new Error(`a burst was to make new ENIs in three calls each, not ${actions}`);
  return creations.map(({ parameters }) => ({ create: parameters }));
}

/** The time these calls take with nothing around them, all ENIs at once, until their links are there. */
async function timeAlone(vpc: Vpc, chains: readonly Chain[]): Promise<number> {
  const nodes: readonly { readonly name: string; readonly instanceId: string }[] = JSON.parse(
    vpc.sim('node list', '--json'),
  );
  const { instanceId = '' } = nodes.find(({ name }) => name === BARE_NODE) ?? {};
  return Number(await vpc.run(BARE_NODE, join(import.meta.dir, 'ec2-alone.ts'), { chains, instanceId }));
}

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { type E2eNode, freshVpc } from '../support/e2e.ts';
import { callPlugin, makeSandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('st');

/** What a node holds for pods: ENIs, single addresses and prefixes. */
interface Held {
  readonly enis: number;
  readonly addresses: number;
  readonly prefixes: number;
}
const single = (pods: number, enis: number, addresses: number) => ({ pods, enis, addresses, prefixes: 0 });
/** A t3.small has room for three prefixes on an ENI. */
const delegated = (pods: number, prefixes: number) => ({ pods, enis: Math.ceil(prefixes / 3), addresses: 0, prefixes });

/** The table upstream documents for a t3.small: the settings, and what the node holds with so many pods. */
const TABLE: readonly {
  readonly node: string;
  readonly settings: readonly string[];
  readonly rows: readonly (Held & { readonly pods: number })[];
}[] = [
  { node: 'warm-eni', settings: ['WARM_ENI_TARGET=1'], rows: [single(0, 1, 3), single(5, 3, 9), single(9, 3, 9)] },
  {
    node: 'warm-ip',
    settings: ['WARM_IP_TARGET=1', 'MINIMUM_IP_TARGET=1'],
    rows: [single(0, 1, 1), single(5, 2, 6), single(9, 3, 9)],
  },
  {
    node: 'minimum-ip',
    settings: ['WARM_IP_TARGET=2', 'MINIMUM_IP_TARGET=5'],
    rows: [single(0, 2, 5), single(5, 3, 7), single(9, 3, 9)],
  },
  {
    node: 'warm-prefix',
    settings: ['ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1'],
    rows: [delegated(0, 1), delegated(5, 2), delegated(16, 2), delegated(17, 3), delegated(58, 5)],
  },
  {
    node: 'prefix-ip',
    settings: ['ENABLE_PREFIX_DELEGATION=true', 'WARM_IP_TARGET=1', 'MINIMUM_IP_TARGET=1'],
    rows: [delegated(0, 1), delegated(5, 1), delegated(17, 2), delegated(58, 4)],
  },
];

const SCENARIO = {
  description: 'A t3.small for each way to say how much a node keeps ready.',
  subnets: [{ cidr: '10.0.0.0/22' }],
  nodes: TABLE.map(({ node }) => ({ name: node, type: 't3.small' })),
  times: { attachMs: 200, detachMs: 200 },
};

async function inEc2({ name }: E2eNode): Promise<Held> {
  const enis = (await vpc.status()).nodes.find((node) => node.name === name)?.enis ?? [];
  return {
    enis: enis.length,
    addresses: enis.reduce((sum, { addresses }) => sum + addresses.length - 1, 0),
    prefixes: enis.reduce((sum, eni) => sum + eni.prefixes.length, 0),
  };
}

/** `status --json` as a user reads it. */
async function told(node: E2eNode): Promise<StatusDocument> {
  const { stdout } = await node.cli('status', '--json');
  const { daemon }: { daemon: StatusDocument } = JSON.parse(stdout);
  return daemon;
}

async function addPods(node: E2eNode, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { exitCode, document } = await callPlugin(node, 'ADD', await makeSandbox(node, name));
    expect({ name, exitCode, document }).toMatchObject({ exitCode: 0 });
  }
}

/** Waits until the daemon has asked EC2 for nothing for a while. */
async function quiet(node: E2eNode): Promise<void> {
  const callsOf = (status: StatusDocument): number => Object.values(status.ec2Calls).reduce((sum, n) => sum + n, 0);
  for (let before = -1, at = performance.now(); ; ) {
    const status = await node.untilStatus('nothing under way', ({ ready, pool }) => ready && pool.pending === 0);
    if (callsOf(status) !== before) [before, at] = [callsOf(status), performance.now()];
    else if (performance.now() - at > 1_000) return;
    await Bun.sleep(100);
  }
}

const changes = async ({ name }: E2eNode): Promise<readonly string[]> =>
  (await vpc.ec2Calls(name)).map(({ action }) => action).filter((action) => !action.startsWith('Describe'));

beforeAll(async () => {
  const file = join(tmpdir(), `steady-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(SCENARIO));
  await vpc.up('--scenario', file);
});
afterAll(async () => {
  await vpc.down();
});

for (const { node: name, settings, rows } of TABLE)
  describe(settings.join(' '), () => {
    const node = vpc.node(name);
    let running = 0;

    for (const { pods, ...held } of rows)
      test(`${pods} pods: ${held.enis} ENIs, ${held.addresses} addresses, ${held.prefixes} prefixes`, async () => {
        if (pods === 0) {
          await node.configure(...settings, 'IP_COOLDOWN_PERIOD=1');
          await node.install();
        }
        await addPods(
          node,
          Array.from({ length: pods - running }, (_, index) => `pod-${running + index}`),
        );
        running = pods;
        await quiet(node);
        expect(await inEc2(node)).toEqual(held);
        const { pool, enis } = await told(node);
        const total = held.addresses + held.prefixes * 16;
        expect({ ...pool, enis: enis.length }).toMatchObject({
          ...{ enis: held.enis, total, assigned: pods, free: total - pods },
          ...{ cooldown: 0, quarantine: 0, orphans: 0, pending: 0 },
        });
        // A daemon that comes to it anew plans nothing: it looks, and changes nothing.
        const before = await node.daemonPid();
        await vpc.forgetCalls();
        process.kill(before, 'SIGTERM');
        await node.untilStatus('another daemon', ({ pid, ready }) => pid !== before && ready);
        await quiet(node);
        expect(await changes(node)).toEqual([]);
        expect(await inEc2(node)).toEqual(held);
      });
  });

/** Longer than the minute an ENI is kept at least, and than two looks at the metadata. */
const WINDOW_MS = 65_000;

test('none of these nodes asks EC2 anything as long as nothing happens', async () => {
  await vpc.forgetCalls();
  await Bun.sleep(WINDOW_MS);
  for (const { node, rows } of TABLE) {
    const { pods: _, ...held } = rows[rows.length - 1] ?? { pods: 0 };
    expect({ node, calls: (await vpc.ec2Calls(node)).map(({ action }) => action) }).toEqual({ node, calls: [] });
    expect(await inEc2(vpc.node(node))).toEqual(held as Held);
  }
});

import { simStatus } from './cli.ts';
import { need } from './failure.ts';
import { parseChanges } from './parse.ts';
import { NODES } from './plan.ts';
import { SETTINGS_FILE } from './set-up.ts';
import {
  added,
  eniSnapshot,
  machineSnapshot,
  nodeSnapshot,
  type Occupant,
  occupantsOf,
  type Snapshot,
  stillRunning,
  vpcSnapshot,
} from './snapshot.ts';
import { onBoth, type Stage } from './stage.ts';
import { duration } from './story.ts';

// Unmounting is lazy, and links go a moment after their namespace or their ENI; what is still there then stays.
const SETTLE_MS = 5_000;
const POLL_MS = 100;

/** Uninstalls and returns what differs on the nodes and in EC2 from the time before the installation. */
export async function uninstall({ cli, story, before, namespaces }: Stage): Promise<Snapshot> {
  const reports = await onBoth(async (node) =>
    parseChanges((await cli.onNode(node, [cli.executable, 'uninstall', '--purge', '--json'])).stdout),
  );
  for (const node of NODES) {
    need(reports[node].changed, `the uninstallation on ${node} found nothing to do`);
    story.say(`${node}: ${reports[node].changes.length} steps in ${duration(reports[node].ms)}`);
  }
  const differences = await settled(async () => {
    const now = await onBoth((node) => nodeSnapshot(cli, node));
    const enis = eniSnapshot(await simStatus(cli));
    return [
      ...NODES.flatMap((node) => changesOf(before.nodes[node], now[node])),
      ...changesOf(before.enis, enis),
      ...stillRunning(occupantsOf(namespaces)),
    ].filter((line) => !line.includes(SETTINGS_FILE));
  });
  if (differences.length === 0) {
    story.say('links, rules, routes, nft tables, sysctls and files of both nodes are as they were before,');
    story.say('and no process runs there any more');
    story.say(`EC2 knows ${before.enis.length} ENIs again, one for each node, with one address each`);
  }
  return differences;
}

/** What is on this machine, or carries the name of the VPC, and was not there at the start. */
export async function machineLeftovers(input: {
  readonly vpc: string;
  readonly before: Snapshot;
  /** Who lived on its nodes just before it went down. */
  readonly occupants: readonly Occupant[];
  readonly signal: AbortSignal;
}): Promise<Snapshot> {
  return await settled(async () => [
    ...vpcSnapshot(input.vpc),
    ...stillRunning(input.occupants),
    ...added(input.before, await machineSnapshot(input.signal)).map((line) => `this machine: ${line}`),
  ]);
}

const changesOf = (before: Snapshot, now: Snapshot): Snapshot => [
  ...added(before, now),
  ...added(now, before).map((line) => `${line} is gone`),
];

/** Looks until nothing is found, or it has had its time to go. */
async function settled(look: () => Promise<Snapshot>): Promise<Snapshot> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() > deadline) return left;
    await Bun.sleep(POLL_MS);
  }
}

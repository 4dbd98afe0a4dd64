import { relative } from 'node:path';
import { build } from '../build.ts';
import { machineLeftovers, uninstall } from './clean-up.ts';
import { type Cli, createCli } from './cli.ts';
import { crash } from './crash.ts';
import { need } from './failure.ts';
import type { DemoOptions } from './options.ts';
import { Pinger, type Tally } from './ping.ts';
import {
  addPods,
  awaitTarget,
  castOf,
  deletePods,
  pingAcrossNodes,
  pingFromNode,
  pingInternet,
  pingSameNode,
} from './pods.ts';
import { install, installAgain, startVpc } from './set-up.ts';
import { machineSnapshot, occupantsOf, type Snapshot } from './snapshot.ts';
import type { Stage } from './stage.ts';
import type { DoneStep, StepName, Story } from './story.ts';

/** How a run ended; what `--json` prints. */
export interface Outcome {
  readonly ok: boolean;
  readonly steps: readonly DoneStep[];
  readonly pings: Tally;
  readonly leftovers: Snapshot;
  readonly failed?: { readonly step: StepName | 'start'; readonly message: string };
}

/** A run under way: what must be taken down, and what is compared with at the end. */
interface Undertaking {
  readonly options: DemoOptions;
  readonly story: Story;
  readonly signal: AbortSignal;
  namespaces: readonly string[];
  tally: Tally;
  leftovers: Snapshot;
  /** There from the moment a VPC of ours may exist. */
  cli?: Cli;
  before?: Snapshot;
}

/** Plays the whole demo. Never throws: a failure is an outcome, and whatever was started is taken down first. */
export async function runDemo(input: {
  readonly options: DemoOptions;
  readonly story: Story;
  readonly signal: AbortSignal;
}): Promise<Outcome> {
  const { options, story } = input;
  const work: Undertaking = { ...input, namespaces: [], tally: { sent: 0, received: 0 }, leftovers: [] };
  try {
    await play(work);
    const { sent, received } = work.tally;
    return { ok: sent > 0 && sent === received, ...common(work) };
  } catch (error) {
    const step = story.current ?? 'start';
    const message = error instanceof Error ? error.message : String(error);
    story.say(`✗ ${message}`);
    if (!options.keep) work.leftovers = [...work.leftovers, ...(await takeDown(work))];
    return { ok: false, ...common(work), failed: { step, message } };
  }
}

const common = ({ story, tally, leftovers }: Undertaking) => ({
  steps: story.done,
  pings: { sent: tally.sent, received: tally.received },
  leftovers,
});

async function play(work: Undertaking): Promise<void> {
  const { options, story, signal } = work;
  const { vpc } = options;
  const machine = await machineSnapshot(signal);
  work.before = machine;
  const executable = await story.step('build', async () => {
    const path = build();
    story.say(`${relative(process.cwd(), path)}: installer, daemon, CNI plugin and simulator in one file`);
    signal.throwIfAborted();
    return path;
  });
  const cli = createCli(executable, vpc, signal);
  const started = await story.step('vpc-up', () => {
    work.cli = cli;
    return startVpc(cli, story);
  });
  work.namespaces = started.namespaces;
  const pinger = new Pinger(cli);
  work.tally = pinger.tally;
  const stage: Stage = { cli, story, options, signal, pinger, ...started };
  await story.step('install', () => install(stage));
  await story.step('install-again', () => installAgain(stage));
  const cast = castOf(await story.step('pods-add', () => addPods(stage)));
  await story.step('ping-same-node', () => pingSameNode(stage, cast));
  await story.step('ping-across-nodes', () => pingAcrossNodes(stage, cast));
  await story.step('ping-internet', () => pingInternet(stage, cast));
  await story.step('ping-from-node', () => pingFromNode(stage, cast));
  await story.step('crash', () => crash(stage, cast));
  if (options.keep) return;
  await story.step('pods-delete', () => deletePods(stage));
  await story.step('cooldown', () => awaitTarget(stage));
  work.leftovers = await story.step('uninstall', () => uninstall(stage));
  const occupants = await story.step('down', async () => {
    const living = occupantsOf(started.namespaces);
    await cli.sim(['down']);
    delete work.cli;
    story.say(`${vpc} is gone, with its nodes, router and internet`);
    return living;
  });
  await story.step('proof', async () => {
    work.leftovers = [...work.leftovers, ...(await machineLeftovers({ vpc, before: machine, occupants, signal }))];
    for (const line of work.leftovers) story.say(`left: ${line}`);
    need(work.leftovers.length === 0, `${work.leftovers.length} things are left`);
    tellProof(story);
  });
}

function tellProof(story: Story): void {
  story.say('compared with the start, nothing is left:');
  story.say('  on this machine   0 links, 0 rules, 0 routes, 0 nft tables');
  story.say('  of the VPC        0 network namespaces, 0 mounts, 0 processes, 0 files');
  story.say('  on each node      0 links, 0 rules, 0 routes, 0 nft tables, 0 files, 0 processes, 0 changed sysctls');
  story.say('  in EC2            0 ENIs and 0 addresses but those the nodes were started with');
  story.say('(nodes and EC2 were looked at after the uninstallation, before the VPC went down)');
}

/** After a failure. Our signal may be what ended the run, so this has one of its own. */
async function takeDown(work: Undertaking): Promise<Snapshot> {
  const { cli, options, story, before, namespaces } = work;
  if (cli === undefined || before === undefined) return [];
  const { signal } = new AbortController();
  story.say('taking everything down …');
  try {
    const occupants = occupantsOf(namespaces);
    await createCli(cli.executable, options.vpc, signal).sim(['down']);
    const left = await machineLeftovers({ vpc: options.vpc, before, occupants, signal });
    for (const line of left) story.say(`left: ${line}`);
    if (left.length === 0) story.say(`${options.vpc} is gone, nothing is left`);
    return left;
  } catch (error) {
    story.say(error instanceof Error ? error.message : String(error));
    return [`the VPC ${options.vpc}`];
  }
}

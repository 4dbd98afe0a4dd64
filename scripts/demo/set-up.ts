import type { Cli } from './cli.ts';
import { simStatus } from './cli.ts';
import { need } from './failure.ts';
import { parseChanges } from './parse.ts';
import { INSTANCE_TYPE, NODES, type NodeName, SETTINGS } from './plan.ts';
import { eniSnapshot, namespacesOf, nodeSnapshot } from './snapshot.ts';
import { type Before, daemonOf, onBoth, type Stage } from './stage.ts';
import { duration, type Story } from './story.ts';

/** What a VPC that has just started tells. */
export interface Started {
  readonly nodeAddresses: ReadonlyMap<NodeName, string>;
  readonly before: Before;
  readonly namespaces: readonly string[];
}

/** Sorts after what the simulator writes there itself. */
export const SETTINGS_FILE = '/etc/vpc-cni/conf.d/50-demo.env';

/** Starts the VPC and remembers how its nodes look before anything is installed. */
export async function startVpc(cli: Cli, story: Story): Promise<Started> {
  await cli.sim(['up'], ['--nodes', `${NODES.length}`, '--instance-type', INSTANCE_TYPE]);
  const status = await simStatus(cli);
  story.say(`${cli.vpc} is a whole VPC inside this machine: ${status.vpc.cidr}, with EC2's API, instance metadata,`);
  story.say('a router and an "internet". Every node is a Linux network namespace with files of its own:');
  const nodeAddresses = new Map<NodeName, string>();
  for (const node of NODES) {
    const found = status.nodes.find(({ name }) => name === node);
    need(found !== undefined, `the VPC has no ${node}`);
    nodeAddresses.set(node, found.address);
    story.say(`  ${node}  ${found.address}  ${found.instanceType}  ${found.instanceId}`);
  }
  const nodes = await onBoth((node) => nodeSnapshot(cli, node));
  const namespaces = await namespacesOf(cli);
  return { nodeAddresses, before: { nodes, enis: eniSnapshot(status) }, namespaces };
}

/** Writes the settings of the demo, then installs. */
export async function install({ cli, story, options }: Stage): Promise<void> {
  const text = Object.entries(SETTINGS).map(([key, value]) => `${key}=${value}\n`);
  await onBoth((node) => cli.onNode(node, ['tee', SETTINGS_FILE], { input: text.join('') }));
  story.say(`settings for a quick demo, in ${SETTINGS_FILE} of each node before the installation:`);
  story.say(
    `  WARM_IP_TARGET=${SETTINGS.WARM_IP_TARGET}       keep two free addresses at hand, not a whole interface of them`,
  );
  story.say(`  MINIMUM_IP_TARGET=${SETTINGS.MINIMUM_IP_TARGET}    but hold three at least`);
  story.say(`  IP_COOLDOWN_PERIOD=${SETTINGS.IP_COOLDOWN_PERIOD}  let a freed address rest for 10 s instead of 30`);
  const reports = await onBoth(async (node) =>
    parseChanges((await cli.onNode(node, [cli.executable, 'install', '--json'])).stdout),
  );
  for (const node of NODES) {
    const { changes, ms } = reports[node];
    const { pool, readyAfterMs } = await daemonOf(cli, node);
    const ready = readyAfterMs === null ? '' : `, ready ${duration(readyAfterMs)} after its start`;
    story.say(`${node}: ${changes.length} changes in ${duration(ms)}; ipamd holds ${pool.total} addresses${ready}`);
  }
  const { perEni, maxEnis } = options.plan;
  story.say(`a ${INSTANCE_TYPE} takes ${maxEnis} network interfaces (ENIs) with ${perEni} pod addresses each`);
}

/** Installs once more; what is right already must be left alone. */
export async function installAgain({ cli, story }: Stage): Promise<void> {
  const pids = async () => await onBoth(async (node) => (await daemonOf(cli, node)).pid);
  const before = await pids();
  const reports = await onBoth(async (node) =>
    parseChanges((await cli.onNode(node, [cli.executable, 'install', '--json'])).stdout),
  );
  const after = await pids();
  for (const node of NODES) {
    const { changed, changes, ms } = reports[node];
    const targets = changes.map(({ kind, target }) => `${kind} ${target}`).join(', ');
    need(!changed && changes.length === 0, `the second installation on ${node} changed ${targets}`);
    need(before[node] === after[node], `the second installation restarted ipamd on ${node}`);
    story.say(`${node}: no change, ipamd runs on, ${duration(ms)}`);
  }
}

import { HostError } from '../../errors/index.ts';
import {
  type NodePlan,
  nodeName,
  rehearse,
  type Scenario,
  type SimClient,
  startVpc,
  stopVpc,
} from '../../sim/index.ts';
import { createProgress } from '../step-progress.ts';
import {
  answer,
  type CommonOptions,
  DEFAULT_VPC,
  ownUid,
  ownVpc,
  type SimContext,
  selfArgv,
  wholeNumber,
} from './context.ts';
import { loadScenario } from './load-scenario.ts';
import { renderStatus } from './status-text.ts';

/** What `sim up` was told. */
export interface UpOptions extends CommonOptions {
  readonly apiOnly?: boolean;
  readonly nodes?: string;
  readonly instanceType?: string;
  readonly scenario?: string;
  readonly attachMs?: string;
  readonly detachMs?: string;
  readonly ec2Port: string;
  readonly imdsPort: string;
  readonly adminPort: string;
}

/** A node is two namespaces, four overlays and its processes: more do not fit the machine. */
const MOST_MACHINES = 200;
/** As many instances as the model was measured with. */
const MOST_INSTANCES = 5_000;

/** Starts a VPC with its nodes; what was started is removed again when a step fails or somebody interrupts. */
export async function up(context: SimContext, options: UpOptions): Promise<void> {
  const names = ownVpc(context, options);
  const apiOnly = options.apiOnly === true;
  const uid = ownUid();
  if (!apiOnly && uid !== 0) throw new HostError('SIM_NEEDS_ROOT', { what: '"sim up"', uid });
  const scenario = scenarioOf(options);
  const nodes = nodesOf(scenario, options, apiOnly);
  checkNodes(scenario, nodes);
  const plan = {
    apiOnly,
    ports: {
      ec2: portNumber('--ec2-port', options.ec2Port),
      imds: portNumber('--imds-port', options.imdsPort),
      admin: portNumber('--admin-port', options.adminPort),
    },
    scenario,
  };
  const progress = createProgress(context, { json: true });
  using interrupted = onInterrupt();
  try {
    progress.started(`starting ${names.vpc}`);
    const argv = [...selfArgv(context), 'sim', 'serve', '--name', names.vpc, '--json'] as const;
    const { client, pid } = await startVpc({ names, argv, plan });
    try {
      progress.started('adding nodes');
      for (const [index, node] of nodes.entries()) {
        progress.waiting(`${node.name}, ${index + 1} of ${nodes.length}`);
        await interrupted.race(client.addNode(node));
      }
      await interrupted.race(disturb(client, scenario));
      await report(context, options, client);
    } catch (error) {
      await stopVpc(names, pid);
      throw error;
    }
  } finally {
    progress.end();
  }
}

/** The scenario asked for, with what the options say about it. */
function scenarioOf(options: UpOptions): Scenario {
  const scenario = options.scenario === undefined ? {} : loadScenario(options.scenario);
  const { attachMs, detachMs } = options;
  return {
    ...scenario,
    times: {
      ...scenario.times,
      ...(attachMs === undefined ? {} : { attachMs: wholeNumber('--attach-ms', attachMs) }),
      ...(detachMs === undefined ? {} : { detachMs: wholeNumber('--detach-ms', detachMs) }),
    },
  };
}

/** `--nodes` adds nodes to those of the scenario until there are so many. */
function nodesOf(scenario: Scenario, options: UpOptions, apiOnly: boolean): readonly NodePlan[] {
  const { nodes = [] } = scenario;
  const count = options.nodes === undefined ? undefined : wholeNumber('--nodes', options.nodes);
  if (count !== undefined && count < nodes.length)
    throw new HostError('USAGE', { reason: `--nodes ${count}: the scenario alone has ${nodes.length} nodes` });
  const wanted = Math.max(count ?? (scenario.nodes === undefined ? 2 : 0), nodes.length);
  const most = apiOnly ? MOST_INSTANCES : MOST_MACHINES;
  if (wanted > most)
    throw new HostError('USAGE', { reason: `${wanted} nodes are more than ${most}, the most there can be` });
  const taken = new Set(nodes.map(({ name }) => name));
  const fresh: NodePlan[] = [];
  for (let index = 0; nodes.length + fresh.length < wanted; index += 1)
    if (!taken.has(nodeName(index))) fresh.push({ name: nodeName(index), type: options.instanceType ?? 't3.small' });
  if (options.instanceType !== undefined && fresh.length === 0)
    throw new HostError('USAGE', { reason: '--instance-type is for nodes beside those of the scenario: give --nodes' });
  return [...nodes, ...fresh];
}

/** Nodes that EC2 would refuse are told of before anything is started. Throws `USAGE`. */
function checkNodes(scenario: Scenario, nodes: readonly NodePlan[]): void {
  const [first] = rehearse({ ...scenario, nodes });
  if (first !== undefined)
    throw new HostError('USAGE', { reason: `EC2 would refuse ${first.node?.name ?? 'the VPC'}: ${first.message}` });
}

/** What the scenario disturbs, last of all: the nodes themselves come up undisturbed. */
async function disturb(client: SimClient, scenario: Scenario): Promise<void> {
  const { subnets = [], dials = [], throttle = 'ec2' } = scenario;
  for (const { cidr, fragmented, exhausted = false } of subnets) {
    if (fragmented === true) await client.setSubnet(cidr, { strangers: 'fragment' });
    if (exhausted !== false)
      await client.setSubnet(cidr, {
        strangers: 'exhaust',
        ...(typeof exhausted === 'number' ? { leave: exhausted } : {}),
      });
  }
  if (throttle === 'off') await client.setThrottle('off');
  const buckets = typeof throttle === 'object' ? throttle : {};
  for (const [action, bucket] of Object.entries(buckets)) await client.setDial({ action, bucket });
  for (const dial of dials) await client.setDial(dial);
}

async function report(context: SimContext, options: UpOptions, client: SimClient): Promise<void> {
  const status = await client.status();
  const { name, ec2, imds, admin, nodes } = status;
  const own = name === DEFAULT_VPC ? '' : `--name ${name} `;
  const next =
    options.apiOnly === true
      ? `next: export AWS_ENDPOINT_URL_EC2=${ec2} AWS_REGION=${status.vpc.region}\n`
      : `next: vpc-cni sim exec ${own}${nodes[0]?.name ?? 'NODE'} -- COMMAND\n`;
  answer(context, options, {
    json: {
      ok: true,
      name,
      ec2,
      imds,
      admin,
      nodes: nodes.map((node) => ({ name: node.name, address: node.address, imds: node.imds })),
    },
    text: `${renderStatus(status)}\n${next}`,
  });
}

function portNumber(option: string, text: string): number {
  const port = wholeNumber(option, text);
  if (port > 65_535) throw new HostError('USAGE', { reason: `${option} needs a port from 0 to 65535, not ${port}` });
  return port;
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Turns a signal to end into a failure of what is waited for, so that it is undone like any other. */
function onInterrupt(): Disposable & { readonly race: <T>(work: Promise<T>) => Promise<T> } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const interrupt = (signal: string): void => reject(new HostError('SIM_INTERRUPTED', { signal }));
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  return {
    race: (work) => Promise.race([work, promise]),
    [Symbol.dispose]: () => {
      for (const signal of INTERRUPTS) process.off(signal, interrupt);
    },
  };
}

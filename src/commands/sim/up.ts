import { HostError } from '../../errors/index.ts';
import { type SimClient, startVpc, stopVpc } from '../../sim/index.ts';
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
import { renderStatus } from './status-text.ts';

/** What `sim up` was told. */
export interface UpOptions extends CommonOptions {
  readonly apiOnly?: boolean;
  readonly nodes?: string;
  readonly instanceType?: string;
  readonly attachMs: string;
  readonly detachMs: string;
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
  const count = nodeCount(options.nodes ?? '2', apiOnly);
  const plan = {
    apiOnly,
    ports: {
      ec2: portNumber('--ec2-port', options.ec2Port),
      imds: portNumber('--imds-port', options.imdsPort),
      admin: portNumber('--admin-port', options.adminPort),
    },
    attachMs: wholeNumber('--attach-ms', options.attachMs),
    detachMs: wholeNumber('--detach-ms', options.detachMs),
  };
  const progress = createProgress(context, { json: true });
  using interrupted = onInterrupt();
  try {
    progress.started(`starting ${names.vpc}`);
    const argv = [...selfArgv(context), 'sim', 'serve', '--name', names.vpc, '--json'] as const;
    const { client, pid } = await startVpc({ names, argv, plan });
    try {
      for (let index = 0; index < count; index += 1) {
        progress.started(`adding ${nodeName(index)} (${index + 1} of ${count})`);
        await interrupted.race(
          client.addNode({ name: nodeName(index), instanceType: options.instanceType ?? 't3.small' }),
        );
      }
      await report(context, options, client);
    } catch (error) {
      await stopVpc(names, pid);
      throw error;
    }
  } finally {
    progress.end();
  }
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

/** node-a … node-z, node-aa … */
function nodeName(index: number): string {
  const letters = (rest: number): string =>
    `${rest >= 26 ? letters(Math.floor(rest / 26) - 1) : ''}${String.fromCharCode(97 + (rest % 26))}`;
  return `node-${letters(index)}`;
}

function nodeCount(text: string, apiOnly: boolean): number {
  const count = wholeNumber('--nodes', text);
  const most = apiOnly ? MOST_INSTANCES : MOST_MACHINES;
  if (count > most)
    throw new HostError('USAGE', { reason: `--nodes ${count} is more than ${most}, the most there can be` });
  return count;
}

function portNumber(option: string, text: string): number {
  const port = wholeNumber(option, text);
  if (port > 65_535) throw new HostError('USAGE', { reason: `${option} needs a port from 0 to 65535, not ${port}` });
  return port;
}

/** Turns the first SIGINT or SIGTERM into a failure of what is waited for, so that it is undone like any other. */
function onInterrupt(): Disposable & { readonly race: <T>(work: Promise<T>) => Promise<T> } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const interrupt = (signal: string): void => reject(new HostError('SIM_INTERRUPTED', { signal }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  return {
    race: (work) => Promise.race([work, promise]),
    [Symbol.dispose]: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
    },
  };
}

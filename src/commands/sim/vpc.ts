import type { Command } from 'commander';
import { createLogger } from '../../log/index.ts';
import { createClient, serveVpc, startVpc, stopVpc, vpcNames } from '../../sim/index.ts';
import {
  answer,
  type CommonOptions,
  DEFAULT_VPC,
  needRoot,
  runningVpc,
  type SimContext,
  selfArgv,
  wholeNumber,
} from './context.ts';
import { renderStatus } from './status-text.ts';

interface UpOptions extends CommonOptions {
  readonly nodes: string;
  readonly instanceType: string;
  readonly attachMs: string;
  readonly detachMs: string;
}

/** `sim up`, `sim down`, `sim status` and the daemon itself, `sim serve`. */
export function addVpcCommands(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('up').description('start a simulated VPC in the background'))
    .option('--nodes <count>', 'nodes to begin with, named node-a, node-b, …', '2')
    .option('--instance-type <type>', 'their EC2 instance type', 't3.small')
    .option('--attach-ms <ms>', 'how long EC2 takes to attach an ENI', '1500')
    .option('--detach-ms <ms>', 'how long EC2 takes to detach an ENI', '1000')
    .action((options: UpOptions) => up(context, options));
  common(
    program.command('down').description('end a simulated VPC and remove everything of it, also after a crash'),
  ).action(async (options: CommonOptions) => {
    needRoot();
    const names = vpcNames(options.name);
    const removed = await stopVpc(names);
    answer(context, options, {
      json: { ok: true, name: names.vpc, removed },
      text: removed ? `${names.vpc} is gone\n` : `there is nothing of ${names.vpc}\n`,
    });
  });
  common(program.command('status').description('show nodes, ENIs, addresses and pods')).action(
    async (options: CommonOptions) => {
      const status = await createClient(runningVpc(options)).status();
      answer(context, options, { json: status, text: renderStatus(status) });
    },
  );
  common(program.command('serve', { hidden: true }).description('the background process'))
    .requiredOption('--attach-ms <ms>')
    .requiredOption('--detach-ms <ms>')
    .action((options: UpOptions) => serve(options));
}

async function up(context: SimContext, options: UpOptions): Promise<void> {
  needRoot();
  const names = vpcNames(options.name);
  const count = wholeNumber('--nodes', options.nodes);
  const times = [
    '--attach-ms',
    `${wholeNumber('--attach-ms', options.attachMs)}`,
    '--detach-ms',
    `${wholeNumber('--detach-ms', options.detachMs)}`,
  ];
  const client = await startVpc({ names, argv: [...selfArgv(context), 'sim', 'serve', '--name', names.vpc, ...times] });
  try {
    for (let index = 0; index < count; index += 1)
      await client.addNode({ name: nodeName(index), instanceType: options.instanceType });
  } catch (error) {
    await stopVpc(names);
    throw error;
  }
  const { name, ec2, imds, admin, nodes, ...rest } = await client.status();
  const own = name === DEFAULT_VPC ? '' : `--name ${name} `;
  answer(context, options, {
    json: {
      ok: true,
      name,
      ec2,
      imds,
      admin,
      nodes: nodes.map((node) => ({ name: node.name, address: node.address, imds: node.imds })),
    },
    text: `${renderStatus({ name, ec2, imds, admin, nodes, ...rest })}\nnext: vpc-cni sim exec ${own}${nodeName(0)} -- COMMAND\n`,
  });
}

/** node-a … node-z, node-aa … */
function nodeName(index: number): string {
  const letters = (rest: number): string =>
    `${rest >= 26 ? letters(Math.floor(rest / 26) - 1) : ''}${String.fromCharCode(97 + (rest % 26))}`;
  return `node-${letters(index)}`;
}

async function serve(options: UpOptions): Promise<void> {
  const end = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end.abort());
  await serveVpc({
    names: vpcNames(options.name),
    log: createLogger({ level: 'info', program: 'vpc-cni-sim' }),
    attachMs: wholeNumber('--attach-ms', options.attachMs),
    detachMs: wholeNumber('--detach-ms', options.detachMs),
    signal: end.signal,
  });
}

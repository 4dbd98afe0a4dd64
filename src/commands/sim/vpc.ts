import type { Command } from 'commander';
import { createLogger } from '../../log/index.ts';
import { serveVpc, stopVpc } from '../../sim/index.ts';
import { answer, type CommonOptions, during, ownVpc, runningVpc, type SimContext } from './context.ts';
import { renderStatus } from './status-text.ts';
import { type UpOptions, up } from './up.ts';

/** `sim up`, `sim down`, `sim status` and the daemon itself, `sim serve`. */
export function addVpcCommands(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('up').description('start a simulated VPC in the background'))
    .option('--api-only', 'EC2 and metadata APIs without machines; needs no root')
    .option('--scenario <file>', 'a situation: a file, or a name of "sim scenario list"')
    .option('--nodes <count>', 'nodes to begin with, named node-a, node-b, …; 2, or those of the scenario, unless told')
    .option('--instance-type <type>', 'their EC2 instance type; t3.small unless told')
    .option('--attach-ms <ms>', 'how long EC2 takes to attach an ENI; 1500 unless told')
    .option('--detach-ms <ms>', 'how long EC2 takes to detach an ENI; 1000 unless told')
    .option('--ec2-port <port>', 'loopback port of the EC2 API; 0 is any free one', '0')
    .option('--imds-port <port>', 'loopback port of the metadata service', '0')
    .option('--admin-port <port>', 'loopback port for orders', '0')
    .addHelpText(
      'after',
      `
Examples:
  vpc-cni sim up --nodes 3 --instance-type m5.large
  vpc-cni sim up --scenario slow-attach
  vpc-cni sim up --api-only --ec2-port 8001 --json      no root, no machines
`,
    )
    .action((options: UpOptions) => up(context, options));
  common(program.command('down').description('end a simulated VPC and remove everything of it, also after a crash'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim down\n  vpc-cni sim down --name other\n')
    .action(async (options: CommonOptions) => {
      const names = ownVpc(context, options);
      const removed = await during(context, `removing ${names.vpc}`, () => stopVpc(names));
      answer(context, options, {
        json: { ok: true, name: names.vpc, removed },
        text: removed ? `${names.vpc} is gone\n` : `there is nothing of ${names.vpc}\n`,
      });
    });
  common(program.command('status').description('show nodes, ENIs, addresses and pods'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim status\n  vpc-cni sim status --json\n')
    .action(async (options: CommonOptions) => {
      const status = await runningVpc(context, options).status();
      answer(context, options, { json: status, text: renderStatus(status) });
    });
  common(program.command('serve', { hidden: true }).description('the background process')).action(
    async (options: CommonOptions) => {
      const end = new AbortController();
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end.abort());
      await serveVpc({
        names: ownVpc(context, options),
        log: createLogger({ level: 'info', program: 'vpc-cni-sim' }),
        signal: end.signal,
      });
    },
  );
}

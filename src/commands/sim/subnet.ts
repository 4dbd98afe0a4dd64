import type { Command } from 'commander';
import { answer, type CommonOptions, runningVpc, type SimContext, wholeNumber } from './context.ts';

interface SubnetOptions extends CommonOptions {
  readonly leave?: string;
}

const EXAMPLES = `
Examples:
  vpc-cni sim subnet fragment 10.0.0.0/24      no /28 is whole any more
  vpc-cni sim subnet exhaust us-east-1a --leave 2
  vpc-cni sim subnet release 10.0.0.0/24       the strangers are gone
`;

/** `sim subnet fragment|exhaust|release`. */
export function addSubnetCommands(program: Command, context: SimContext, common: (command: Command) => Command): void {
  const subnet = program
    .command('subnet')
    .description('let strangers take addresses of a subnet, as other instances would');
  const add = (strangers: 'fragment' | 'exhaust' | 'release', description: string): Command =>
    common(subnet.command(strangers).description(description).argument('<subnet>', 'its id, CIDR or availability zone'))
      .addHelpText('after', EXAMPLES)
      .action(async (wanted: string, options: SubnetOptions) => {
        const leave = options.leave === undefined ? undefined : wholeNumber('--leave', options.leave);
        const view = await runningVpc(context, options).setSubnet(wanted, {
          strangers,
          ...(leave === undefined ? {} : { leave }),
        });
        answer(context, options, { json: view, text: `${view.cidr} has ${view.free} free addresses\n` });
      });
  add('fragment', 'take one address of every free /28: no prefix fits any more');
  add('exhaust', 'take all free addresses').option('--leave <count>', 'but so many');
  add('release', 'give all of them back');
}

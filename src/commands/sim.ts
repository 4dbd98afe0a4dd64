import { Command, CommanderError } from 'commander';
import { HostError } from '../errors/index.ts';
import type { RunCommand } from './command.ts';
import { EXIT, reportFailure } from './report.ts';
import { addCallsCommand } from './sim/calls.ts';
import { addClockCommand } from './sim/clock.ts';
import { DEFAULT_VPC, type SimContext } from './sim/context.ts';
import { addDialCommand } from './sim/dial.ts';
import { addNodeCommands } from './sim/node.ts';
import { addPodCommands } from './sim/pod.ts';
import { addScenarioCommands } from './sim/scenario.ts';
import { addSubnetCommands } from './sim/subnet.ts';
import { addVpcCommands } from './sim/vpc.ts';

const EXAMPLES = `
Examples:
  vpc-cni sim up --nodes 2                         a VPC with node-a and node-b
  vpc-cni sim exec node-a -- vpc-cni install       run a command on a node
  vpc-cni sim pod add node-a web-1 web-2           two pods, wired by the node's CNI plugins
  vpc-cni sim pod exec node-a web-1 -- ip address  look inside one
  vpc-cni sim dial CreateNetworkInterface --throttle --times 3
  vpc-cni sim calls --action CreateNetworkInterface --expect 1
  vpc-cni sim status                               who holds which address
  vpc-cni sim down                                 remove everything
`;

/** `vpc-cni sim …`. */
export const run: RunCommand = async (context) => {
  let code: number = EXIT.done;
  const simContext: SimContext = {
    ...context,
    exit: (next) => {
      code = next;
    },
  };
  try {
    await programOf(simContext).parseAsync([...context.argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure = error instanceof CommanderError ? new HostError('USAGE', { reason: reasonOf(error) }) : error;
    // What stands behind `--` belongs to the command that runs on the node.
    const own = context.argv.slice(0, [...context.argv, '--'].indexOf('--'));
    return reportFailure(context, failure, { json: own.includes('--json') });
  }
};

/** Commander shows its help when a group such as `node` is called alone, and says so as an error. */
function reasonOf(error: CommanderError): string {
  return error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
}

function programOf(context: SimContext): Command {
  const program = new Command('vpc-cni sim')
    .description('A simulated VPC on this machine: EC2 and IMDS, nodes, and packets that really travel.')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Commander's own error lines would come on top of ours.
    .configureOutput({ writeOut: context.stdout, writeErr: () => {} })
    .enablePositionalOptions()
    .action(() => {
      const [word] = program.args;
      const reason = word === undefined ? '"sim" needs a command' : `there is no command "sim ${word}"`;
      throw new HostError('USAGE', { reason });
    });
  const common = (command: Command, json = 'one JSON document on stdout'): Command =>
    command.option('--name <vpc>', 'which simulated VPC', DEFAULT_VPC).option('--json', json);
  addVpcCommands(program, context, common);
  addNodeCommands(program, context, common);
  addPodCommands(program, context, common);
  addCallsCommand(program, context, common);
  addDialCommand(program, context, common);
  addClockCommand(program, context, common);
  addSubnetCommands(program, context, common);
  addScenarioCommands(program, context);
  // Only now, because commands inherit both: a word that is no command is for the action above to tell of.
  return program.allowExcessArguments(true).allowUnknownOption(true);
}

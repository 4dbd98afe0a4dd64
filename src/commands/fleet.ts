import { Command, CommanderError } from 'commander';
import { HostError } from '../errors/index.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { addPlanCommand } from './fleet/plan.ts';
import { addSimulateCommand } from './fleet/simulate.ts';
import { EXIT, reportFailure } from './report.ts';

const EXAMPLES = `
Examples:
  vpc-cni fleet plan --nodes 3 --instance-type c5.large --pods 2
  vpc-cni fleet simulate --nodes 1000 --instance-type c5.large
`;

/** What a command of `fleet` is given: the caller's context, and where its exit code goes. */
export interface FleetContext extends CommandContext {
  readonly exit: (code: number) => void;
}

function programOf(context: FleetContext): Command {
  const program = new Command('vpc-cni fleet')
    .description('Capacity and behaviour of many nodes before they are bought. Asks nobody, changes nothing.')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Commander's own error lines would come on top of ours.
    .configureOutput({ writeOut: context.stdout, writeErr: () => undefined })
    .action(() => {
      const [word] = program.args;
      const reason = word === undefined ? '"fleet" needs a command' : `there is no command "fleet ${word}"`;
      throw new HostError('USAGE', { reason });
    });
  addPlanCommand(program, context);
  addSimulateCommand(program, context);
  // Only now, because commands inherit both: a word that is no command is for the action above to tell of.
  return program.allowExcessArguments(true).allowUnknownOption(true);
}

/** `vpc-cni fleet plan|simulate`. */
export const run: RunCommand = async (context) => {
  let code: number = EXIT.done;
  const exit = (next: number): void => {
    code = next;
  };
  try {
    await programOf({ ...context, exit }).parseAsync([...context.argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure =
      error instanceof CommanderError
        ? new HostError('USAGE', { reason: error.message.replace(/^error: /, '') }, error)
        : error;
    return reportFailure(context, failure, { json: context.argv.includes('--json') });
  }
};

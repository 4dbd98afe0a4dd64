import type { Command } from 'commander';
import { enterArgv } from '../../sim/index.ts';
import { runAttached } from '../../sys/index.ts';
import { answer, type CommonOptions, commandOrShell, existingNode, runningVpc, type SimContext } from './context.ts';

interface AddOptions extends CommonOptions {
  readonly instanceType: string;
  readonly subnet?: string;
}

/** `sim node add|remove` and `sim exec`. */
export function addNodeCommands(program: Command, context: SimContext, common: (command: Command) => Command): void {
  const node = program.command('node').description('add and remove nodes');
  common(node.command('add').description('start an instance').argument('<node>'))
    .option('--instance-type <type>', 'its EC2 instance type', 't3.small')
    .option('--subnet <subnet>', 'id, CIDR or availability zone of its subnet')
    .action(async (name: string, options: AddOptions) => {
      const { instanceType, subnet } = options;
      const added = await runningVpc(context, options).addNode({
        name,
        instanceType,
        ...(subnet === undefined ? {} : { subnet }),
      });
      answer(context, options, { json: added, text: `${name} is up at ${added.address} (${added.instanceId})\n` });
    });
  common(node.command('remove').description('terminate an instance').argument('<node>')).action(
    async (name: string, options: CommonOptions) => {
      await runningVpc(context, options).removeNode(name);
      answer(context, options, { json: { ok: true, name }, text: `${name} is gone\n` });
    },
  );
  common(
    program
      .command('exec')
      .description('run a command on a node; without one, a shell')
      .argument('<node>')
      .argument('[command...]'),
  )
    .usage('[options] <node> [-- <command...>]')
    .addHelpText(
      'after',
      '\nExamples:\n  vpc-cni sim exec node-a -- ip address\n  vpc-cni sim exec node-a                 a shell there\n',
    )
    .passThroughOptions()
    .action(async (name: string, words: readonly string[], options: CommonOptions) => {
      const paths = await existingNode(context, options, { node: name, what: '"sim exec"' });
      context.exit(await runAttached([...enterArgv(paths), ...commandOrShell(words, name)]));
    });
}

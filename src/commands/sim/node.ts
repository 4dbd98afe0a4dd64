import type { Command } from 'commander';
import { enterArgv, type NodeView } from '../../sim/index.ts';
import { runAttached } from '../../sys/index.ts';
import {
  answer,
  type Common,
  type CommonOptions,
  commandOrShell,
  during,
  EXEC_JSON,
  existingNode,
  runningVpc,
  type SimContext,
  table,
} from './context.ts';
import { type NodeOptions, nodePlan, withNodeOptions } from './node-options.ts';

/** `sim node add|remove|reboot|terminate|list` and `sim exec`. */
export function addNodeCommands(program: Command, context: SimContext, common: Common): void {
  const node = program.command('node').description('instances, and the machines they are');
  withNodeOptions(common(node.command('add').description('launch an instance').argument('<node>')))
    .addHelpText('after', ADD_EXAMPLES)
    .action(async (name: string, options: NodeOptions) => {
      const plan = nodePlan(name, options);
      const added = await during(context, `launching ${name}`, () => runningVpc(context, options).addNode(plan));
      answer(context, options, {
        json: added,
        text: `${added.name} is up at ${added.address} (${added.instanceId})\n`,
      });
    });
  const verb = (name: 'reboot' | 'terminate' | 'remove', words: { does: string; done: string }): void => {
    common(node.command(name).description(words.does).argument('<node>', 'its name or instance id'))
      .addHelpText('after', `\nExamples:\n  vpc-cni sim node ${name} node-a\n`)
      .action(async (wanted: string, options: CommonOptions) => {
        const client = runningVpc(context, options);
        const orders = {
          reboot: client.rebootNode,
          terminate: client.terminateNode,
          remove: client.removeNode,
        } as const;
        await during(context, `${name} of ${wanted}`, () => orders[name](wanted));
        answer(context, options, { json: { ok: true, name: wanted }, text: `${wanted} ${words.done}\n` });
      });
  };
  verb('reboot', {
    does: 'end its processes and boot it again: /run is empty, secondary links are bare, other files stay',
    done: 'is up again',
  });
  verb('terminate', {
    does: 'terminate it as EC2 does: it is listed for an hour, ENIs not marked for deletion stay',
    done: 'is terminated',
  });
  verb('remove', { does: 'terminate it and forget it, with the ENIs it left', done: 'is gone' });
  common(node.command('list').description('all nodes, also those terminated within the last hour'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim node list\n  vpc-cni sim node list --json\n')
    .action(async (options: CommonOptions) => {
      const nodes = await runningVpc(context, options).listNodes();
      answer(context, options, { json: nodes, text: renderNodes(nodes) });
    });
  common(
    program
      .command('exec')
      .description('run a command on a node; without one, a shell. Signals are its, and so is the exit status')
      .argument('<node>')
      .argument('[command...]'),
    EXEC_JSON,
  )
    .usage('[options] <node> [-- <command...>]')
    .addHelpText(
      'after',
      '\nExamples:\n  vpc-cni sim exec node-a -- ip address\n  vpc-cni sim exec node-a                 a shell there\n',
    )
    .passThroughOptions()
    .action(async (name: string, words: readonly string[], options: CommonOptions) => {
      const paths = await existingNode(context, options, { node: name, what: '"sim exec"' });
      context.exit(await runAttached([...enterArgv(paths), ...commandOrShell(words, paths.node)]));
    });
}

const ADD_EXAMPLES = `
Examples:
  vpc-cni sim node add node-c
  vpc-cni sim node add node-d --instance-type m5.large --subnet us-east-1b --prefixes 1
  vpc-cni sim node add node-e --user-data ./user-data.sh --hop-limit 1
`;

function renderNodes(nodes: readonly NodeView[]): string {
  const rows = nodes.map((node) => [
    node.name,
    node.instanceId,
    node.state,
    node.instanceType,
    node.address || '-',
    `${node.enis.length}`,
    `${node.pods.length}`,
  ]);
  return table([['NODE', 'INSTANCE', 'STATE', 'TYPE', 'ADDRESS', 'ENIS', 'PODS'], ...rows]);
}

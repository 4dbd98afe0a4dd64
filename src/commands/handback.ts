import { Command } from 'commander';
import { AWS_NODE } from '../hostspec/index.ts';
import { handback, openHost, planHandback } from '../installer/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions } from './options.ts';
import { runRemoval } from './removal-changes.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly dryRun?: true;
  readonly json?: true;
}

const NEXT = `What next: let aws-node back on this node (its node affinity, or the add-on). It reads ${AWS_NODE.checkpoint},
and the node is ready again once it serves. Then "vpc-cni uninstall" removes what is left of ours.`;

function createCommand(): Command {
  return new Command('vpc-cni handback')
    .description('Gives this node back to aws-node: stops our daemon, and leaves the pods with all they have.')
    .option('--dry-run', 'only say what would be done; exit code 3 when that is something')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The node is not ready from here until aws-node serves; pods that run keep their network.
${NEXT}

Examples:
  vpc-cni handback --dry-run
  vpc-cni handback`,
    );
}

/** `vpc-cni handback`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    // Also for a dry run: whose sockets these are is only shown to root.
    requireRoot('handing a node back (it stops a service and writes as root)');
    const host = openHost('/', context.env);
    return await runRemoval(context, options, {
      plan: () => planHandback(host),
      work: (progress) => handback(host, progress),
      nothing: 'Nothing to do: this node is not ours',
      next: NEXT,
    });
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

import { Command } from 'commander';
import { VERSION } from '../config/index.ts';
import { type AdoptRequest, adopt, openHost, planAdopt } from '../installer/index.ts';
import { carryOut, printPlanned, requireCompiled, requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly plugins?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
}

function createCommand(): Command {
  return new Command('vpc-cni adopt')
    .description(
      'Takes this node over from aws-node: its pods keep their addresses and their wiring, and lose no packet.',
    )
    .option('--plugins <dir|tgz>', "stock CNI plugins to install instead of the distribution's")
    .option('--dry-run', 'only say what would be done; exit code 3 when that is something')
    .option('--force', 'go on although aws-node left other settings in the kernel than ours')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
aws-node must not run any more on this node, and its checkpoint /var/run/aws-node/ipam.json must be there. Everything
is taken back when something fails. "vpc-cni handback" is the way back later.

Examples:
  vpc-cni adopt --dry-run     who runs here, which pods would be taken over, what would change
  vpc-cni adopt               do it
  kubectl get daemonset aws-node -n kube-system -o json \\
    | jq -r '.spec.template.spec.containers[0].env[] | "\\(.name)=\\(.value)"'   its settings, for /etc/vpc-cni`,
    );
}

async function dryRun(context: CommandContext, request: AdoptRequest, options: Options): Promise<number> {
  const { steps, notes, problems, why } = await planAdopt(request);
  const nothing = `Nothing to do: ${why ?? 'this node is ours'}`;
  return printPlanned(context, { steps, nothing, notes, problems, called: 'A takeover' }, options);
}

async function apply(context: CommandContext, request: AdoptRequest, options: Options): Promise<number> {
  const before = 'looking at this host and its instance metadata';
  return await carryOut(context, { ...options, before }, async (progress) => {
    const { steps, notes, pods, ms } = await adopt(request, {
      started: ({ text }) => progress.started(text),
      finished: ({ text }, spent) => progress.finished(text, spent),
      waiting: progress.waiting,
    });
    const nothing = 'Nothing to do: this node is ours';
    return { steps, nothing, notes, also: `, ${pods} pods taken over`, timings: { total: ms }, more: { pods } };
  });
}

/** `vpc-cni adopt`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    requireCompiled(context);
    // Also for a dry run: whose sockets and links these are is only shown to root.
    requireRoot('taking a node over (it looks at sockets and links of root)');
    const request: AdoptRequest = {
      install: {
        host: openHost('/', context.env),
        stage: 'all',
        version: VERSION,
        executable: context.executable,
        plugins: options.plugins,
        foreign: 'keep',
      },
      settings: options.force === true ? 'ours' : 'same',
    };
    return options.dryRun === true ? await dryRun(context, request, options) : await apply(context, request, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

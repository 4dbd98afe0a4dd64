import { Command } from 'commander';
import { HostError } from '../errors/index.ts';
import { AWS_NODE, describeRemoval, type RemovalStep, removalTarget } from '../hostspec/index.ts';
import { type Host, handback, openHost, planHandback } from '../installer/index.ts';
import type { CommandContext } from './command.ts';
import { interruptible } from './interrupt.ts';
import { countSteps, parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';
import { createProgress } from './step-progress.ts';

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

const NOTHING = 'Nothing to do: this node is not ours';
const changeOf = (step: RemovalStep): { readonly kind: string; readonly target: string } => ({
  kind: step.kind,
  target: removalTarget(step),
});

async function dryRun(context: CommandContext, host: Host, options: Options): Promise<number> {
  const steps = await planHandback(host);
  const changed = steps.length > 0;
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ ok: true, dryRun: true, changed, changes: steps.map(changeOf) })}\n`);
  } else {
    const head = changed ? `${countSteps(steps.length)} would be done:` : `${NOTHING}.`;
    context.stdout([head, ...steps.map((step) => `  ${describeRemoval(step)}`), ''].join('\n'));
  }
  return changed ? EXIT.found : EXIT.done;
}

async function apply(context: CommandContext, host: Host, options: Options): Promise<number> {
  const progress = interruptible(createProgress(context, { ...options, before: 'looking at this host' }));
  const begin = performance.now();
  try {
    const done = await handback(host, {
      started: (step) => progress.started(describeRemoval(step)),
      finished: (step, ms) => progress.finished(describeRemoval(step), ms),
    });
    const ms = Math.round(performance.now() - begin);
    const changed = done.length > 0;
    if (options.json === true) {
      const steps = done.map(({ step, ms }) => ({
        name: `${step.kind} ${removalTarget(step)}`,
        ...changeOf(step),
        ms,
      }));
      context.stdout(
        `${JSON.stringify({ ok: true, changed, changes: done.map(({ step }) => changeOf(step)), steps, ms })}\n`,
      );
    } else if (changed) {
      context.stdout(`Done: ${countSteps(done.length)} (${ms} ms).\n${NEXT}\n`);
    } else {
      context.stdout(`${NOTHING} (${ms} ms).\n`);
    }
    return EXIT.done;
  } finally {
    progress.end();
  }
}

/** `vpc-cni handback`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    const uid = process.getuid?.();
    // Also for a dry run: whose sockets these are is only shown to root.
    if (uid !== 0) {
      throw new HostError('NOT_ROOT', { what: 'handing a node back (it stops a service and writes as root)', uid });
    }
    const host = openHost('/', context.env);
    return options.dryRun === true ? await dryRun(context, host, options) : await apply(context, host, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

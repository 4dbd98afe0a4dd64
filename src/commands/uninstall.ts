import { Command } from 'commander';
import { HostError } from '../errors/index.ts';
import { describeRemoval, type RemovalStep, removalTarget } from '../hostspec/index.ts';
import { openHost, planUninstall, type UninstallRequest, uninstall } from '../installer/index.ts';
import type { CommandContext } from './command.ts';
import { interruptible } from './interrupt.ts';
import { countSteps, parseOptions, parseRoot } from './options.ts';
import { EXIT, reportFailure } from './report.ts';
import { createProgress } from './step-progress.ts';

interface Options {
  readonly root: string;
  readonly purge?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

function createCommand(): Command {
  return new Command('vpc-cni uninstall')
    .description('Stops the daemon, removes everything install made and gives back what was there before.')
    .option('--root <dir>', 'root of the image to remove it from', parseRoot, '/')
    .option('--purge', 'also return our addresses and network interfaces to EC2')
    .option('--dry-run', 'only say what would be done; exit code 3 when that is something')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Pods that still run lose their network: drain the node first.

Examples:
  vpc-cni uninstall --dry-run
  vpc-cni uninstall --purge`,
    );
}

const changeOf = (step: RemovalStep): { readonly kind: string; readonly target: string } => ({
  kind: step.kind,
  target: removalTarget(step),
});

async function dryRun(context: CommandContext, request: UninstallRequest, options: Options): Promise<number> {
  const steps = await planUninstall(request);
  const changed = steps.length > 0;
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ ok: true, dryRun: true, changed, changes: steps.map(changeOf) })}\n`);
  } else {
    const head = changed
      ? `${countSteps(steps.length)} would be done:`
      : 'Nothing to do: nothing of ours is on this host.';
    context.stdout([head, ...steps.map((step) => `  ${describeRemoval(step)}`), ''].join('\n'));
  }
  return changed ? EXIT.found : EXIT.done;
}

async function apply(context: CommandContext, request: UninstallRequest, options: Options): Promise<number> {
  const progress = interruptible(createProgress(context, { ...options, before: 'looking at this host' }));
  const begin = performance.now();
  try {
    const done = await uninstall(request, {
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
      const changes = done.map(({ step }) => changeOf(step));
      context.stdout(`${JSON.stringify({ ok: true, changed, changes, steps, timings: { total: ms }, ms })}\n`);
    } else {
      const text = changed ? `Done: ${countSteps(done.length)}` : 'Nothing to do: nothing of ours is on this host';
      context.stdout(`${text} (${ms} ms).\n`);
    }
    return EXIT.done;
  } finally {
    progress.end();
  }
}

/** `vpc-cni uninstall`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    if (options.purge === true && options.root !== '/')
      throw new HostError('USAGE', { reason: '--purge is for the instance we run on, --root for an image' });
    const host = openHost(options.root, context.env);
    const request: UninstallRequest = { host, ec2: options.purge === true ? 'return' : 'keep' };
    if (options.dryRun === true) return await dryRun(context, request, options);
    const uid = process.getuid?.();
    if (uid !== 0) {
      throw new HostError('NOT_ROOT', { what: 'uninstalling (it stops a service and removes files of root)', uid });
    }
    return await apply(context, request, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

import { Command } from 'commander';
import { VERSION } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { type AdoptRequest, type AdoptStep, adopt, openHost, planAdopt } from '../installer/index.ts';
import type { CommandContext } from './command.ts';
import { interruptible } from './interrupt.ts';
import { countSteps, parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';
import { createProgress } from './step-progress.ts';

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

const changeOf = ({ kind, target }: AdoptStep): { readonly kind: string; readonly target: string } => ({
  kind,
  target,
});

async function dryRun(context: CommandContext, request: AdoptRequest, options: Options): Promise<number> {
  const { steps, notes, problems, why } = await planAdopt(request);
  const changed = steps.length > 0;
  if (options.json === true) {
    const document = { ok: true, dryRun: true, changed, changes: steps.map(changeOf), notes, problems };
    context.stdout(`${JSON.stringify(document)}\n`);
  } else {
    const stops = problems.map(
      ({ code, message, remedy }) => `A takeover would stop here, before any change:\n${code}: ${message}\n→ ${remedy}`,
    );
    const head = changed
      ? `${countSteps(steps.length)} would be done:`
      : `Nothing to do: ${why ?? 'this node is ours'}.`;
    const lines = steps.map(({ text }) => `  ${text.replaceAll('\n', '\n  ')}`);
    context.stdout([head, ...lines, ...notes.map((note) => `note: ${note}`), ...stops, ''].join('\n'));
  }
  return changed ? EXIT.found : EXIT.done;
}

async function apply(context: CommandContext, request: AdoptRequest, options: Options): Promise<number> {
  const progress = interruptible(
    createProgress(context, { ...options, before: 'looking at this host and its instance metadata' }),
  );
  try {
    const report = await adopt(request, {
      started: ({ text }) => progress.started(text),
      finished: ({ text }, ms) => progress.finished(text, ms),
      waiting: progress.waiting,
    });
    const changed = report.steps.length > 0;
    const { pods, notes, ms } = report;
    if (options.json === true) {
      const steps = report.steps.map((step) => ({
        name: `${step.kind} ${step.target}`,
        ...changeOf(step),
        ms: step.ms,
      }));
      const changes = report.steps.map(changeOf);
      context.stdout(`${JSON.stringify({ ok: true, changed, changes, steps, notes, pods, ms })}\n`);
    } else {
      for (const note of notes) context.stdout(`note: ${note}\n`);
      if (changed) context.stdout(`Done: ${countSteps(report.steps.length)}, ${pods} pods taken over (${ms} ms).\n`);
    }
    return EXIT.done;
  } finally {
    progress.end();
  }
}

/** `vpc-cni adopt`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    // Run from source there is no one file to install; the compiled program's entry lies in its own file system.
    if (!Bun.main.startsWith('/$bunfs/')) throw new HostError('NOT_COMPILED', { executable: context.executable });
    const uid = process.getuid?.();
    // Also for a dry run: whose sockets and links these are is only shown to root.
    if (uid !== 0) {
      throw new HostError('NOT_ROOT', { what: 'taking a node over (it looks at sockets and links of root)', uid });
    }
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

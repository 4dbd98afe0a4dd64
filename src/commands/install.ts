import { Command, InvalidArgumentError } from 'commander';
import { VERSION } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { renderStep, type Step, stepTarget } from '../hostspec/index.ts';
import {
  type InstallPlan,
  type InstallReport,
  type InstallRequest,
  install,
  openHost,
  planInstall,
  type Stage,
} from '../installer/index.ts';
import type { CommandContext } from './command.ts';
import { interruptible } from './interrupt.ts';
import { countSteps, parseOptions, parseRoot, parseSeconds } from './options.ts';
import { EXIT, reportFailure } from './report.ts';
import { createProgress } from './step-progress.ts';

interface Options {
  readonly stage: Stage;
  readonly root: string;
  readonly plugins?: string;
  readonly pluginsChecksum?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly readyTimeout?: number;
  readonly json?: true;
}

function parseStage(text: string): Stage {
  if (text === 'image' || text === 'boot' || text === 'all') return text;
  throw new InvalidArgumentError('It is one of image, boot, all.');
}

function createCommand(): Command {
  return new Command('vpc-cni install')
    .description('Puts everything in place on this host and starts the daemon. A second run changes nothing.')
    .option(
      '--stage <stage>',
      'image: files only, for an image build; boot: what each boot needs; all: both, then start and wait until ready',
      parseStage,
      'all',
    )
    .option('--root <dir>', 'root of the image to install into (with --stage image)', parseRoot, '/')
    .option('--plugins <dir|tgz>', "stock CNI plugins to install instead of the distribution's")
    .option(
      '--plugins-checksum <sum>',
      'what the archive must have: sha256:HEX or sha512:HEX; unless told, what a file beside it says (FILE.sha512, FILE.sha256)',
    )
    .option('--dry-run', 'only say what would be done; exit code 3 when that is something')
    .option(
      '--force',
      'also replace what was changed by hand, and stock plugins that are not ours; go on beside a kubelet that runs and network configurations that sort first',
    )
    .option(
      '--ready-timeout <seconds>',
      'how long ipamd may take until it is ready, 120 unless told; an upgrade is taken back after that',
      parseSeconds,
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  vpc-cni install --dry-run                       look before you leap
  vpc-cni install                                 on an EC2 instance
  vpc-cni install --stage image --root /mnt/ami   while an image is built
  vpc-cni install --plugins ./cni-plugins-linux-amd64-v1.9.1.tgz
  ./vpc-cni-0.2.0 install                         an upgrade: run the executable of the new version`,
    );
}

const changeOf = (step: Step): { readonly kind: string; readonly target: string } => ({
  kind: step.kind,
  target: stepTarget(step),
});

/** What was left as it is, such as a file changed by hand, is not as it should be. */
const nothingToDo = (notes: readonly string[]): string =>
  notes.length === 0 ? 'Nothing to do: this host is as it should be' : 'Nothing to do, apart from what the notes say';

function describePlan(plan: InstallPlan, stage: Stage): string {
  const steps = [...plan.image.steps, ...plan.boot.steps, ...plan.daemon.steps, ...plan.retired];
  const notes = [...plan.image.notes, ...plan.boot.notes].map((note) => `note: ${note}`);
  const problems = plan.problems.map(
    ({ code, message, remedy }) =>
      `An installation would stop here, before any change:\n${code}: ${message}\n→ ${remedy}`,
  );
  const sysctl =
    stage !== 'image' && plan.primaryLink === undefined
      ? ['note: the primary interface is unknown, see below; its rp_filter would be set to 2']
      : [];
  const head = steps.length === 0 ? `${nothingToDo(notes)}.` : `${countSteps(steps.length)} would be done:`;
  return [
    head,
    ...steps.map((step) => `  ${renderStep(step).replaceAll('\n', '\n  ')}`),
    ...sysctl,
    ...notes,
    ...problems,
    '',
  ].join('\n');
}

async function dryRun(context: CommandContext, request: InstallRequest, options: Options): Promise<number> {
  const plan = await planInstall(request);
  const steps = [...plan.image.steps, ...plan.boot.steps, ...plan.daemon.steps, ...plan.retired];
  const changed = steps.length > 0;
  if (options.json === true) {
    const notes = [...plan.image.notes, ...plan.boot.notes];
    const document = { ok: true, dryRun: true, changed, changes: steps.map(changeOf), notes, problems: plan.problems };
    context.stdout(`${JSON.stringify(document)}\n`);
  } else {
    context.stdout(describePlan(plan, request.stage));
  }
  return changed ? EXIT.found : EXIT.done;
}

/** `1204 ms: plan 80, image 640, …`: stages that took no time are left out. */
function describeTimings(timings: InstallReport['timings']): string {
  const { total, ...stages } = timings;
  const named = Object.entries(stages).filter(([, ms]) => ms > 0);
  const parts = named.map(([stage, ms]) => `${stage} ${ms}`).join(', ');
  return `${total} ms${parts === '' ? '' : `: ${parts}`}`;
}

async function apply(context: CommandContext, request: InstallRequest, options: Options): Promise<number> {
  const before = request.stage === 'image' ? 'looking at this host' : 'looking at this host and its instance metadata';
  const progress = interruptible(createProgress(context, { ...options, before }));
  try {
    const report = await install(request, {
      started: (step) => progress.started(renderStep(step)),
      finished: (step, ms) => progress.finished(renderStep(step), ms),
      waiting: progress.waiting,
    });
    const changed = report.steps.length > 0;
    if (options.json === true) {
      const steps = report.steps.map(({ step, ms }) => ({
        name: `${step.kind} ${stepTarget(step)}`,
        ...changeOf(step),
        ms,
      }));
      const changes = report.steps.map(({ step }) => changeOf(step));
      const { notes, timings } = report;
      context.stdout(`${JSON.stringify({ ok: true, changed, changes, steps, notes, timings, ms: timings.total })}\n`);
    } else {
      for (const note of report.notes) context.stdout(`note: ${note}\n`);
      const done = changed ? `Done: ${countSteps(report.steps.length)}` : nothingToDo(report.notes);
      context.stdout(`${done} (${describeTimings(report.timings)}).\n`);
    }
    return EXIT.done;
  } finally {
    progress.end();
  }
}

/** `vpc-cni install`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    if (options.pluginsChecksum !== undefined && options.plugins === undefined) {
      throw new HostError('USAGE', { reason: '--plugins-checksum needs --plugins with an archive' });
    }
    if (options.root !== '/' && options.stage !== 'image') {
      throw new HostError('USAGE', { reason: '--root is for images and needs --stage image' });
    }
    // Run from source there is no one file to install; the compiled program's entry lies in its own file system.
    if (!Bun.main.startsWith('/$bunfs/')) throw new HostError('NOT_COMPILED', { executable: context.executable });
    const request: InstallRequest = {
      host: openHost(options.root, context.env),
      stage: options.stage,
      version: VERSION,
      executable: context.executable,
      plugins: options.plugins,
      pluginsChecksum: options.pluginsChecksum,
      foreign: options.force === true ? 'replace' : 'keep',
      ...(options.readyTimeout === undefined ? {} : { readyTimeoutMs: options.readyTimeout * 1000 }),
    };
    if (options.dryRun === true) return await dryRun(context, request, options);
    const uid = process.getuid?.();
    if (uid !== 0) {
      throw new HostError('NOT_ROOT', {
        what: 'installing (it writes /opt, /etc and /usr/bin, and starts a service)',
        uid,
      });
    }
    return await apply(context, request, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

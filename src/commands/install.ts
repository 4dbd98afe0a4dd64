import { Command, InvalidArgumentError } from 'commander';
import { VERSION } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { readChecksum, renderStep, type Step, stepTarget } from '../hostspec/index.ts';
import { type InstallRequest, install, openHost, planInstall, type Stage } from '../installer/index.ts';
import { type Change, carryOut, printPlanned, requireCompiled, requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions, parseRoot, parseSeconds } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

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

/** Wrong digits are a slip of whoever typed them, told before the host is looked at. */
function parseChecksum(text: string): string {
  try {
    // An empty word is refused with all others.
    if (text !== '') readChecksum(text, '--plugins-checksum');
    return text;
  } catch {
    throw new InvalidArgumentError('It is sha256: and 64 hex digits, or sha512: and 128.');
  }
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
      parseChecksum,
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

const changeOf = (step: Step): Change => ({ kind: step.kind, target: stepTarget(step), text: renderStep(step) });

/** What was left as it is, such as a file changed by hand, is not as it should be. */
const nothingToDo = (notes: readonly string[]): string =>
  notes.length === 0 ? 'Nothing to do: this host is as it should be' : 'Nothing to do, apart from what the notes say';

async function dryRun(context: CommandContext, request: InstallRequest, options: Options): Promise<number> {
  const { image, boot, daemon, retired, problems, primaryLink } = await planInstall(request);
  const steps = [...image.steps, ...boot.steps, ...daemon.steps, ...retired].map(changeOf);
  const notes = [...image.notes, ...boot.notes];
  const asides =
    request.stage !== 'image' && primaryLink === undefined
      ? ['the primary interface is unknown, see below; its rp_filter would be set to 2']
      : [];
  const planned = { steps, nothing: nothingToDo(notes), notes, asides, problems, called: 'An installation' };
  return printPlanned(context, planned, options);
}

async function apply(context: CommandContext, request: InstallRequest, options: Options): Promise<number> {
  const before = request.stage === 'image' ? 'looking at this host' : 'looking at this host and its instance metadata';
  return await carryOut(context, { ...options, before }, async (progress) => {
    const { steps, notes, timings } = await install(request, {
      started: (step) => progress.started(renderStep(step)),
      finished: (step, ms) => progress.finished(renderStep(step), ms),
      waiting: progress.waiting,
    });
    const done = steps.map(({ step, ms }) => ({ ...changeOf(step), ms }));
    return { steps: done, nothing: nothingToDo(notes), notes, timings };
  });
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
    requireCompiled(context);
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
    requireRoot('installing (it writes /opt, /etc and /usr/bin, and starts a service)');
    return await apply(context, request, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

import { Command } from 'commander';
import { hasFaults, renderFindings } from '../inspect/index.ts';
import { openHost } from '../installer/index.ts';
import type { CommandContext } from './command.ts';
import { examine, needImage } from './examine.ts';
import { parseOptions, parseRoot } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly image?: true;
  readonly root: string;
  readonly json?: true;
}

function createCommand(): Command {
  return new Command('vpc-cni doctor')
    .description('Says what is wrong with this host, or with an image, and what to do. Changes nothing.')
    .option('--image', 'as an image that nodes will be made of: nothing of a boot may be left in it')
    .option('--root <dir>', 'root of the image (with --image)', parseRoot, '/')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Exit codes: 0 no fault, 3 faults found. Warnings and notes are no faults.

Examples:
  vpc-cni doctor
  vpc-cni doctor --image                   the last step of an image build
  vpc-cni doctor --image --root /mnt/ami   from outside`,
    );
}

/** `vpc-cni doctor`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    const scope = options.image === true ? 'image' : 'host';
    needImage(options.root, scope);
    const { env, executable, isTty } = context;
    const runtime = env['VPC_CNI_RUNTIME_DIR'];
    const socket = runtime === undefined ? undefined : `${runtime}/cni.sock`;
    const findings = await examine({ host: openHost(options.root, env), scope, executable, socket });
    const ok = !hasFaults(findings);
    if (options.json === true) context.stdout(`${JSON.stringify({ ok, findings })}\n`);
    else context.stdout(renderFindings(findings, { colour: isTty && !env['NO_COLOR'] }));
    return ok ? EXIT.done : EXIT.found;
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

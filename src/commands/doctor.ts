import { Command } from 'commander';
import { HostError } from '../errors/index.ts';
import { DOCTOR_SCHEMA, FINDING_CODES, hasFaults, renderFindings, repairOf } from '../inspect/index.ts';
import { openHost } from '../installer/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { examine, needImage } from './examine.ts';
import { parseOptions, parseRoot } from './options.ts';
import { repairAll, repairedBy } from './repair.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly image?: true;
  readonly root: string;
  readonly fix?: true;
  readonly json?: true;
  readonly schema?: true;
}

const REPAIRED = FINDING_CODES.filter((code) => repairOf(code) !== undefined);

function createCommand(): Command {
  return new Command('vpc-cni doctor')
    .description('Says what is wrong with this host, or with an image, and what to do. Changes nothing without --fix.')
    .option('--image', 'as an image that nodes will be made of: nothing of a boot may be left in it')
    .option('--root <dir>', 'root of the image (with --image)', parseRoot, '/')
    .option('--fix', 'put right what only has to be as install made it, then look again')
    .option('--json', 'print one JSON document')
    .option('--schema', 'print the JSON Schema of what --json prints')
    .addHelpText(
      'after',
      `
Compares EC2, what the daemon wrote down, the kernel, files and settings; works while the daemon is dead. EC2 is asked some ten
questions, rights by dry runs, which change nothing.
--fix repairs ${REPAIRED.join(', ')}; everything else is told only.

Exit codes: 0 no fault, 3 faults found (with --fix: left). Warnings and notes are no faults.

Examples:
  vpc-cni doctor
  vpc-cni doctor --fix
  vpc-cni doctor --json | jq -r '.findings[].code'
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
    if (options.schema === true) {
      context.stdout(`${JSON.stringify(DOCTOR_SCHEMA, undefined, 2)}\n`);
      return EXIT.done;
    }
    const scope = options.image === true ? 'image' : 'host';
    needImage(options.root, scope);
    if (options.fix === true) {
      if (scope === 'image')
        throw new HostError('USAGE', { reason: '--fix is for a host: it does not go with --image' });
      requireRoot('doctor --fix');
    }
    const { env, executable, isTty } = context;
    const runtime = env['VPC_CNI_RUNTIME_DIR'];
    const socket = runtime === undefined ? undefined : `${runtime}/cni.sock`;
    const host = openHost(options.root, env);
    const look = () => examine({ host, scope, executable, socket });
    const first = await look();
    if (options.fix !== true) return tell(first, []);
    await repairAll(first, host, executable);
    const left = await look();
    return tell(left, repairedBy(first, left));

    function tell(findings: typeof first, repaired: typeof first): number {
      const ok = !hasFaults(findings);
      if (options.json === true)
        context.stdout(`${JSON.stringify({ ok, findings, ...(options.fix === true ? { repaired } : {}) })}\n`);
      else {
        for (const { code, evidence } of repaired) context.stdout(`repaired ${code}: ${evidence}\n`);
        context.stdout(renderFindings(findings, { colour: isTty && !env['NO_COLOR'] }));
      }
      return ok ? EXIT.done : EXIT.found;
    }
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

import { Command } from 'commander';
import { findPrevious, openHost } from '../installer/index.ts';
import { runAttached } from '../sys/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions, parseSeconds } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
  readonly readyTimeout?: number;
}

function createCommand(): Command {
  return new Command('vpc-cni rollback')
    .description('Goes back to the version before: its own installer puts it in place, and pods stay untouched.')
    .option('--dry-run', 'only say what would be done; exit code 3 when that is something')
    .option('--force', 'also replace what was changed by hand')
    .option('--ready-timeout <seconds>', 'how long ipamd may take until it is ready, 120 unless told', parseSeconds)
    .option('--json', 'print the JSON document of that install')
    .addHelpText(
      'after',
      `
The version that is current now becomes the previous one, so a second rollback goes forward again. Stock plugins are never
taken back to older ones. Also when ipamd of the current version does not run.

Examples:
  vpc-cni rollback --dry-run   which version that is, and what changes
  vpc-cni rollback`,
    );
}

/** `vpc-cni rollback`: the exit code is that of the install of the version before. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    if (options.dryRun !== true) requireRoot('going back to the version before (it installs that one)');
    const { from, to, executable } = findPrevious(openHost('/', context.env));
    // On stderr: stdout is the installer's.
    if (options.json !== true) context.stderr(`from ${from} back to ${to}\n`);
    const flags = [
      ...(options.dryRun === true ? ['--dry-run'] : []),
      ...(options.force === true ? ['--force'] : []),
      ...(options.json === true ? ['--json'] : []),
      ...(options.readyTimeout === undefined ? [] : ['--ready-timeout', `${options.readyTimeout}`]),
    ];
    return await runAttached([executable, 'install', '--stage', 'all', ...flags]);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

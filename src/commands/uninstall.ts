import { Command } from 'commander';
import { HostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import { openHost, planUninstall, type UninstallRequest, uninstall } from '../installer/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions, parseRoot } from './options.ts';
import { runRemoval } from './removal-changes.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly root: string;
  readonly purge?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const KEPT = `${PATHS.settingsDirectory} stays when there is anything in it: settings are yours.`;

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
    if (options.dryRun !== true) requireRoot('uninstalling (it stops a service and removes files of root)');
    return await runRemoval(context, options, {
      plan: () => planUninstall(request),
      work: (progress) => uninstall(request, progress),
      nothing: 'Nothing to do: nothing of ours is on this host',
      next: KEPT,
    });
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

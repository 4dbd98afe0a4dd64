import { Command, CommanderError } from 'commander';
import { HostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import { type HostStatus, observeStatus, renderStatus } from '../inspect/index.ts';
import { createFiles, systemClock, systemExec } from '../sys/index.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Often enough to follow a pod's start by eye; one request to the daemon each. */
const WATCH_INTERVAL_MS = 1_000;

/** Clears the screen and its scrollback, then goes to the top left corner. */
const CLEAR = '\x1b[2J\x1b[3J\x1b[H';

/**
 * `vpc-cni status`: 0 when a pod can get an address, 1 when the daemon is down or not ready. `--watch` goes on until
 * it is interrupted.
 */
export const run: RunCommand = async (context) => {
  const asksJson = context.argv.includes('--json');
  try {
    const options = parseOptions(context);
    if (options === 'help') return EXIT.done;
    if (options.json === true && options.watch === true)
      throw new HostError('USAGE', { reason: '--json prints one document and cannot be used with --watch' });
    const once = options.watch !== true;
    for (;;) {
      const status = await observe(context);
      if (options.json === true) context.stdout(`${JSON.stringify(status)}\n`);
      else context.stdout(once ? render(context, status) : frame(context, status));
      if (once) return status.ready ? EXIT.done : EXIT.failed;
      await systemClock.sleep(WATCH_INTERVAL_MS);
    }
  } catch (error) {
    return reportFailure(context, error, { json: asksJson });
  }
};

function observe({ env }: CommandContext): Promise<HostStatus> {
  const socket = env['VPC_CNI_RUNTIME_DIR'] === undefined ? PATHS.socket : `${env['VPC_CNI_RUNTIME_DIR']}/cni.sock`;
  return observeStatus({ files: createFiles('/'), exec: systemExec, socket });
}

function render({ env, isTty }: CommandContext, status: HostStatus): string {
  // https://no-color.org: any non-empty value.
  return renderStatus(status, { now: systemClock.now(), colour: isTty && !env['NO_COLOR'] });
}

function frame(context: CommandContext, status: HostStatus): string {
  const text = render(context, status);
  return context.isTty ? `${CLEAR}${text}` : `${text}\n`;
}

function parseOptions(context: CommandContext): Options | 'help' {
  const command = new Command('vpc-cni status')
    .description('Shows the pool, its ENIs and whether pods can be served.')
    .option('--json', 'print one JSON document')
    .option('--watch', 'show it again every second until interrupted')
    .addHelpText('after', '\nExit codes: 0 ready, 1 down or not ready, 2 bad usage')
    .exitOverride()
    .configureOutput({ writeOut: context.stdout, writeErr: () => {} });
  try {
    return command.parse(context.argv, { from: 'user' }).opts<Options>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 'help';
    throw new HostError('USAGE', { reason: error.message.replace(/^error: /, '') }, error);
  }
}

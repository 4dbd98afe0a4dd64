import { Command } from 'commander';
import { HostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import { type HostStatus, observeStatus, redraw, renderStatus, STATUS_SCHEMA, screenOf } from '../inspect/index.ts';
import { createFiles, systemClock, systemExec } from '../sys/index.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly json?: true;
  readonly watch?: true;
  readonly schema?: true;
}

/** Often enough to follow a pod's start by eye; one request to the daemon each. */
const WATCH_INTERVAL_MS = 1_000;

function createCommand(): Command {
  return new Command('vpc-cni status')
    .description('Shows the pool, its ENIs and whether pods can be served.')
    .option('--json', 'print one JSON document')
    .option('--watch', 'show it again every second until interrupted')
    .option('--schema', 'print the JSON Schema of what --json prints')
    .addHelpText(
      'after',
      `
Exit codes: 0 ready, 1 down or not ready, 2 bad usage

Examples:
  vpc-cni status
  vpc-cni status --watch                       follow a pod's start
  vpc-cni status --json | jq .daemon.pool.free
  vpc-cni explain node                         why the pool has this size`,
    );
}

/**
 * `vpc-cni status`: 0 when a pod can get an address, 1 when the daemon is down or not ready. `--watch` goes on until
 * it is interrupted or its reader has gone.
 */
export const run: RunCommand = async (context) => {
  const asksJson = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { json, watch, schema } = parsed.options;
    if (json === true && watch === true)
      throw new HostError('USAGE', { reason: '--json prints one document and cannot be used with --watch' });
    if (schema === true) {
      context.stdout(`${JSON.stringify(STATUS_SCHEMA, undefined, 2)}\n`);
      return EXIT.done;
    }
    for (let first = true; ; first = false) {
      const status = await observe(context);
      if (json === true) context.stdout(`${JSON.stringify(status)}\n`);
      else if (watch === true) context.stdout(frame(context, status, first));
      else context.stdout(render(context, status));
      if (watch !== true || context.isUnread?.() === true) return status.ready ? EXIT.done : EXIT.failed;
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

function render({ env, isTty, size }: CommandContext, status: HostStatus): string {
  return renderStatus(status, { now: systemClock.now(), ...screenOf(env, { isTty, columns: size?.()?.columns }) });
}

/** One picture of `--watch`: in place on a terminal, below the one before it elsewhere. */
function frame(context: CommandContext, status: HostStatus, first: boolean): string {
  const text = render(context, status);
  if (!context.isTty || context.env['TERM'] === 'dumb') return `${text}\n`;
  return redraw(text, { first, rows: context.size?.()?.rows });
}

import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import { type CallFilter, parseDuration, parseTime, type SimCall } from '../../sim/index.ts';
import { answer, type CommonOptions, runningVpc, type SimContext, table, wholeNumber } from './context.ts';

interface CallsOptions extends CommonOptions {
  readonly action?: string;
  readonly caller?: string;
  readonly code?: string;
  readonly since?: string;
  readonly last?: string;
  readonly count?: boolean;
  readonly expect?: string;
  readonly clear?: boolean;
}

const EXAMPLES = `
Examples:
  vpc-cni sim calls --action CreateNetworkInterface --code OK
  vpc-cni sim calls --caller node-a --since 5m --last 20
  vpc-cni sim calls --action 'Describe*' --count
  vpc-cni sim calls --action CreateNetworkInterface --expect 1    fails unless there was exactly one
`;

/** `sim calls`. */
export function addCallsCommand(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('calls').description('the requests EC2 and IMDS have answered, oldest first'))
    .option('--action <name>', 'only this EC2 action, "IMDS", or "GET /path"; * stands for any text')
    .option('--caller <who>', 'only of this node, access key or address')
    .option('--code <code>', 'only with this outcome: OK, an EC2 error code, an HTTP status; * stands for any text')
    .option('--since <time>', 'only from then on: an ISO 8601 time, or how long ago (90s, 5m, 1h)')
    .option('--last <count>', 'only so many, the newest')
    .option('--count', 'only say how many')
    .option('--expect <count>', 'fail unless there are exactly so many')
    .option('--clear', 'forget all calls afterwards')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CallsOptions) => {
      const client = runningVpc(context, options);
      const now = options.since === undefined ? 0 : Date.parse((await client.status()).clock.now);
      const filter = filterOf(options, now);
      const expected = options.expect === undefined ? undefined : wholeNumber('--expect', options.expect);
      const calls = await client.calls(filter, { clear: options.clear === true });
      if (expected !== undefined && calls.length !== expected)
        throw new HostError('SIM_CALLS_DIFFER', { expected, found: calls.length, which: describe(options) });
      if (options.count === true || expected !== undefined)
        answer(context, options, { json: { ok: true, count: calls.length }, text: `${calls.length}\n` });
      else answer(context, options, { json: calls, text: table([HEAD, ...calls.map(row)]) });
    });
}

const HEAD = ['TIME', 'CALLER', 'ACTION', 'ANSWER'];
const row = (call: SimCall): readonly string[] => [
  new Date(call.at).toISOString(),
  call.caller,
  call.action,
  call.code === 'OK' ? call.result : call.code,
];

function filterOf(options: CallsOptions, now: number): CallFilter {
  const { action, caller, code, since, last } = options;
  return {
    ...(action === undefined ? {} : { action }),
    ...(caller === undefined ? {} : { caller }),
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { since: timeOf(since, now) }),
    ...(last === undefined ? {} : { last: wholeNumber('--last', last) }),
  };
}

function timeOf(text: string, now: number): number {
  const ago = parseDuration(text);
  const time = ago === undefined ? parseTime(text) : Math.max(0, now - ago);
  if (time === undefined)
    throw new HostError('USAGE', {
      reason: `--since needs a time such as 2026-01-31T12:00:00Z, or how long ago, such as 5m, not "${text}"`,
    });
  return time;
}

function describe({ action, caller, code, since }: CallsOptions): string {
  return [
    `${action ?? 'any'} calls`,
    ...(caller === undefined ? [] : [`of ${caller}`]),
    ...(code === undefined ? [] : [`answered ${code}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
  ].join(' ');
}

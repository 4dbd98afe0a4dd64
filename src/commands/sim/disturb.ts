import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import { type Dial, parseDelay } from '../../sim/index.ts';
import { answer, type CommonOptions, runningVpc, type SimContext, table, wholeNumber } from './context.ts';

interface DialOptions extends CommonOptions {
  readonly error?: string;
  readonly delay?: string;
  readonly deny?: boolean;
  readonly throttle?: boolean;
  readonly times?: string;
  readonly clear?: boolean;
}

/** `sim calls` and `sim dial`. */
export function addDisturbCommands(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('calls').description('the requests EC2 and IMDS have answered'))
    .option('--clear', 'forget them')
    .action(async (options: CommonOptions & { readonly clear?: boolean }) => {
      const client = runningVpc(context, options);
      const calls = await client.calls();
      if (options.clear === true) await client.clearCalls();
      const rows = calls.map((call) => [new Date(call.at).toISOString(), call.caller, call.action, call.code]);
      answer(context, options, { json: calls, text: table([['TIME', 'CALLER', 'ACTION', 'ANSWER'], ...rows]) });
    });
  common(program.command('dial').description('disturb an EC2 action; without an action, show the dials'))
    .argument('[action]', 'an EC2 action, "IMDS", or "*" for every EC2 action')
    .option('--error <code>', 'answer with this EC2 error code (for IMDS an HTTP status)')
    .option('--throttle', 'answer that the account calls too often')
    .option('--deny', 'answer that IAM denies it')
    .option('--delay <ms>', 'wait before looking at the request: 200, 50-300 or p50=80,p99=900')
    .option('--times <count>', 'so many requests, then stop')
    .option('--clear', 'remove the dial of the action, or all')
    .action(async (action: string | undefined, options: DialOptions) => {
      const client = runningVpc(context, options);
      const dials =
        options.clear === true
          ? await client.clearDial(action)
          : action === undefined
            ? (await client.status()).dials
            : await client.setDial(dialOf(action, options));
      answer(context, options, {
        json: dials,
        text: dials.length === 0 ? 'no dial is set\n' : dials.map((dial) => `${JSON.stringify(dial)}\n`).join(''),
      });
    });
}

function dialOf(action: string, options: DialOptions): Dial {
  const { error, delay, deny, throttle, times } = options;
  if (error === undefined && delay === undefined && deny === undefined && throttle === undefined)
    throw new HostError('USAGE', { reason: 'a dial needs one of --error, --throttle, --deny, --delay' });
  return {
    action,
    ...(error === undefined ? {} : { error }),
    ...(delay === undefined ? {} : { delay: delayOf(delay) }),
    ...(deny === true ? { denied: true } : {}),
    ...(throttle === true ? { throttled: true } : {}),
    ...(times === undefined ? {} : { times: wholeNumber('--times', times) }),
  };
}

function delayOf(words: string): Exclude<ReturnType<typeof parseDelay>, string> {
  const delay = parseDelay(words);
  if (typeof delay === 'string') throw new HostError('USAGE', { reason: `--delay: ${delay}` });
  return delay;
}

import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import { type ClockView, parseDuration, parseTime } from '../../sim/index.ts';
import { answer, type CommonOptions, runningVpc, type SimContext } from './context.ts';

interface ClockOptions extends CommonOptions {
  readonly advance?: string;
  readonly set?: string;
  readonly stop?: boolean;
  readonly start?: boolean;
}

const EXAMPLES = `
Examples:
  vpc-cni sim clock                          what time it is there
  vpc-cni sim clock --advance 6h             role credentials rotate, terminated instances are forgotten
  vpc-cni sim clock --set 2030-01-01         another day
  vpc-cni sim clock --stop                   time stands still until --start
`;

/** `sim clock`. */
export function addClockCommand(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('clock').description("show or move the simulator's clock; nodes keep this machine's"))
    .option('--advance <time>', 'move it ahead: 90s, 5m, 1h30m, 2d')
    .option('--set <time>', 'set it to an ISO 8601 time, from 1970 to 2999')
    .option('--stop', 'let no time pass by itself')
    .option('--start', 'let time pass again')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ClockOptions) => {
      const client = runningVpc(context, options);
      const order = orderOf(options);
      const clock = Object.keys(order).length === 0 ? (await client.status()).clock : await client.setClock(order);
      answer(context, options, { json: clock, text: `${renderClock(clock)}\n` });
    });
}

/** The time for people. */
export function renderClock({ now, aheadMs, ticking }: ClockView): string {
  const seconds = Math.abs(Math.round(aheadMs / 1000));
  const moved = seconds === 0 ? '' : `, ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine`;
  return `${now}${moved}${ticking ? '' : ', stopped'}`;
}

function orderOf({ advance, set, stop, start }: ClockOptions): {
  readonly at?: number;
  readonly advanceMs?: number;
  readonly ticking?: boolean;
} {
  if (stop === true && start === true) throw new HostError('USAGE', { reason: '--stop or --start, not both' });
  const advanceMs = advance === undefined ? undefined : parseDuration(advance);
  const at = set === undefined ? undefined : parseTime(set);
  if (advance !== undefined && advanceMs === undefined)
    throw new HostError('USAGE', { reason: `--advance needs a time such as 90s, 5m or 1h30m, not "${advance}"` });
  if (set !== undefined && at === undefined)
    throw new HostError('USAGE', { reason: `--set needs a time such as 2030-01-31T12:00:00Z, not "${set}"` });
  return {
    ...(at === undefined ? {} : { at }),
    ...(advanceMs === undefined ? {} : { advanceMs }),
    ...(stop === true ? { ticking: false } : start === true ? { ticking: true } : {}),
  };
}

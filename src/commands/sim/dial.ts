import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import { type Dial, formatDelay, type SimStatus } from '../../sim/index.ts';
import { answer, type CommonOptions, runningVpc, type SimContext, table } from './context.ts';
import { parseDialOptions, parseSpan } from './parse-dial-options.ts';

/** What `sim dial` was told. */
export interface DialOptions extends CommonOptions {
  readonly error?: string;
  readonly deny?: boolean;
  readonly throttle?: boolean;
  readonly delay?: string;
  readonly bucket?: string;
  readonly lost?: boolean;
  readonly garble?: string;
  readonly lag?: string;
  readonly stale?: string;
  readonly times?: string;
  readonly probability?: string;
  readonly clear?: boolean;
}

const EXAMPLES = `
Examples:
  vpc-cni sim dial CreateNetworkInterface --error InsufficientFreeAddressesInSubnet --times 2
  vpc-cni sim dial AttachNetworkInterface --lost --times 1      done, but nobody hears of it
  vpc-cni sim dial '*' --delay p50=80,p99=900                   as slow as a service can be
  vpc-cni sim dial IMDS --lag 5000                              metadata of five seconds ago
  vpc-cni sim dial DescribeNetworkInterfaces --stale missing-eni
  vpc-cni sim dial AssignPrivateIpAddresses --bucket 5/1        five at once, then one a second
  vpc-cni sim dial throttle off                                 no token buckets but those of dials
  vpc-cni sim dial attach-time 6000-10000                       of attaches that begin from now on
  vpc-cni sim dial                                              what is set
`;

/** `sim dial`. */
export function addDialCommand(program: Command, context: SimContext, common: (command: Command) => Command): void {
  common(program.command('dial').description('disturb an EC2 action; without an action, show the dials'))
    .argument(
      '[action]',
      'an EC2 action, "IMDS", "*" for every EC2 action, or "throttle", "attach-time", "detach-time"',
    )
    .argument(
      '[mode]',
      'after "throttle": ec2 for the buckets EC2 documents, or off; after a time: ms, such as 1500 or 6000-10000',
    )
    .option('--error <code>', 'answer with this EC2 error code (for IMDS an HTTP status)')
    .option('--deny', 'answer that IAM denies it')
    .option('--throttle', 'answer that the account calls too often')
    .option('--delay <words>', 'wait before looking at the request, in ms: 200, 50-300 or p50=80,p99=900')
    .option('--bucket <size/rate>', 'a token bucket of this size, filled at this rate a second: 100/5')
    .option('--lost', 'do the work, then drop the connection without an answer')
    .option('--garble <kind>', 'do the work, then answer nonsense: xml (cut off), empty, or types')
    .option('--lag <ms>', 'answer as of so long ago')
    .option('--stale <kind>', 'missing-eni, missing-prefix, missing-address or deleted-eni')
    .option('--times <count>', 'so many requests, then stop')
    .option('--probability <p>', 'each request with this probability, above 0 and up to 1')
    .option('--clear', 'remove the dial of the action, or all')
    .addHelpText('after', EXAMPLES)
    .action(async (action: string | undefined, mode: string | undefined, options: DialOptions) => {
      const client = runningVpc(context, options);
      const time = TIMES.get(action ?? '');
      const isSetting = action === 'throttle' || time !== undefined;
      if ((isSetting || options.clear === true) && wantsDial(options))
        throw new HostError('USAGE', { reason: `neither ${SETTINGS} nor --clear takes what a dial would do` });
      if (isSetting && options.clear === true)
        throw new HostError('USAGE', { reason: `--clear is for dials, not for ${SETTINGS}` });
      if (time !== undefined) await client.setTimes({ [time]: parseSpan(mode) });
      else if (action === 'throttle') await client.setThrottle(bucketMode(mode));
      else if (mode !== undefined) throw new HostError('USAGE', { reason: `"${mode}" is one word too many` });
      else if (options.clear === true) await client.clearDial(action);
      else if (action !== undefined) await client.setDial(parseDialOptions(action, options));
      else if (wantsDial(options)) throw new HostError('USAGE', { reason: 'a dial needs an action, or "*" for all' });
      const { dials, throttle, times } = await client.status();
      const text = `${renderDials({ dials, throttle })}${renderTimes(times)}\n`;
      answer(context, options, { json: { dials, throttle, times }, text });
    });
}

/** The dials for people, one a line, and how EC2 throttles. */
export function renderDials({ dials, throttle }: Pick<SimStatus, 'dials' | 'throttle'>): string {
  const buckets = throttle === 'ec2' ? 'as EC2 documents it' : 'off';
  if (dials.length === 0) return `no dial is set; throttling is ${buckets}\n`;
  const rows = dials.map((dial) => [dial.action, effectsOf(dial), limitsOf(dial)]);
  return `${table([['ACTION', 'EFFECT', 'WHEN'], ...rows])}throttling is ${buckets}\n`;
}

/** How long attaches and detaches take, for people. */
export function renderTimes({ attachMs, detachMs }: SimStatus['times']): string {
  const words = (span: SimStatus['times']['attachMs']): string =>
    typeof span === 'number' ? `${span} ms` : `${span.join('-')} ms`;
  return `attaching takes ${words(attachMs)}, detaching ${words(detachMs)}`;
}

function effectsOf({ error, denied, throttled, delay, bucket, lost, garble, lagMs, stale }: Dial): string {
  return [
    error === undefined ? '' : `error ${error}`,
    denied === true ? 'denied' : '',
    throttled === true ? 'throttled' : '',
    delay === undefined ? '' : `delay ${formatDelay(delay)} ms`,
    bucket === undefined ? '' : `bucket ${bucket.size}/${bucket.perSecond}`,
    lost === true ? 'answer lost' : '',
    garble === undefined ? '' : `answer garbled (${garble})`,
    lagMs === undefined ? '' : `${lagMs} ms old`,
    stale ?? '',
  ]
    .filter((word) => word !== '')
    .join(', ');
}

function limitsOf({ times, probability }: Dial): string {
  const often = probability === undefined ? 'always' : `with probability ${probability}`;
  return times === undefined ? often : `${probability === undefined ? '' : `${often}, `}${times} more`;
}

const TIMES: ReadonlyMap<string, keyof SimStatus['times']> = new Map([
  ['attach-time', 'attachMs'],
  ['detach-time', 'detachMs'],
]);

const SETTINGS = '"throttle", "attach-time" or "detach-time"';

function bucketMode(mode: string | undefined): 'ec2' | 'off' {
  if (mode === 'ec2' || mode === 'off') return mode;
  throw new HostError('USAGE', { reason: `"sim dial throttle" needs "ec2" or "off", not "${mode ?? ''}"` });
}

const EFFECTS = ['error', 'deny', 'throttle', 'delay', 'bucket', 'lost', 'garble', 'lag', 'stale'] as const;

function wantsDial(options: DialOptions): boolean {
  return EFFECTS.some((effect) => options[effect] !== undefined);
}

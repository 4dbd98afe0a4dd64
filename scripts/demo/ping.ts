import type { Cli } from './cli.ts';
import { DemoFailure } from './failure.ts';
import type { NodeName } from './plan.ts';

/** All pings of a run. */
export interface Tally {
  sent: number;
  received: number;
}

/** Where a ping starts: a pod, or the node itself. */
export interface Origin {
  readonly node: NodeName;
  readonly pod?: string;
}

/** What one run of `ping` saw. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Average round trip. */
  readonly rttMs: number | undefined;
}

/** Three packets, a tenth of a second apart: enough to see a loss, few enough to be quick. */
const BURST = ['-c', '3', '-i', '0.1'];
// A packet that takes longer inside one machine is lost.
const WAIT_S = '2';
/** Two seconds of fifty packets each. A count, not a signal, ends it: a signal could make the last packet look lost. */
const STREAM = ['-c', '100', '-i', '0.02'];

/** The numbers in the summary of `ping -q`. */
export function parsePing(output: string): PingResult {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  if (sent === undefined || received === undefined) throw new DemoFailure(`ping gave no summary: ${output.trim()}`);
  const rtt = /= [\d.]+\/([\d.]+)\//.exec(output)?.[1];
  return { sent: Number(sent), received: Number(received), rttMs: rtt === undefined ? undefined : Number(rtt) };
}

/** Sends pings and adds them to a tally; one that is lost is a failure. */
export class Pinger {
  readonly tally: Tally = { sent: 0, received: 0 };
  readonly #cli: Cli;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  /** A short burst. */
  burst(origin: Origin, target: string): Promise<PingResult> {
    return this.#ping(origin, target, BURST);
  }

  /** Two seconds of packets, and again as long as `more` says so; returns how many arrived. */
  async stream(origin: Origin, target: string, more: () => boolean): Promise<number> {
    let received = 0;
    do received += (await this.#ping(origin, target, STREAM)).received;
    while (more());
    return received;
  }

  async #ping(origin: Origin, target: string, words: readonly string[]): Promise<PingResult> {
    const { node, pod } = origin;
    const argv = ['ping', '-n', '-q', '-W', WAIT_S, ...words, target];
    // Status 1: packets were lost, which the summary says better.
    const accept = { accept: [0, 1] };
    const { stdout } = await (pod === undefined
      ? this.#cli.onNode(node, argv, accept)
      : this.#cli.inPod(node, pod, argv, accept));
    const result = parsePing(stdout);
    this.tally.sent += result.sent;
    this.tally.received += result.received;
    if (result.sent === 0 || result.received !== result.sent)
      throw new DemoFailure(
        `${result.sent - result.received} of ${result.sent} packets from ${origin.pod ?? origin.node} to ${target} were lost`,
      );
    return result;
  }
}

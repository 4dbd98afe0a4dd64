import type { ErrorCode } from '../errors/index.ts';
import { systemClock } from '../sys/index.ts';
import type { Ask } from './ask.ts';
import { classifyEc2Error } from './classify.ts';
import { changingMethods } from './ec2-change.ts';
import { describingMethods } from './ec2-describe.ts';
import { type Ec2Options, type OpenClient, openClient } from './sdk-client.ts';
import { Traffic, type TrafficEdges } from './traffic.ts';
import type { Ec2, Ec2Action } from './types.ts';

/** EC2 of one region, through the AWS SDK, which is loaded at the first request. One for a process: it has one budget. */
export function connectEc2(options: Ec2Options & TrafficEdges): Ec2 {
  const calls = new Map<Ec2Action, number>();
  const { clock = systemClock } = options;
  const traffic = new Traffic(options);
  let opened: Promise<OpenClient> | undefined;

  const ask: Ask = async (action, subject, send) => {
    opened ??= openClient(options);
    const { sdk, client } = await opened;
    return traffic.pass(action, async () => {
      calls.set(action, (calls.get(action) ?? 0) + 1);
      const started = clock.monotonic();
      const tell = (code: ErrorCode | undefined): void =>
        options.told?.({ action, code, ms: clock.monotonic() - started });
      try {
        const answer = await send(sdk, client);
        tell(undefined);
        return answer;
      } catch (error) {
        const failure = classifyEc2Error({ action, error, subject });
        tell(failure.code);
        throw failure;
      }
    });
  };

  return { calls, traffic, ...describingMethods(ask), ...changingMethods(ask) };
}

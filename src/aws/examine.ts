import type { EC2Client } from '@aws-sdk/client-ec2';
import type { HostError } from '../errors/index.ts';
import { type Clock, systemClock } from '../sys/index.ts';
import type { Ask } from './ask.ts';
import { classifyEc2Error, type ExaminedAction } from './classify.ts';
import { describingMethods } from './ec2-describe.ts';
import { dryRuns, type RightsSubject } from './rights.ts';
import { type Ec2Options, openClient } from './sdk-client.ts';
import type { EniDescription, InstanceIdentity, SubnetDescription } from './types.ts';

/** What EC2 answers somebody who only looks. */
export interface Ec2Examination {
  /** Failures by the action that was asked for. A dry run that EC2 would have carried out is none. */
  readonly refused: readonly { readonly action: ExaminedAction; readonly error: HostError }[];
  /** By how much our clock is ahead of EC2's; `undefined` while EC2 has not said what time it is. */
  readonly clockAheadMs: number | undefined;
  readonly enis: readonly EniDescription[] | undefined;
  readonly subnets: readonly SubnetDescription[] | undefined;
  /** Routers that the answer to a token request of the metadata service passes; not every role may ask. */
  readonly hopLimit: number | undefined;
}

/** EC2 says so in place of doing what it was asked for as a dry run. */
const WOULD_DO = 'DryRunOperation';

/** The time in an answer's header, whole seconds as HTTP has it. */
function timeIn(response: unknown): number | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return undefined;
  const at = Date.parse(String(headers.date));
  return Number.isNaN(at) ? undefined : at;
}

/** Has `tell` hear what time EC2 says it is, in each answer, refusals included: a wrong clock is why EC2 refuses. */
function listenForTime(client: EC2Client, tell: (atMs: number) => void): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const at = timeIn(result.response);
      if (at !== undefined) tell(at);
      return result;
    },
    // Nearest to the connection: whatever makes an error of an answer comes after.
    { step: 'deserialize', priority: 'low', name: 'listenForTime' },
  );
}

/** Asks EC2 for everything a diagnosis needs, side by side, each once. Changes nothing and never throws. */
export async function examineEc2(
  options: Ec2Options,
  about: Pick<
    InstanceIdentity,
    'instanceId' | 'vpcId' | 'availabilityZone' | 'subnetId' | 'primaryEniId' | 'primaryAddress' | 'securityGroups'
  > &
    Pick<RightsSubject, 'ipv6'> & {
      /** Whether the pool may be changed at all: else only describes are asked for. */
      readonly changes: boolean;
    },
  clock: Pick<Clock, 'now'> = systemClock,
): Promise<Ec2Examination> {
  const { sdk, client } = await openClient(options);
  const refused: { readonly action: ExaminedAction; readonly error: HostError }[] = [];
  let clockAheadMs: number | undefined;
  listenForTime(client, (atMs) => {
    clockAheadMs ??= clock.now() - atMs;
  });
  const classified: Ask = async (action, subject, send) => {
    try {
      return await send(sdk, client);
    } catch (error) {
      throw classifyEc2Error({ action, error, subject });
    }
  };
  const noting = async <T>(action: ExaminedAction, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (caught) {
      if (caught instanceof Error && caught.name === WOULD_DO) return undefined;
      const error = classifyEc2Error({ action, error: caught, subject: {} });
      refused.push({ action, error });
      return undefined;
    }
  };
  const methods = describingMethods(classified);
  const { instanceId, vpcId, availabilityZone } = about;
  const asked = Promise.all([
    noting('DescribeNetworkInterfaces', methods.describeEnis({ instanceId })),
    noting('DescribeSubnets', methods.describeSubnets({ vpcId, availabilityZone })),
    noting('DescribeInstances', client.send(new sdk.DescribeInstancesCommand({ InstanceIds: [instanceId] }))),
    ...(about.changes ? dryRuns(about).map(([action, run]) => noting(action, run(sdk, client))) : []),
  ] as const);
  try {
    const [enis, subnets, instances] = await asked;
    const told = instances?.Reservations?.[0]?.Instances?.[0]?.MetadataOptions;
    return { refused, clockAheadMs, enis, subnets, hopLimit: told?.HttpPutResponseHopLimit };
  } finally {
    client.destroy();
  }
}

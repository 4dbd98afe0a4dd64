import { connectEc2, createImds, type Imds } from '../aws/index.ts';
import { ec2Access, nearest, type Settings } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { podRoomRequest } from '../pool/index.ts';
import { type AddressMode, type InstanceLimits, instanceTypes, limitsOf, type PodRoom, podRoom } from '../vpc/index.ts';
import type { Environment } from './host.ts';

const TYPE = '/latest/meta-data/instance-type';
const REGION = '/latest/meta-data/placement/region';

/** What is asked; what is absent follows from this instance and its settings. */
export interface PodRoomQuestion {
  readonly settings: Settings;
  readonly env: Environment;
  readonly instanceType?: string | undefined;
  readonly mode?: AddressMode | undefined;
  readonly customNetworking?: boolean | undefined;
  readonly mostEnis?: number | undefined;
  readonly reservedEnis?: number | undefined;
  readonly allCards?: boolean | undefined;
  readonly trunk?: boolean | undefined;
  readonly noCeiling?: boolean | undefined;
  /** Milliseconds for one question to the metadata service. */
  readonly imdsMs: number;
}

async function ask(imds: Imds, path: string): Promise<string> {
  const answer = (await imds.get(path))?.trim();
  if (answer === undefined || answer === '') throw new HostError('IMDS_BAD_ANSWER', { path, found: 'nothing' });
  return answer;
}

/** The limits of a type: built in, or EC2's for a newer one. Throws `INSTANCE_TYPE_UNKNOWN` with EC2's refusal. */
export async function findLimits(
  question: Pick<PodRoomQuestion, 'settings' | 'env'>,
  imds: Imds,
  instanceType: string,
): Promise<InstanceLimits> {
  const known = limitsOf(instanceType);
  if (known !== undefined) return known;
  const { settings, env } = question;
  try {
    const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (await ask(imds, REGION));
    const ec2 = connectEc2({ region, ...ec2Access(settings) });
    return await ec2.describeInstanceType({ instanceType });
  } catch (error) {
    const cause = toHostError(error);
    throw new HostError(
      'INSTANCE_TYPE_UNKNOWN',
      { type: instanceType, reason: cause.message, meant: nearest(instanceType, instanceTypes()) },
      cause,
    );
  }
}

/** How many pods fit on an instance. One question to the metadata service when its type is not given, none else. */
export async function findPodRoom(question: PodRoomQuestion): Promise<PodRoom> {
  const { settings, imdsMs } = question;
  const endpoint = settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined;
  const imds = createImds({ endpoint, timeoutMs: imdsMs });
  const limits = await findLimits(question, imds, question.instanceType ?? (await ask(imds, TYPE)));
  const asked = podRoomRequest(settings, limits);
  return podRoom({
    ...asked,
    mode: question.mode ?? asked.mode,
    customNetworking: question.customNetworking ?? asked.customNetworking,
    mostEnis: question.mostEnis ?? asked.mostEnis,
    reservedEnis: question.reservedEnis,
    allCards: question.allCards,
    trunk: question.trunk ?? asked.trunk,
    noCeiling: question.noCeiling,
  });
}

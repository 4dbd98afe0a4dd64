import { type ErrorCode, HostError } from '../errors/index.ts';
import type { Ec2Action } from './types.ts';

/** The objects of a request, for the sentence of its failure. */
export interface Ec2Subject {
  readonly eniId?: string;
  readonly subnetId?: string | undefined;
  readonly instanceId?: string;
}

/** EC2's error codes that mean more than "failed" (API reference, "Error codes"). */
const BY_EC2_CODE: ReadonlyMap<string, ErrorCode> = new Map([
  ['UnauthorizedOperation', 'IAM_DENIED'],
  ['AccessDenied', 'IAM_DENIED'],
  ['AccessDeniedException', 'IAM_DENIED'],
  ['AuthFailure', 'IAM_DENIED'],
  ['OptInRequired', 'IAM_DENIED'],
  ['OperationNotPermitted', 'IAM_DENIED'],
  ['CredentialsProviderError', 'EC2_CREDENTIALS'],
  ['ProviderError', 'EC2_CREDENTIALS'],
  ['InstanceMetadataV1FallbackError', 'EC2_CREDENTIALS'],
  ['InvalidClientTokenId', 'EC2_CREDENTIALS'],
  ['UnrecognizedClientException', 'EC2_CREDENTIALS'],
  ['MissingAuthenticationToken', 'EC2_CREDENTIALS'],
  ['ExpiredToken', 'EC2_CREDENTIALS'],
  ['ExpiredTokenException', 'EC2_CREDENTIALS'],
  ['RequestExpired', 'EC2_CREDENTIALS'],
  ['SignatureDoesNotMatch', 'EC2_CREDENTIALS'],
  ['RequestLimitExceeded', 'EC2_THROTTLED'],
  ['Throttling', 'EC2_THROTTLED'],
  ['ThrottlingException', 'EC2_THROTTLED'],
  ['ThrottledException', 'EC2_THROTTLED'],
  ['RequestThrottled', 'EC2_THROTTLED'],
  ['RequestThrottledException', 'EC2_THROTTLED'],
  ['EC2ThrottledException', 'EC2_THROTTLED'],
  ['TooManyRequestsException', 'EC2_THROTTLED'],
  ['SlowDown', 'EC2_THROTTLED'],
  ['InsufficientFreeAddressesInSubnet', 'SUBNET_NO_IPS'],
  // The subnet may have thousands of free addresses, and no sixteen of them side by side.
  ['InsufficientCidrBlocks', 'SUBNET_FRAGMENTED'],
  ['AttachmentLimitExceeded', 'ENI_ATTACH_LIMIT'],
  ['PrivateIpAddressLimitExceeded', 'ADDRESS_LIMIT'],
  ['TimeoutError', 'EC2_UNREACHABLE'],
  ['AbortError', 'EC2_UNREACHABLE'],
]);

/**
 * EC2 has no code of its own for a subnet with fewer free addresses than the prefixes asked for have
 * (amazon-vpc-cni-k8s#3105), nor for a device number that is taken: it says `InvalidParameterValue`, which means many
 * things, and these sentences.
 */
const BY_SENTENCE: readonly (readonly [RegExp, ErrorCode])[] = [
  [/sufficient free Ipv4 addresses or prefixes/i, 'SUBNET_NO_IPS'],
  [/already has an interface attached at device index/i, 'ENI_SLOT_TAKEN'],
];

/** Answers that say yes. */
const GRANTED = { from: 200, below: 300 } as const;
const TOO_MANY_REQUESTS = 429;
const SERVER_FAULT = 500;

/** An `UnauthorizedOperation` carries a kilobyte of encoded policy; a log line does not need it. */
const LONGEST_REASON = 300;

/** An action of the pool, or the one more that a diagnosis asks for. */
export type ExaminedAction = Ec2Action | 'DescribeInstances';

/** The catalogued failure an error of the SDK stands for. Decided by its code or status, and by its message only for `BY_SENTENCE`. */
export function classifyEc2Error(failure: {
  readonly action: ExaminedAction;
  readonly error: unknown;
  readonly subject: Ec2Subject;
}): HostError {
  const { action, error, subject } = failure;
  if (error instanceof HostError) return error;
  const seen = inspect(error);
  const code = codeOf(seen);
  return new HostError(
    code,
    {
      action,
      reason: code === 'EC2_UNREACHABLE' && isServerFault(seen) ? `${seen.name}: ${seen.reason}` : seen.reason,
      ec2Code: seen.name,
      ...(code === 'EC2_BAD_ANSWER' ? { missing: `a form that can be read (${seen.reason})` } : {}),
      ...(code === 'SUBNET_NO_IPS' || code === 'SUBNET_FRAGMENTED'
        ? { subnet: subject.subnetId ?? `of ${subject.eniId ?? 'the ENI'}` }
        : {}),
      ...(code === 'ENI_ATTACH_LIMIT' || code === 'ENI_SLOT_TAKEN'
        ? { instance: subject.instanceId ?? 'the instance' }
        : {}),
      ...(code === 'ADDRESS_LIMIT' ? { eni: subject.eniId ?? 'the ENI' } : {}),
    },
    error,
  );
}

interface Seen {
  readonly name: string;
  readonly reason: string;
  /** HTTP status of the answer; `undefined` when there was none. */
  readonly status: number | undefined;
  /** Errno or Bun's own word of a failed connection. */
  readonly systemCode: string | undefined;
}

const isServerFault = ({ status }: Seen): boolean => status !== undefined && status >= SERVER_FAULT;

function codeOf(seen: Seen): ErrorCode {
  const known = BY_EC2_CODE.get(seen.name);
  if (known !== undefined) return known;
  const [, told] = BY_SENTENCE.find(([sentence]) => sentence.test(seen.reason)) ?? [];
  if (seen.name === 'InvalidParameterValue' && told !== undefined) return told;
  if (seen.status === TOO_MANY_REQUESTS) return 'EC2_THROTTLED';
  if (/\.NotFound$/.test(seen.name)) return 'EC2_NOT_FOUND';
  // EC2 did it, or somebody between us and EC2 says so: the answer cannot be read, so nobody knows what it did.
  if (seen.status !== undefined && seen.status >= GRANTED.from && seen.status < GRANTED.below) return 'EC2_BAD_ANSWER';
  // A fault on EC2's side: nobody knows what was carried out, and it passes.
  if (isServerFault(seen)) return 'EC2_UNREACHABLE';
  return seen.status === undefined && seen.systemCode !== undefined ? 'EC2_UNREACHABLE' : 'EC2_FAILED';
}

/** Cut off between two words, and marked so. */
function shortened(text: string): string {
  if (text.length <= LONGEST_REASON) return text;
  const cut = text.slice(0, LONGEST_REASON - 1);
  const space = cut.lastIndexOf(' ');
  return `${space > LONGEST_REASON / 2 ? cut.slice(0, space) : cut}…`;
}

function inspect(error: unknown): Seen {
  if (!(error instanceof Error))
    return { name: 'unknown', reason: String(error), status: undefined, systemCode: undefined };
  return {
    name: error.name,
    // The SDK adds lines of advice for who debugs it.
    reason: shortened(error.message.split('\n')[0] || error.name),
    status: statusOf(error),
    systemCode: 'code' in error && typeof error.code === 'string' ? error.code : undefined,
  };
}

/** The SDK keeps the status of the answer in `$metadata`; errors of the connection have none. */
function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const metadata: object = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}

import type { ErrorCode, HostError } from '../errors/index.ts';
import type { CniCommand, CniVersion } from './versions.ts';

// Numbers below 100 belong to the CNI specification ("Error"); those from 100 are ours and never change their meaning.
const IO_FAILURE = 5;
const TRY_AGAIN = 11;
const NOT_AVAILABLE = 50;
const LIMITED_CONNECTIVITY = 51;
const OURS = 100;

const NUMBERS: Partial<Readonly<Record<ErrorCode, number>>> = {
  CNI_VERSION: 1,
  ATTACHMENT_UNKNOWN: 3,
  CNI_ENV: 4,
  FILE_FAILED: IO_FAILURE,
  FILE_NOT_REGULAR: IO_FAILURE,
  CNI_DECODE: 6,
  CNI_CONFIG: 7,
  CONFIG_INVALID: 7,
  CNI_NETNS: 8,
  NETNS_MISSING: 8,
  DAEMON_DOWN: TRY_AGAIN,
  ENGINE_STARTING: TRY_AGAIN,
  POOL_GROWING: TRY_AGAIN,
  COOLDOWN_WAIT: TRY_AGAIN,
  EC2_THROTTLED: TRY_AGAIN,
  EC2_UNREACHABLE: TRY_AGAIN,
  HOST_NETWORK_FAILED: TRY_AGAIN,
  INTERNAL: OURS,
  IFNAME_TAKEN: 101,
  CHECK_FAILED: 102,
  ENI_LIMIT: 103,
  SUBNET_NO_IPS: 104,
  IAM_DENIED: 105,
  EC2_FAILED: 106,
  NETLINK: 107,
  HOST_LINK_TAKEN: 108,
};

/** The CNI number of a failure; one without its own number is 11 when trying again can help, else 100. */
export function cniNumber(code: ErrorCode, retry: HostError['retry']): number {
  return NUMBERS[code] ?? (retry === 'never' ? OURS : TRY_AGAIN);
}

/** The error object of the specification. */
export interface CniError {
  readonly cniVersion: CniVersion;
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

/**
 * STATUS has numbers of its own: no ADD can be served is 50, and 51 when running pods may be cut off as well; what is
 * wrong with the call itself keeps its number.
 */
function statusNumber(code: ErrorCode, number: number): number {
  if (code === 'HOST_NETWORK_FAILED') return LIMITED_CONNECTIVITY;
  // A file that cannot be written is the daemon's, not the call's.
  return number >= TRY_AGAIN || number === IO_FAILURE ? NOT_AVAILABLE : number;
}

/**
 * The failure as a CNI error: `msg` is its sentence, `details` its stable code and the way out.
 */
export function renderError(error: HostError, cniVersion: CniVersion, command?: CniCommand): CniError {
  const number = cniNumber(error.code, error.retry);
  const code = command === 'STATUS' ? statusNumber(error.code, number) : number;
  return { cniVersion, code, msg: error.message, details: `${error.code}: ${error.remedy}` };
}

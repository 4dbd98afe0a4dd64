/** A refusal: EC2's code, or for the metadata service the HTTP status as text, a sentence, and the HTTP status. */
export interface DialFault {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** EC2's own failures travel as 500 or 503, which clients try again (EC2 API reference, "Error codes"). */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['InternalError', 500],
  ['InternalFailure', 500],
  ['RequestLimitExceeded', 503],
  ['ServiceUnavailable', 503],
  ['Unavailable', 503],
  ['AuthFailure', 401],
  ['UnauthorizedOperation', 403],
]);

/** The answer with an EC2 error code that a dial asks for; everything EC2 is not to blame for is a 400. */
export function faultFor(code: string): DialFault {
  return { code, message: MESSAGE.get(code) ?? `${code}, as the simulator was told`, status: STATUS.get(code) ?? 400 };
}

const MESSAGE: ReadonlyMap<string, string> = new Map([
  ['RequestLimitExceeded', 'Request limit exceeded.'],
  ['UnauthorizedOperation', 'You are not authorized to perform this operation.'],
]);

/** The metadata service refuses by HTTP status alone. */
export function statusFault(status: number): DialFault {
  return { code: String(status), message: `${status}, as the simulator was told`, status };
}

import { type Clock, systemClock } from '../../sys/index.ts';
import type { Dials } from '../dials/index.ts';
import { authenticate, type Credentials, EC2_ACTIONS } from '../ec2/index.ts';
import { SimFault, type SimVpc } from '../model/index.ts';
import { metricParameters } from './put-metric-data.ts';

/** What CloudWatch's SDK clients send as the target of an action, in the protocol awsJson1_0. */
const TARGET = 'GraniteServiceVersion20100801.';

/** The actions there are; more is not needed to see what a publisher sends. */
const CLOUDWATCH_ACTIONS: readonly string[] = ['PutMetricData'];

/** What dials may name. */
export const AWS_ACTIONS: readonly string[] = [...EC2_ACTIONS, ...CLOUDWATCH_ACTIONS];

const MAX_BODY = 1024 * 1024;

/** Reports whether a request is CloudWatch's: it may come to the same address as EC2's. */
export const isCloudWatch = (request: Request): boolean =>
  request.headers.get('x-amz-target')?.startsWith(TARGET) === true;

/** What the CloudWatch face stands on. */
export interface CloudWatchOptions {
  readonly vpc: SimVpc;
  readonly dials?: Dials;
  readonly clock?: Clock;
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

/** EC2's words for what every service knows, in those of CloudWatch. */
const WORDS: ReadonlyMap<string, { readonly code: string; readonly status: number }> = new Map([
  ['AuthFailure', { code: 'InvalidClientTokenId', status: 403 }],
  ['RequestExpired', { code: 'RequestExpired', status: 400 }],
  ['UnauthorizedOperation', { code: 'AccessDenied', status: 403 }],
  ['RequestLimitExceeded', { code: 'Throttling', status: 400 }],
]);

const jsonType = { 'content-type': 'application/x-amz-json-1.0' } as const;

/** CloudWatch's API over one simulated VPC: it takes data points and keeps them as calls. */
export function createCloudWatchHandler(options: CloudWatchOptions): (request: Request) => Promise<Response> {
  const { vpc, dials, clock = systemClock, credentials, signal, onError = () => {} } = options;
  return async (request) => {
    const started = clock.monotonic();
    const requestId = crypto.randomUUID();
    const action = (request.headers.get('x-amz-target') ?? '').slice(TARGET.length, TARGET.length + 100);
    const call = { at: clock.now(), caller: '-', action, parameters: {}, requestId };
    const record = (code: string, result: string): void =>
      vpc.recordCall({ ...call, code, result, ms: Math.round((clock.monotonic() - started) * 100) / 100 });
    const headers = { ...jsonType, 'x-amzn-requestid': requestId };
    try {
      const body = new Uint8Array(await request.arrayBuffer());
      if (body.byteLength > MAX_BODY) throw new SimFault('RequestEntityTooLarge', 'A request may hold 1 MB.', 413);
      const verifier = { region: vpc.region, now: clock.now(), credentials, service: 'monitoring' };
      call.caller = authenticate(request, body, verifier);
      if (!CLOUDWATCH_ACTIONS.includes(action))
        throw new SimFault('UnknownOperationException', `The action ${action} is not valid.`);
      call.parameters = metricParameters(contentOf(request, body), clock.now());
      const decision = dials?.decide({ action, now: clock.monotonic(), reads: false, unfiltered: false });
      if (decision !== undefined && decision.delayMs > 0) await clock.sleep(decision.delayMs, signal);
      if (decision?.answer.kind === 'fault')
        throw new SimFault(decision.answer.code, decision.answer.message, decision.answer.status);
      record('OK', 'OK');
      return new Response('{}', { headers });
    } catch (error) {
      if (!(error instanceof SimFault)) onError(error);
      const fault = error instanceof SimFault ? error : new SimFault('InternalFailure', 'An internal error', 500);
      const { code, status } = WORDS.get(fault.code) ?? fault;
      const message =
        code === 'AccessDenied'
          ? `User: ${call.caller} is not authorized to perform: cloudwatch:${action}`
          : fault.message;
      record(code, `${code}: ${message}`);
      return new Response(JSON.stringify({ __type: `com.amazonaws.cloudwatch#${code}`, message }), {
        status,
        headers: { ...headers, 'x-amzn-query-error': `${code};${status < 500 ? 'Sender' : 'Receiver'}` },
      });
    }
  };
}

/** The body as JSON; a large one comes packed. */
function contentOf(request: Request, body: Uint8Array): unknown {
  try {
    const plain = request.headers.get('content-encoding') === 'gzip' ? Bun.gunzipSync(Buffer.from(body)) : body;
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    throw new SimFault('SerializationException', 'The body is no JSON.');
  }
}

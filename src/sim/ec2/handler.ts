import { type Clock, systemClock } from '../../sys/index.ts';
import { type Decision, type Dials, garbled, lostAnswer } from '../dials/index.ts';
import { SimFault, type SimVpc } from '../model/index.ts';
import { createVpcViews, type VpcViews } from '../view/index.ts';
import type { Action, ActionContext } from './action.ts';
import { ACTIONS } from './actions/index.ts';
import { authenticate, type Credentials } from './authorization.ts';
import { receive } from './body.ts';
import { createContext, type Duration, type InstanceHooks } from './context.ts';
import { deniedMessage } from './denied.ts';
import { Parameters } from './parameters.ts';
import { recordedParameters, resultOf, resultOfFault } from './recorded.ts';
import { renderAnswer, renderFault } from './xml.ts';

/** What the EC2 face stands on. */
export interface Ec2HandlerOptions extends InstanceHooks {
  readonly vpc: SimVpc;
  readonly dials?: Dials;
  /** Shared with the metadata service, so that the past is kept once. */
  readonly views?: VpcViews;
  readonly clock?: Clock;
  /** How long an attach and a detach take; the VPC's own figures unless given. */
  readonly attachMs?: Duration;
  readonly detachMs?: Duration;
  /** Who may call; everybody who signs somehow when absent. */
  readonly credentials?: Credentials;
  /** Ends the attaches and detaches still under way, so that a process can stop. */
  readonly signal?: AbortSignal;
  /** Told about failures that belong to no answer, and about defects behind an `InternalError`. */
  readonly onError?: (error: unknown) => void;
}

/** The only version of the API there is: EC2 has kept it since 2016. */
const VERSION = '2016-11-15';

/** Actions whose answers lag behind what has been done. */
const READS: ReadonlySet<string> = new Set(['DescribeInstances', 'DescribeNetworkInterfaces']);

/** A made-up action may be of any length, and calls are kept. */
const LONGEST_NAME = 100;

/** EC2's Query API over one simulated VPC. */
export function createEc2Handler(options: Ec2HandlerOptions): (request: Request) => Promise<Response> {
  const { vpc, dials, clock = systemClock, onError = () => {} } = options;
  const { views = createVpcViews(vpc) } = options;
  const context = createContext({ ...options, clock, onError });

  return async (request) => {
    const started = clock.monotonic();
    const requestId = crypto.randomUUID();
    const call = { at: clock.now(), caller: '-', action: '-', parameters: {}, requestId };
    let lost = false;
    const answer = (body: string, end: { status: number; code: string; result: string }): Response => {
      const { status, code, result } = end;
      const told = lost ? `${result}, and the answer was lost` : result;
      vpc.recordCall({ ...call, code, result: told, ms: millisecondsSince(started, clock) });
      return lost
        ? lostAnswer()
        : new Response(body, {
            status,
            headers: {
              'content-type': 'text/xml;charset=UTF-8',
              'x-amzn-requestid': requestId,
              date: new Date(clock.now()).toUTCString(),
            },
          });
    };
    try {
      const { body, pairs } = await receive(request);
      const action = pairs.find(([name]) => name === 'Action')?.[1] ?? '';
      Object.assign(call, { action: action.slice(0, LONGEST_NAME), parameters: recordedParameters(pairs) });
      const verifier = { region: vpc.region, now: clock.now(), credentials: options.credentials };
      call.caller = authenticate(request, body, verifier);
      const run = prepare(Parameters.parse(pairs), context);
      const decision = dials?.decide({
        action,
        now: clock.monotonic(),
        reads: READS.has(action),
        unfiltered: !pairs.some(([name]) => /^(?:Filter\.|MaxResults$|NextToken$)/.test(name)),
      });
      const denied = (): string => deniedMessage(vpc, call);
      await disturb({ decision, denied, clock, signal: options.signal });
      lost = decision?.lost === true;
      const xml = renderAnswer(action, requestId, run(views.view(decision)));
      const how = decision?.garble;
      const result = `${resultOf(xml)}${how === undefined ? '' : ', and the answer was garbled'}`;
      return answer(how === undefined ? xml : garbled(xml, how), { status: 200, code: 'OK', result });
    } catch (error) {
      if (!(error instanceof SimFault)) onError(error);
      const fault = error instanceof SimFault ? error : new SimFault('InternalError', 'An internal error', 500);
      const { status, code } = fault;
      return answer(renderFault(fault, requestId), { status, code, result: resultOfFault(fault) });
    }
  };
}

function prepare(parameters: Parameters, context: ActionContext): ReturnType<Action> {
  const name = parameters.text('Action');
  if (name === undefined) throw new SimFault('MissingAction', 'The request must contain the parameter Action');
  if (parameters.text('Version') !== VERSION)
    throw new SimFault('NoSuchVersion', `The requested version of ${name} is not ${VERSION}`);
  const action = ACTIONS.get(name);
  if (action === undefined) throw new SimFault('InvalidAction', `The action ${name} is not valid for this web service`);
  parameters.refuseUnsupported();
  const dryRun = parameters.flag('DryRun') ?? false;
  const run = action(parameters, context);
  parameters.finish();
  return dryRun ? refuseDryRun : run;
}

function refuseDryRun(): never {
  throw new SimFault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}

/** Waits and refuses as the dials say. */
async function disturb(parts: {
  readonly decision: Decision | undefined;
  readonly denied: () => string;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  const { decision, denied, clock, signal } = parts;
  if (decision === undefined) return;
  if (decision.delayMs > 0) await clock.sleep(decision.delayMs, signal);
  const { answer } = decision;
  if (answer.kind !== 'fault') return;
  const { code, message, status } = answer;
  throw new SimFault(code, code === 'UnauthorizedOperation' ? denied() : message, status);
}

function millisecondsSince(started: number, clock: Clock): number {
  return Math.round((clock.monotonic() - started) * 100) / 100;
}

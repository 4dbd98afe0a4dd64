import { type Clock, systemClock } from '../../sys/index.ts';
import { type Decision, type Dials, lostAnswer } from '../dials/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';
import { type RoleCredentials, roleCredentials } from './credentials.ts';
import { identityDocument, metaData } from './meta-data.ts';
import { Tokens } from './tokens.ts';
import { type Directory, findEntry } from './tree.ts';

/** What the metadata service stands on. */
export interface ImdsHandlerOptions {
  readonly vpc: SimVpc;
  readonly dials?: Dials;
  readonly clock?: Clock;
  /** Answer as this instance whoever calls; without it the caller's address tells. For use over loopback. */
  readonly instanceId?: string;
  /** The name of the role every instance has. */
  readonly role?: string;
  readonly credentials?: (instance: SimInstance, now: number) => RoleCredentials;
  readonly userData?: (instance: SimInstance) => string | undefined;
}

/** Answers one request of an instance, known by the address it came from. */
export type ImdsHandler = (request: Request, callerAddress: string) => Response | Promise<Response>;

const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

/** Calls are kept, and a path may be of any length. */
const LONGEST_ACTION = 300;

/** Versions of the tree that clients such as cloud-init ask for; all show the same here. */
const VERSIONS = ['1.0', '2016-09-02', '2018-09-24', '2021-03-23', 'latest'];

/** The instance metadata service, version 2 only: a session token first, then reads that carry it. */
export function createImdsHandler(options: ImdsHandlerOptions): ImdsHandler {
  const { vpc, dials, clock = systemClock } = options;
  const tokens = new Tokens();

  const respond = (request: Request, instance: SimInstance, path: string): Response => {
    // The hop limit of a token answer cannot be kept over HTTP, but a proxy gives itself away by this header.
    if (request.method === 'PUT' && path === 'latest/api/token')
      return request.headers.has('x-forwarded-for')
        ? refuse(403)
        : issue(tokens.issue(instance.id, request.headers.get(TTL_HEADER), clock.now()), request);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405);
    const left = tokens.remaining(request.headers.get(TOKEN_HEADER), instance.id, clock.now());
    if (left === 0) return refuse(401);
    const found = findEntry(treeOf(options, instance, clock), path);
    if (found.kind === 'nothing') return refuse(404);
    const type = found.text.startsWith('{') ? 'application/json' : 'text/plain';
    return answer(found.text, type, String(left));
  };

  return (request, callerAddress) => {
    const path = pathOf(request);
    const [at, started] = [clock.now(), clock.monotonic()];
    const record = (response: Response): Response => {
      const code = response.ok ? 'OK' : String(response.status);
      const action = `${request.method} /${path}`.slice(0, LONGEST_ACTION);
      const ms = Math.round((clock.monotonic() - started) * 100) / 100;
      vpc.recordCall({ at, caller: callerAddress, action, parameters: {}, code, result: code, ms });
      return response;
    };
    const serve = (decision?: Decision): Response => {
      if (decision?.answer.kind === 'fault') return record(refuse(decision.answer.status));
      const instance = instanceFor(options, callerAddress);
      const response = record(instance === undefined ? refuse(404) : respond(request, instance, path));
      return decision?.lost === true ? lostAnswer() : response;
    };
    const decision = dials?.decide({ action: 'IMDS', now: clock.monotonic(), reads: request.method !== 'PUT' });
    if (decision === undefined || decision.delayMs === 0) return serve(decision);
    return clock.sleep(decision.delayMs).then(() => serve(decision));
  };
}

function treeOf(options: ImdsHandlerOptions, instance: SimInstance, clock: Clock): Directory {
  const { vpc, role = 'node-role', credentials = roleCredentials, userData = () => undefined } = options;
  const source = { vpc, instance, role, credentials: () => credentials(instance, clock.now()) };
  const version: Directory = () => ({
    dynamic: () => ({ 'instance-identity': () => ({ document: identityDocument(vpc, instance) }) }),
    'meta-data': metaData(source),
    'user-data': userData(instance),
  });
  return () => Object.fromEntries(VERSIONS.map((name) => [name, version]));
}

function instanceFor(options: ImdsHandlerOptions, callerAddress: string): SimInstance | undefined {
  const { vpc, instanceId } = options;
  // A dual-stack socket shows an IPv4 peer as a mapped IPv6 address.
  const address = callerAddress.replace(/^::ffff:/i, '');
  const id = instanceId ?? vpc.eniByAddress(address)?.attachment?.instanceId;
  return id === undefined ? undefined : vpc.findInstance(id);
}

/** The path without its leading slash. The colons of a MAC may come escaped; doubled slashes count once. */
function pathOf(request: Request): string {
  return new URL(request.url).pathname
    .replace(/%3a/gi, ':')
    .replace(/\/{2,}/g, '/')
    .slice(1);
}

function issue(token: string | undefined, request: Request): Response {
  return token === undefined ? refuse(400) : answer(token, 'text/plain', request.headers.get(TTL_HEADER) ?? '');
}

function answer(text: string, type: string, ttl: string): Response {
  return new Response(text, { headers: { 'content-type': type, server: 'EC2ws', [TTL_HEADER]: ttl } });
}

function refuse(status: number): Response {
  return new Response(`${status}\n`, { status, headers: { 'content-type': 'text/plain', server: 'EC2ws' } });
}

import { STATUS_CODES } from 'node:http';
import { type Clock, systemClock } from '../../sys/index.ts';
import { type Decision, type Dials, lostAnswer } from '../dials/index.ts';
import type { SimInstance, SimVpc } from '../model/index.ts';
import { createVpcViews, type VpcViews } from '../view/index.ts';
import { createRoleCredentials, NODE_ROLE, type RoleCredentialSource } from './credentials.ts';
import { identityDocument, metaData } from './meta-data.ts';
import { Tokens } from './tokens.ts';
import { type Directory, type Found, findEntry } from './tree.ts';

/** What the metadata service stands on. */
export interface ImdsHandlerOptions {
  readonly vpc: SimVpc;
  readonly dials?: Dials;
  readonly clock?: Clock;
  /** Shared with the EC2 API, so that the past is kept once. */
  readonly views?: VpcViews;
  /** Answer as this instance whoever calls; without it the caller's address tells. For use over loopback. */
  readonly instanceId?: string;
  /** The name of the role every instance has; `false` when they have none, and therefore no credentials. */
  readonly role?: string | false;
  /** Shared with the EC2 API, which can then check what was handed out here. */
  readonly credentials?: RoleCredentialSource;
}

/** Answers one request of an instance, known by the address it came from. */
export type ImdsHandler = (request: Request, callerAddress: string) => Response | Promise<Response>;

const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

/** Calls are kept, and a path may be of any length. */
const LONGEST_ACTION = 300;

/** Versions of the tree (EC2 user guide, "Get the available versions"); all show what the latest does. */
const VERSIONS = [
  ...['1.0', '2007-01-19', '2007-03-01', '2007-08-29', '2007-10-10', '2007-12-15', '2008-02-01', '2008-09-01'],
  ...['2009-04-04', '2011-01-01', '2011-05-01', '2012-01-12', '2014-02-25', '2014-11-05', '2015-10-20', '2016-04-19'],
  ...['2016-06-30', '2016-09-02', '2018-03-28', '2018-08-17', '2018-09-24', '2019-10-01', '2020-10-27', '2021-01-03'],
  ...['2021-03-23', '2021-07-15', 'latest'],
];

/** The instance metadata service, version 2 unless an instance allows version 1: a session token first, then reads that carry it. */
export function createImdsHandler(options: ImdsHandlerOptions): ImdsHandler {
  const { vpc, dials, clock = systemClock, role = NODE_ROLE } = options;
  const { views = createVpcViews(vpc), credentials = createRoleCredentials({ secret: vpc.id }) } = options;
  const tokens = new Tokens();

  const treeOf = (instance: SimInstance, decision: Decision | undefined): Directory => {
    const source = {
      vpc: views.view(decision),
      instance,
      role,
      credentials: () => credentials.of(instance, clock.now()),
    };
    const version: Directory = () => ({
      dynamic: () => ({ 'instance-identity': () => ({ document: identityDocument(source) }) }),
      'meta-data': metaData(source),
      'user-data': instance.userData,
    });
    return () => Object.fromEntries(VERSIONS.map((name) => [name, version]));
  };

  const respond = (asked: Asked): Response => {
    const { request, instance, path, decision } = asked;
    // How far the answer to a token request travels is the network's business; a proxy gives itself away by this header.
    if (request.method === 'PUT' && path === TOKEN_PATH)
      return request.headers.has('x-forwarded-for')
        ? refuse(403)
        : issue(tokens.issue(instance.id, request.headers.get(TTL_HEADER), clock.now()), request);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405);
    const token = request.headers.get(TOKEN_HEADER);
    // Version 1: who sends no token is answered where none is required; a wrong one is refused all the same.
    if (token === null && instance.metadata.tokensOptional)
      return show(findEntry(treeOf(instance, decision), path), '');
    const left = tokens.remaining(token, instance.id, clock.now());
    return left === 0 ? refuse(401) : show(findEntry(treeOf(instance, decision), path), String(left));
  };

  return (request, callerAddress) => {
    const path = pathOf(request);
    const [at, started] = [clock.now(), clock.monotonic()];
    const record = ({ response, lost }: { response: Response; lost: boolean }): Response => {
      const code = response.ok ? 'OK' : String(response.status);
      const action = `${request.method} /${path}`.slice(0, LONGEST_ACTION);
      const ms = Math.round((clock.monotonic() - started) * 100) / 100;
      const result = lost ? `${code}, and the answer was lost` : code;
      vpc.recordCall({ at, caller: callerAddress, action, parameters: {}, code, result, ms });
      return lost ? lostAnswer() : response;
    };
    const serve = (decision?: Decision): Response => {
      if (decision?.answer.kind === 'fault') return record({ response: refuse(decision.answer.status), lost: false });
      const instance = instanceFor(options, callerAddress);
      const response = instance === undefined ? refuse(404) : respond({ request, instance, path, decision });
      return record({ response, lost: decision?.lost === true });
    };
    const now = clock.monotonic();
    const decision = dials?.decide({ action: 'IMDS', now, reads: path !== TOKEN_PATH, unfiltered: false });
    if (decision === undefined || decision.delayMs === 0) return serve(decision);
    return clock.sleep(decision.delayMs).then(() => serve(decision));
  };
}

const TOKEN_PATH = 'latest/api/token';

interface Asked {
  readonly request: Request;
  readonly instance: SimInstance;
  readonly path: string;
  readonly decision: Decision | undefined;
}

function instanceFor(options: ImdsHandlerOptions, callerAddress: string): SimInstance | undefined {
  const { vpc, instanceId } = options;
  // A dual-stack socket shows an IPv4 peer as a mapped IPv6 address.
  const address = callerAddress.replace(/^::ffff:/i, '');
  const eni = vpc.eniByAddress(address);
  // What a branch ENI sends comes out of the instance its trunk hangs on.
  const carrier = eni?.trunk === undefined ? eni : vpc.findEni(eni.trunk.trunkEniId);
  const id = instanceId ?? carrier?.attachment?.instanceId;
  const instance = id === undefined ? undefined : vpc.findInstance(id);
  return instance?.state === 'terminated' ? undefined : instance;
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

/** All metadata is text, documents included; user data is whatever it is. */
function show(found: Found, ttl: string): Response {
  if (found.kind === 'nothing') return refuse(404);
  return found.kind === 'text'
    ? answer(found.text, 'text/plain', ttl)
    : answer(found.bytes, 'application/octet-stream', ttl);
}

function answer(body: string | Uint8Array, type: string, ttl: string): Response {
  // A copy, because the model's bytes might be shared memory for all the types know.
  return new Response(typeof body === 'string' ? body : new Uint8Array(body), {
    headers: { 'content-type': type, server: 'EC2ws', [TTL_HEADER]: ttl },
  });
}

/** A page, as EC2 has it: who takes the body of a failed request for the value gets something that cannot be one. */
function refuse(status: number): Response {
  const title = [status, STATUS_CODES[status]].filter((part) => part !== undefined).join(' - ');
  const page = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return new Response(page, { status, headers: { 'content-type': 'text/html', server: 'EC2ws' } });
}

import { chmodSync, rmSync } from 'node:fs';
import {
  isCniCommand,
  isCniVersion,
  NEWEST_VERSION,
  OUTLOOK_PATH,
  type OutlookDocument,
  renderError,
  STATUS_PATH,
  type StatusDocument,
} from '../cniproto/index.ts';
import { HostError, toHostError } from '../errors/index.ts';

/** What the socket serves. `serve` answers a CNI call, or throws the failure the runtime is to see. */
export interface SocketRoutes {
  readonly serve: (request: unknown, gone: AbortSignal) => Promise<unknown>;
  readonly status: () => StatusDocument;
  /** `undefined` while there is no pool yet. */
  readonly outlook: () => OutlookDocument | undefined;
}

/** What a client may take its time for. */
export interface SocketLimits {
  /** Until the whole of a request has come; the plugin sends it at once. */
  readonly bodyMs: number;
}

const LIMITS: SocketLimits = { bodyMs: 10_000 };

/** The body of a request. Throws `CNI_DECODE` when it is no JSON, or does not end in time. */
async function bodyOf(request: Request, { bodyMs }: SocketLimits): Promise<unknown> {
  const coming = request.json();
  // Mostly it has come with its head: then there is nothing to wait for.
  if (Bun.peek.status(coming) === 'fulfilled') return coming;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it has not ended after ${bodyMs / 1000} s`)), bodyMs);
  try {
    return await Promise.race([coming, late.promise]);
  } catch (error) {
    throw new HostError('CNI_DECODE', { reason: error instanceof Error ? error.message : String(error) }, error);
  } finally {
    clearTimeout(timer);
  }
}

/** A CNI request holds a configuration and a cached result: kilobytes. */
const MAX_BODY_BYTES = 1024 * 1024;

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;

/** The failure as the CNI error of the version that was spoken; 4xx when the caller is to blame, 503 when later may do. */
function refuse(error: unknown, request: unknown): Response {
  const failure = toHostError(error);
  const version = field(field(request, 'config'), 'cniVersion');
  const command = field(request, 'command');
  const body = renderError(
    failure,
    typeof version === 'string' && isCniVersion(version) ? version : NEWEST_VERSION,
    typeof command === 'string' && isCniCommand(command) ? command : undefined,
  );
  return Response.json(body, { status: failure.retry === 'never' ? 400 : 503 });
}

/** What stands behind the host. A URL object would take longer than an address does. */
const pathOf = (url: string): string => url.slice(url.indexOf('/', 'http://'.length));

const ANSWER_MS = 5_000;

/** Asks a socket served here for its status, as anybody else would. Throws when it does not answer in time. */
export async function askSocket(path: string): Promise<void> {
  const answer = await fetch(`http://localhost${STATUS_PATH}`, { unix: path, signal: AbortSignal.timeout(ANSWER_MS) });
  await answer.arrayBuffer();
}

/**
 * Serves the daemon's socket: `POST /cni/v1` and `GET /v1/status`. The socket is for root alone; a stale one of a
 * daemon that died is replaced. Returns how to close it.
 */
export function serveSocket(
  path: string,
  routes: SocketRoutes,
  limits = LIMITS,
): { readonly stop: () => Promise<void> } {
  rmSync(path, { force: true });
  const server = Bun.serve({
    unix: path,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: async (request, listener) => {
      const path = pathOf(request.url);
      if (request.method === 'GET' && path === STATUS_PATH) return Response.json(routes.status());
      if (request.method === 'GET' && path === OUTLOOK_PATH) {
        const outlook = routes.outlook();
        return outlook === undefined ? new Response('starting\n', { status: 503 }) : Response.json(outlook);
      }
      if (request.method !== 'POST' || path !== '/cni/v1') return new Response('not found\n', { status: 404 });
      let body: unknown;
      try {
        body = await bodyOf(request, limits);
      } catch (error) {
        return refuse(error, undefined);
      }
      // An ADD may wait for EC2 longer than any idle time-out; the plugin has its own deadline.
      listener.timeout(request, 0);
      try {
        return Response.json((await routes.serve(body, request.signal)) ?? {});
      } catch (error) {
        return refuse(error, body);
      }
    },
  });
  chmodSync(path, 0o600);
  // Calls under way are cut off: a plugin whose call is cut sends it again, to the daemon that comes after us.
  return { stop: () => server.stop(true) };
}

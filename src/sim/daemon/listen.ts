import { HostError } from '../../errors/index.ts';
import { inNetns, openNetns } from '../../sys/index.ts';
import { netnsPath } from '../fabric/index.ts';

/** The calling end of a connection. */
export interface Caller {
  readonly address: string;
  readonly port: number;
}

/** Answers a request; `caller` is the source address it came from. */
export type Answer = (request: Request, caller: string) => Response | Promise<Response>;

/** A face of the simulator on loopback. */
export interface LoopbackFace extends Disposable {
  readonly url: string;
  readonly port: number;
}

/** Where a face listens, and how large its requests may be. */
export interface LoopbackOptions {
  /** What it is, for the message when its port is taken. */
  readonly face: string;
  /** 0, the default, is any free port. */
  readonly port?: number;
  readonly maxBytes?: number;
}

/** Serves HTTP on an address of a network namespace; the socket belongs to that namespace, we do not. */
export function listenIn(netns: string, address: string, answer: Answer): Disposable {
  using target = openNetns(netnsPath(netns));
  const server = inNetns(target, () =>
    serve({ hostname: address, port: 80 }, (request, caller) => answer(request, caller.address)),
  );
  return { [Symbol.dispose]: () => void server.stop(true) };
}

/** Serves HTTP on a loopback port of this machine. Throws `SIM_PORT_TAKEN`. */
export function listenOnLoopback(
  options: LoopbackOptions,
  answer: (request: Request, caller: Caller) => Response | Promise<Response>,
): LoopbackFace {
  const { face, port = 0, maxBytes } = options;
  try {
    const at = { hostname: '127.0.0.1', port, ...(maxBytes === undefined ? {} : { maxRequestBodySize: maxBytes }) };
    const server = serve(at, answer);
    const opened = server.port ?? port;
    return { url: `http://127.0.0.1:${opened}`, port: opened, [Symbol.dispose]: () => void server.stop(true) };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostError('SIM_PORT_TAKEN', { face, port, reason: REASONS.get(reason) ?? reason }, error);
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another program has it'],
  ['EACCES', 'ports below 1024 need root'],
]);

function serve(
  at: { readonly hostname: string; readonly port: number; readonly maxRequestBodySize?: number },
  answer: (request: Request, caller: Caller) => Response | Promise<Response>,
): Bun.Server<undefined> {
  return Bun.serve({
    ...at,
    // A dial may hold an answer back for longer than any idle limit.
    idleTimeout: 0,
    // Bun's own page for a handler that failed shows whoever called our source.
    development: false,
    error: () => new Response('an internal error\n', { status: 500 }),
    fetch: (request, server) =>
      answer(withWholeUrl(request, at.hostname), server.requestIP(request) ?? { address: '', port: 0 }),
  });
}

/** A request without a `Host` header, as HTTP/1.0 allows, has a URL that is only a path. */
function withWholeUrl(request: Request, hostname: string): Request {
  if (URL.canParse(request.url)) return request;
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return new Request(`http://${host}/${request.url.replace(/^\/+/, '')}`, request);
}

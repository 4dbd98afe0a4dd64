import { inNetns, openNetns } from '../../sys/index.ts';
import { netnsPath } from '../fabric/index.ts';

/** Answers a request; `caller` is the source address it came from. */
export type Answer = (request: Request, caller: string) => Response | Promise<Response>;

/** Serves HTTP on an address of a network namespace; the socket belongs to that namespace, we do not. */
export function listenIn(netns: string, address: string, answer: Answer): Disposable {
  using target = openNetns(netnsPath(netns));
  const server = inNetns(target, () => serve({ hostname: address, port: 80 }, answer));
  return { [Symbol.dispose]: () => void server.stop(true) };
}

/** Serves HTTP on a free loopback port of this machine. */
export function listenOnLoopback(answer: Answer): Disposable & { readonly url: string } {
  const server = serve({ hostname: '127.0.0.1', port: 0 }, answer);
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

function serve(at: { readonly hostname: string; readonly port: number }, answer: Answer): Bun.Server<undefined> {
  return Bun.serve({
    ...at,
    // A dial may hold an answer back for longer than any idle limit.
    idleTimeout: 0,
    fetch: (request, server) => answer(request, server.requestIP(request)?.address ?? ''),
  });
}

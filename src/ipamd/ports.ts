import type { Logger } from '../log/index.ts';
import type { Clock } from '../sys/index.ts';
import type { Onlooker } from './onlooker.ts';

/** Paths to bodies. */
export type Routes = Readonly<Record<string, () => Promise<Response> | Response>>;

/** One loopback HTTP port, read only. */
export interface LoopbackPort {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `undefined` while they cannot be served yet. */
  readonly routes: () => Routes | undefined;
  /** A page beside the routes: what it does not know, it leaves to them. */
  readonly page?: Pick<Onlooker, 'path' | 'serve'> | undefined;
}

const RETRY_MS = 2_000;

/**
 * Serves a loopback port until the signal, answering GET and HEAD only. While another process holds the port
 * (the daemon that is being replaced, or aws-node) it is tried again: pods do not wait for a metrics port.
 */
export async function servePort(
  port: LoopbackPort,
  parts: { readonly logger: Logger; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { logger, clock, signal } = parts;
  for (let reported = false; !signal.aborted; ) {
    try {
      const server = Bun.serve({
        hostname: port.host,
        port: port.port,
        // Never Bun's development page, which shows source.
        development: false,
        fetch: async (request) => {
          if (request.method !== 'GET' && request.method !== 'HEAD')
            return new Response('read only\n', { status: 405 });
          const shown = port.page?.serve(request);
          if (shown !== undefined) return shown;
          const routes = port.routes();
          if (routes === undefined) return new Response('the daemon is starting\n', { status: 503 });
          const route = routes[new URL(request.url, 'http://localhost').pathname];
          if (route !== undefined) return route();
          return Response.json({ AvailableCommands: [...Object.keys(routes), ...(port.page ? [port.page.path] : [])] });
        },
      });
      signal.addEventListener('abort', () => void server.stop(true), { once: true });
      return;
    } catch (error) {
      if (!reported)
        logger.warn('port is taken, trying again until it is free', { port: port.port, of: port.name, error });
      reported = true;
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

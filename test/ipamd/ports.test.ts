import { describe, expect, test } from 'bun:test';
import { type Routes, servePort } from '../../src/ipamd/ports.ts';
import { createLogger } from '../../src/log/index.ts';
import { systemClock } from '../../src/sys/index.ts';

/** A port that nobody has. */
function freePort(): number {
  using server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  return server.port ?? 0;
}

async function withPort(
  served: { readonly routes: () => Routes | undefined; readonly page?: (request: Request) => Response | undefined },
  work: (ask: (path: string, method?: string) => Promise<readonly [status: number, text: string]>) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const port = freePort();
  const page = served.page && { path: '/page', serve: served.page };
  const parts = { logger: createLogger({ level: 'error', program: 'test' }), clock: systemClock, signal: stop.signal };
  await servePort({ name: 'test', host: '127.0.0.1', port, routes: served.routes, page }, parts);
  try {
    await work(async (path, method = 'GET') => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return [answer.status, await answer.text()];
    });
  } finally {
    stop.abort();
  }
}

const page = ({ url }: Request): Response | undefined =>
  new URL(url).pathname === '/page' ? new Response('the page') : undefined;
const routes: Routes = { '/v1/x': () => new Response('x') };

describe('servePort()', () => {
  test('leads to routes, lists them for any other path, and changes nothing', () =>
    withPort({ routes: () => routes }, async (ask) => {
      expect(await ask('/v1/x')).toEqual([200, 'x']);
      expect(await ask('/v1/x', 'HEAD')).toEqual([200, '']);
      expect(await ask('/none')).toEqual([200, '{"AvailableCommands":["/v1/x"]}']);
      expect(await ask('/constructor')).toEqual([200, '{"AvailableCommands":["/v1/x"]}']);
      for (const method of ['POST', 'PUT', 'DELETE']) expect((await ask('/v1/x', method))[0]).toBe(405);
    }));

  test('has its page from the start, its routes once they are known', async () => {
    let known: Routes | undefined;
    await withPort({ routes: () => known, page }, async (ask) => {
      expect(await ask('/page')).toEqual([200, 'the page']);
      expect(await ask('/v1/x')).toEqual([503, 'the daemon is starting\n']);
      expect((await ask('/page', 'POST'))[0]).toBe(405);
      known = routes;
      expect(await ask('/v1/x')).toEqual([200, 'x']);
      expect(await ask('/')).toEqual([200, '{"AvailableCommands":["/v1/x","/page"]}']);
    });
  });
});

/** One request the service saw. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  /** Of the client: one for each connection. */
  readonly port: number | undefined;
}

/** A small metadata service over real HTTP: tokens that can be forgotten, a tree of paths, and faults to order. */
export interface ImdsService extends AsyncDisposable {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  /** Forgets every token, as the service does when it restarts. */
  forgetTokens(): void;
  /** Answers the next `times` requests to `path` with a status. */
  fail(path: string, status: number, times: number): void;
}

/** Starts the service on loopback; a path outside `tree` is a 404, `silent` paths are never answered. */
export function startImdsService(options: {
  readonly tree: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;
  readonly ttlSeconds?: number;
  readonly silent?: readonly string[];
}): ImdsService {
  const seen: SeenRequest[] = [];
  const faults = new Map<string, { readonly status: number; left: number }>();
  const tokens = new Set<string>();
  const silence: (() => void)[] = [];
  let issued = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request, self) {
      const path = new URL(request.url).pathname;
      const token = request.headers.get('x-aws-ec2-metadata-token');
      seen.push({ method: request.method, path, token, port: self.requestIP(request)?.port });
      if (options.silent?.includes(path)) await new Promise<void>((resolve) => silence.push(resolve));
      const fault = faults.get(path);
      if (fault !== undefined && fault.left > 0) {
        fault.left -= 1;
        return new Response(null, { status: fault.status });
      }
      if (path === '/latest/api/token') {
        if (request.method !== 'PUT') return new Response(null, { status: 405 });
        issued += 1;
        tokens.add(`token-${issued}`);
        const ttl = String(options.ttlSeconds ?? request.headers.get('x-aws-ec2-metadata-token-ttl-seconds'));
        return new Response(`token-${issued}`, { headers: { 'x-aws-ec2-metadata-token-ttl-seconds': ttl } });
      }
      if (token === null || !tokens.has(token)) return new Response(null, { status: 401 });
      const text = options.tree[path];
      return text === undefined ? new Response(null, { status: 404 }) : new Response(text);
    },
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    seen,
    forgetTokens: () => tokens.clear(),
    fail: (path, status, times) => faults.set(path, { status, left: times }),
    [Symbol.asyncDispose]: async () => {
      for (const end of silence) end();
      await server.stop(true);
    },
  };
}

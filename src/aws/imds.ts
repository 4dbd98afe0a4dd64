import { HostError } from '../errors/index.ts';
import { type Clock, systemClock } from '../sys/index.ts';
import { createTokenCache, type GrantedToken } from './imds-token.ts';
import { Slots } from './slots.ts';

/** Where every EC2 instance finds its metadata (EC2 user guide, "Use the Instance Metadata Service"). */
const DEFAULT_IMDS_ENDPOINT = 'http://169.254.169.254';

/** The instance metadata service, version 2 only. */
export interface Imds {
  readonly endpoint: string;
  /** The text at a path such as `/latest/meta-data/mac`; `undefined` when the service has none (404). */
  get(path: string): Promise<string | undefined>;
  /** The same as bytes: user data need not be text. */
  getBytes(path: string): Promise<Uint8Array | undefined>;
  /** The words of a list path; empty when the service has none. A trailing slash is kept off each word. */
  list(path: string): Promise<readonly string[]>;
}

/** The longest life EC2 grants a token, six hours. */
const TOKEN_TTL_SECONDS = 21_600;
const TOKEN_PATH = '/latest/api/token';
/** What can be sent back in a header; a page of a captive portal cannot. */
const TOKEN_SHAPE = /^[\x21-\x7e]{1,4096}$/;
/** Not found, method not allowed, not implemented. */
const WITHOUT_TOKENS: ReadonlySet<number> = new Set([404, 405, 501]);
const DEFAULT_TIMEOUT_MS = 5_000;

/** A lost packet costs one attempt, not the deadline: the service answers within milliseconds when it answers. */
const ATTEMPT_MS = 1_000;
const FIRST_PAUSE_MS = 50;

/** A node has some seventy facts in there. A connection for each would stay open for minutes after they have been read. */
const AT_ONCE = 8;

/** Bun's fetch obeys `http_proxy` unless told `false`; its types know only strings. A proxy would see role credentials. */
const WITHOUT_PROXY: object = { proxy: false };

/** A client for the service at `endpoint`. `timeoutMs` bounds one request with all its attempts. */
export function createImds(
  options: {
    readonly endpoint?: string | undefined;
    readonly timeoutMs?: number;
    readonly clock?: Pick<Clock, 'monotonic' | 'sleep'>;
  } = {},
): Imds {
  const endpoint = (options.endpoint ?? DEFAULT_IMDS_ENDPOINT).replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const clock = options.clock ?? systemClock;
  const slots = new Slots(AT_ONCE);

  /** Repeats what another attempt can mend (no connection, silence, 429, 5xx) until the deadline. */
  async function request(path: string, init: RequestInit, deadline: number): Promise<Response> {
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      const attempt = await slots.run(() => {
        const left = deadline - clock.monotonic();
        return fetchOnce(`${endpoint}${path}`, init, Math.max(1, Math.min(left, ATTEMPT_MS)));
      });
      if (attempt.kind === 'answer' && attempt.response.status < 500 && attempt.response.status !== 429)
        return attempt.response;
      if (clock.monotonic() + pause >= deadline) {
        if (attempt.kind === 'answer') throw badAnswer(path, `HTTP ${attempt.response.status}`);
        throw new HostError('IMDS_UNREACHABLE', { endpoint, path, reason: attempt.reason }, attempt.cause);
      }
      await clock.sleep(pause);
    }
  }

  async function requestToken(): Promise<GrantedToken> {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_SECONDS) };
    const response = await request(TOKEN_PATH, { method: 'PUT', headers }, clock.monotonic() + timeoutMs);
    const value = (await response.text()).trim();
    // Version 1 has no such path and no such method, and is never tried instead: whatever can make a host request a URL
    // could read credentials by it. 403 means that the service is switched off for this instance.
    if (WITHOUT_TOKENS.has(response.status)) throw new HostError('IMDS_V1_ONLY', { endpoint, status: response.status });
    if (response.status !== 200 || !TOKEN_SHAPE.test(value))
      throw badAnswer(TOKEN_PATH, `HTTP ${response.status}, not a token`);
    const granted = Number(response.headers.get('x-aws-ec2-metadata-token-ttl-seconds') ?? TOKEN_TTL_SECONDS);
    return { value, ttlSeconds: Number.isFinite(granted) ? granted : TOKEN_TTL_SECONDS };
  }

  const tokens = createTokenCache({ request: requestToken, monotonic: () => clock.monotonic() });

  async function read(path: string, deadline: number): Promise<Response> {
    const token = await tokens.take();
    const response = await request(path, { headers: { 'x-aws-ec2-metadata-token': token } }, deadline);
    if (response.status === 401) tokens.drop(token);
    return response;
  }

  async function find(path: string): Promise<Response | undefined> {
    const deadline = clock.monotonic() + timeoutMs;
    const first = await read(path, deadline);
    // The service forgets its tokens when it restarts; one renewal tells that case from a refusal.
    const response = first.status === 401 ? await read(path, deadline) : first;
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw badAnswer(path, `HTTP ${response.status}`);
    return response;
  }

  const get = async (path: string): Promise<string | undefined> => (await find(path))?.text();

  return {
    endpoint,
    get,
    getBytes: async (path) => (await find(path))?.bytes(),
    list: async (path) => splitWords((await get(path)) ?? ''),
  };
}

/** Reports whether the metadata can be read the old way, by whoever gets something on this host to fetch a URL. */
export async function answersWithoutToken({ endpoint }: Pick<Imds, 'endpoint'>): Promise<boolean> {
  const attempt = await fetchOnce(`${endpoint}/latest/meta-data/instance-id`, {}, ATTEMPT_MS);
  return attempt.kind === 'answer' && attempt.response.status === 200;
}

/** The words of a metadata list. The service separates them by newlines and marks folders with a slash. */
export function splitWords(text: string): readonly string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replace(/\/$/, ''));
}

type Attempt =
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'none'; readonly reason: string; readonly cause: unknown };

/** What Bun says is for whoever wrote the program. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nobody listens there (ECONNREFUSED)'],
  [/timed out/i, 'no answer came in time'],
];

async function fetchOnce(url: string, init: RequestInit, timeoutMs: number): Promise<Attempt> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...init, ...WITHOUT_PROXY, redirect: 'manual', signal });
    // The body is read under the same deadline; a service that stops half-way has not answered.
    const body = await response.arrayBuffer();
    return { kind: 'answer', response: new Response(body, { status: response.status, headers: response.headers }) };
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const reason = WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? said;
    return { kind: 'none', reason, cause };
  }
}

function badAnswer(path: string, found: string): HostError {
  return new HostError('IMDS_BAD_ANSWER', { path, found });
}

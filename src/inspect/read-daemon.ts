import { OUTLOOK_PATH, type OutlookDocument, STATUS_PATH, type StatusDocument } from '../cniproto/index.ts';
import { HostError } from '../errors/index.ts';
import { parseOutlook } from './parse-outlook.ts';
import { parseStatusDocument } from './parse-status.ts';

/** The daemon answers from memory; past this it hangs. */
const TIMEOUT_MS = 2_000;

const FORBIDDEN: readonly unknown[] = ['EACCES', 'EPERM'];

/** The status of the daemon behind `socket`. Throws `DAEMON_DOWN`, `DAEMON_SILENT`, `NOT_ROOT` or `DAEMON_ANSWER`. */
export async function fetchStatus(socket: string): Promise<StatusDocument> {
  return parseStatusDocument(await fetchJson(socket, STATUS_PATH));
}

/** What the daemon behind `socket` would do next. Throws as `fetchStatus` does; `DAEMON_ANSWER` while it starts. */
export async function fetchOutlook(socket: string): Promise<OutlookDocument> {
  return parseOutlook(await fetchJson(socket, OUTLOOK_PATH));
}

async function fetchJson(socket: string, path: string): Promise<unknown> {
  let status: number;
  let body: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`http://localhost${path}`, { unix: socket, signal });
    status = response.status;
    body = await response.text();
  } catch (error) {
    throw connectFailure(socket, error);
  }
  if (status !== 200) throw new HostError('DAEMON_ANSWER', { path, reason: `HTTP ${status}` });
  try {
    return JSON.parse(body);
  } catch {
    throw new HostError('DAEMON_ANSWER', { path, reason: 'a text that is not JSON' });
  }
}

function connectFailure(socket: string, error: unknown): HostError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (FORBIDDEN.includes(code))
    return new HostError('NOT_ROOT', { what: `asking ipamd on ${socket}`, uid: process.getuid?.() }, error);
  if (error instanceof Error && error.name === 'TimeoutError')
    return new HostError('DAEMON_SILENT', { socket, ms: TIMEOUT_MS }, error);
  return new HostError('DAEMON_DOWN', { socket, reason: reasonOf(code, error) }, error);
}

/** Bun's own words for a failed connect speak of URLs; an operator looks at a socket. */
function reasonOf(code: unknown, error: unknown): string {
  if (code === 'ENOENT') return 'the socket does not exist';
  if (code === 'ECONNREFUSED') return 'nobody listens on the socket';
  return error instanceof Error ? error.message : String(error);
}

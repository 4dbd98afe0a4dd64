import { STATUS_PATH, type StatusDocument } from '../cniproto/index.ts';
import { HostError } from '../errors/index.ts';
import { parseStatusDocument } from './parse-status.ts';

/** The daemon answers from memory; past this it hangs. */
const TIMEOUT_MS = 2_000;

const FORBIDDEN: readonly unknown[] = ['EACCES', 'EPERM'];

/** The status of the daemon behind `socket`. Throws `DAEMON_DOWN`, `NOT_ROOT` or `DAEMON_ANSWER`. */
export async function fetchStatus(socket: string): Promise<StatusDocument> {
  let status: number;
  let body: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`http://localhost${STATUS_PATH}`, { unix: socket, signal });
    status = response.status;
    body = await response.text();
  } catch (error) {
    throw connectFailure(socket, error);
  }
  if (status !== 200) throw new HostError('DAEMON_ANSWER', { path: STATUS_PATH, reason: `HTTP ${status}` });
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    throw new HostError('DAEMON_ANSWER', { path: STATUS_PATH, reason: 'a text that is not JSON' });
  }
  return parseStatusDocument(document);
}

function connectFailure(socket: string, error: unknown): HostError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (FORBIDDEN.includes(code))
    return new HostError('NOT_ROOT', { what: `asking ipamd on ${socket}`, uid: process.getuid?.() }, error);
  return new HostError('DAEMON_DOWN', { socket, reason: reasonOf(code, error) }, error);
}

/** Bun's own words for a failed connect speak of URLs; an operator looks at a socket. */
function reasonOf(code: unknown, error: unknown): string {
  if (code === 'ENOENT') return 'the socket does not exist';
  if (code === 'ECONNREFUSED') return 'nobody listens on the socket';
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`;
  return error instanceof Error ? error.message : String(error);
}

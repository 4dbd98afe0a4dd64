/** What is known of a caller before the order is read. */
export interface AdminCaller {
  readonly method: string;
  /** The `Host` header. */
  readonly host: string | null;
  readonly origin: string | null;
  /** Bytes of the body, as announced. */
  readonly contentLength: string | null;
  /** Asked only for orders: the user of the calling process; `undefined` when nobody holds the connection any more. */
  readonly uid: () => number | undefined;
}

/** Why a caller is turned away. */
export interface Refusal {
  readonly status: 403 | 411 | 413;
  readonly reason: string;
}

/** An order is a few lines of JSON; user data of an instance is at most 16 KiB. */
export const MAX_ORDER_BYTES = 256 * 1024;

const LOOPBACK = /^(127\.0\.0\.1|localhost)(:\d{1,5})?$/i;

/**
 * Loopback alone is no protection: a web page can make a browser of this machine call it, by a name that resolves to
 * 127.0.0.1 (its `Host` gives it away) or across origins (`Origin` does), and other users of the machine can connect.
 * Looking is free to all of those users; only the simulator's own user and root give orders.
 */
export function refusal(caller: AdminCaller, ownUid: number): Refusal | undefined {
  const { method, host, origin, contentLength } = caller;
  if (host === null || !LOOPBACK.test(host))
    return { status: 403, reason: `the Host header must name 127.0.0.1 or localhost, not ${host ?? 'nothing'}` };
  if (origin !== null) return { status: 403, reason: 'requests of web pages (with an Origin header) are refused' };
  if (Number(contentLength ?? '0') > MAX_ORDER_BYTES)
    return { status: 413, reason: `an order has at most ${MAX_ORDER_BYTES} bytes, not ${contentLength}` };
  if (method === 'GET' || method === 'HEAD') return undefined;
  const uid = caller.uid();
  if (uid === 0 || (uid !== undefined && uid === ownUid)) return undefined;
  return {
    status: 403,
    reason: `only root and the user who started the simulator (uid ${ownUid}) may give orders, not ${uid === undefined ? 'an unknown user' : `uid ${uid}`}`,
  };
}

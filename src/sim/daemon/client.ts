import { HostError } from '../../errors/index.ts';
import type { BucketMode, Dial } from '../dials/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import type { SimCall } from '../model/index.ts';
import type { CallFilter } from './call-filter.ts';
import { parseCalls, parseClock, parseDials, parseFailure, parseNode, parseStatus } from './parse-answers.ts';
import type { ClockOrder } from './parse-orders.ts';
import { needDaemon } from './record.ts';
import type { ClockView, NodeRequest, NodeView, SimStatus } from './views.ts';

/** Gives orders to the daemon of a simulated VPC. */
export interface SimClient {
  status(): Promise<SimStatus>;
  addNode(request: NodeRequest): Promise<NodeView>;
  removeNode(name: string): Promise<void>;
  /** The calls the filter chooses; with `clear`, all calls are forgotten in the same moment. */
  calls(filter?: CallFilter, options?: { readonly clear: boolean }): Promise<readonly SimCall[]>;
  setDial(dial: Dial): Promise<readonly Dial[]>;
  clearDial(action: string | undefined): Promise<readonly Dial[]>;
  /** Sets the token buckets of actions for which no dial names one; every bucket is full afterwards. */
  setThrottle(buckets: BucketMode): Promise<void>;
  setClock(order: ClockOrder): Promise<ClockView>;
}

// A node takes well under a second; a daemon that says nothing for so long hangs.
const ANSWER_DEADLINE_MS = 30_000;

/** The client of a running simulator. Every failure of the daemon is thrown here as it was there. */
export function createClient(names: VpcNames): SimClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
    const { admin } = needDaemon(names);
    const answer = await fetch(`${admin}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new HostError('SIM_NOT_RUNNING', { name: names.vpc }, error);
    });
    const text = await answer.text();
    if (answer.ok) return text;
    throw parseFailure(text) ?? new HostError('SIM_REFUSED', { request: `${method} ${path}`, reason: text });
  };
  return {
    status: async () => parseStatus(await ask('GET', '/status')),
    addNode: async (request) => parseNode(await ask('POST', '/nodes', request)),
    removeNode: async (name) => void (await ask('DELETE', `/nodes/${encodeURIComponent(name)}`)),
    calls: async (filter = {}, { clear } = { clear: false }) => {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(filter)) query.set(key, String(value));
      return parseCalls(await ask(clear ? 'DELETE' : 'GET', `/calls?${query}`));
    },
    setDial: async (dial) => parseDials(await ask('POST', '/dials', dial)),
    clearDial: async (action) =>
      parseDials(await ask('DELETE', action === undefined ? '/dials' : `/dials/${encodeURIComponent(action)}`)),
    setClock: async (order) => parseClock(await ask('POST', '/clock', order)),
    setThrottle: async (buckets) => void (await ask('PUT', '/throttle', { buckets })),
  };
}

import { HostError } from '../../errors/index.ts';
import type { BucketMode, Dial } from '../dials/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import type { SimCall } from '../model/index.ts';
import type { AttachSpans, NodePlan } from '../scenario/index.ts';
import type { CallFilter } from './call-filter.ts';
import {
  parseCalls,
  parseClock,
  parseDials,
  parseFailure,
  parseNode,
  parseNodes,
  parseStatus,
  parseSubnet,
} from './parse-answers.ts';
import type { ClockOrder, SubnetOrder } from './parse-orders.ts';
import { needDaemon } from './record.ts';
import type { ClockView, NodeView, SimStatus, SubnetView } from './views.ts';

/** Gives orders to the daemon of a simulated VPC. */
export interface SimClient {
  status(): Promise<SimStatus>;
  addNode(plan: NodePlan): Promise<NodeView>;
  /** Every node there is, those included that were terminated within the last hour. */
  listNodes(): Promise<readonly NodeView[]>;
  rebootNode(name: string): Promise<void>;
  terminateNode(name: string): Promise<void>;
  removeNode(name: string): Promise<void>;
  /** Lets strangers take addresses of a subnet, or takes them away again. */
  setSubnet(subnet: string, order: SubnetOrder): Promise<SubnetView>;
  /** The calls the filter chooses; with `clear`, all calls are forgotten in the same moment. */
  calls(filter?: CallFilter, options?: { readonly clear: boolean }): Promise<readonly SimCall[]>;
  setDial(dial: Dial): Promise<readonly Dial[]>;
  clearDial(action: string | undefined): Promise<readonly Dial[]>;
  /** Sets the token buckets of actions for which no dial names one; every bucket is full afterwards. */
  setThrottle(buckets: BucketMode): Promise<void>;
  /** Sets how long attaches and detaches take that begin from now on; what is left out stays. */
  setTimes(spans: Partial<AttachSpans>): Promise<void>;
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
    addNode: async (plan) => parseNode(await ask('POST', '/nodes', plan)),
    listNodes: async () => parseNodes(await ask('GET', '/nodes')),
    rebootNode: async (name) => void (await ask('POST', `/nodes/${encodeURIComponent(name)}/reboot`)),
    terminateNode: async (name) => void (await ask('POST', `/nodes/${encodeURIComponent(name)}/terminate`)),
    removeNode: async (name) => void (await ask('DELETE', `/nodes/${encodeURIComponent(name)}`)),
    setSubnet: async (subnet, order) => parseSubnet(await ask('POST', `/subnets/${encodeURIComponent(subnet)}`, order)),
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
    setTimes: async (spans) => void (await ask('PUT', '/times', spans)),
  };
}

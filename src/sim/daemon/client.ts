import { HostError, isErrorCode } from '../../errors/index.ts';
import type { Dial } from '../dials/index.ts';
import type { VpcNames } from '../fabric/index.ts';
import type { SimCall } from '../model/index.ts';
import {
  type NodeRequest,
  type NodeView,
  parseCalls,
  parseDials,
  parseFailure,
  parseNode,
  parseStatus,
  type SimStatus,
} from './parse-answers.ts';
import { adminSocket, needDaemon } from './record.ts';

/** Gives orders to the daemon of a simulated VPC. */
export interface SimClient {
  status(): Promise<SimStatus>;
  addNode(request: NodeRequest): Promise<NodeView>;
  removeNode(name: string): Promise<void>;
  calls(): Promise<readonly SimCall[]>;
  clearCalls(): Promise<void>;
  setDial(dial: Dial): Promise<readonly Dial[]>;
  clearDial(action: string | undefined): Promise<readonly Dial[]>;
}

// A node takes well under a second; a daemon that says nothing for so long hangs.
const ANSWER_DEADLINE_MS = 30_000;

/** The client of a running simulator. Every failure of the daemon is thrown here as it was there. */
export function createClient(names: VpcNames): SimClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
    needDaemon(names);
    const answer = await fetch(`http://sim${path}`, {
      unix: adminSocket(names),
      method,
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new HostError('SIM_NOT_RUNNING', { name: names.vpc }, error);
    });
    const text = await answer.text();
    if (answer.ok) return text;
    const { code, details } = parseFailure(text);
    throw isErrorCode(code)
      ? new HostError(code, details)
      : new HostError('SIM_REFUSED', { request: `${method} ${path}`, reason: text });
  };
  return {
    status: async () => parseStatus(await ask('GET', '/status')),
    addNode: async (request) => parseNode(await ask('POST', '/nodes', request)),
    removeNode: async (name) => void (await ask('DELETE', `/nodes/${encodeURIComponent(name)}`)),
    calls: async () => parseCalls(await ask('GET', '/calls')),
    clearCalls: async () => void (await ask('DELETE', '/calls')),
    setDial: async (dial) => parseDials(await ask('POST', '/dials', dial)),
    clearDial: async (action) =>
      parseDials(await ask('DELETE', action === undefined ? '/dials' : `/dials/${encodeURIComponent(action)}`)),
  };
}

import { type Dial, parseDial } from '../dials/index.ts';
import type { SimCall } from '../model/index.ts';
import type { PodView } from '../runtime/index.ts';

/** Who serves a VPC: a process, told apart from a later one with the same pid by its start time. */
export interface DaemonRecord {
  readonly pid: number;
  readonly startTime: string;
}

/** An ENI as `sim status` shows it. */
export interface EniView {
  readonly id: string;
  readonly mac: string;
  readonly subnetId: string;
  /** `available` when it hangs on no instance. */
  readonly state: string;
  readonly deviceIndex?: number;
  readonly addresses: readonly string[];
}

/** A node as `sim status` shows it. */
export interface NodeView {
  readonly name: string;
  readonly instanceId: string;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly address: string;
  /** Its metadata service, for programs outside the node. */
  readonly imds: string;
  readonly enis: readonly EniView[];
  readonly pods: readonly PodView[];
}

/** The whole simulated VPC. */
export interface SimStatus {
  readonly name: string;
  readonly pid: number;
  /** The EC2 API on loopback. */
  readonly ec2: string;
  /** The metadata service of the first node on loopback; `null` while there is no node. */
  readonly imds: string | null;
  readonly admin: string;
  readonly vpc: { readonly id: string; readonly cidr: string; readonly region: string };
  readonly subnets: readonly {
    readonly id: string;
    readonly cidr: string;
    readonly availabilityZone: string;
    readonly free: number;
  }[];
  readonly nodes: readonly NodeView[];
  /** ENIs that hang on no instance. */
  readonly availableEnis: readonly EniView[];
  readonly dials: readonly Dial[];
}

/** What a new node shall be. */
export interface NodeRequest {
  readonly name: string;
  readonly instanceType: string;
  /** Id, CIDR or availability zone; the first subnet unless told. */
  readonly subnet?: string;
}

/** The record in `text`, or `undefined`. */
export function parseRecord(text: string): DaemonRecord | undefined {
  const value = object(text);
  const { pid, startTime } = value;
  return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined;
}

/** The answers of our own daemon, over a socket only root can open: their shape is taken as given. */
export const parseStatus = (text: string): SimStatus => JSON.parse(text) as SimStatus;
export const parseNode = (text: string): NodeView => JSON.parse(text) as NodeView;
export const parseCalls = (text: string): readonly SimCall[] => JSON.parse(text) as readonly SimCall[];
export const parseDials = (text: string): readonly Dial[] => JSON.parse(text) as readonly Dial[];

/** A failure the daemon has sent. */
export function parseFailure(text: string): {
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
} {
  const { code, message, details } = object(text);
  return {
    code: String(code),
    details: (typeof details === 'object' && details !== null ? details : { reason: String(message) }) as Readonly<
      Record<string, string>
    >,
  };
}

/** The body of a request for a node. */
export function parseNodeRequest(text: string): NodeRequest | string {
  const { name, instanceType, subnet } = object(text);
  if (typeof name !== 'string' || typeof instanceType !== 'string') return 'name and instanceType must be texts';
  return { name, instanceType, ...(typeof subnet === 'string' ? { subnet } : {}) };
}

/** The body of a request for a dial; `actions` are the EC2 actions there are. */
export function parseDialRequest(text: string, actions: readonly string[]): Dial | string {
  const parsed = parseDial(object(text), actions);
  return parsed.kind === 'dial' ? parsed.dial : parsed.problems.join('; ');
}

function object(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

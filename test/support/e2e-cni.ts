import type { ExecResult } from '../../src/sys/index.ts';
import type { E2eNode } from './e2e.ts';

/** Whatever runs programs as a node does. */
export type NodeShell = Pick<E2eNode, 'run' | 'text'>;

/** The error object of the CNI specification. */
export interface CniErrorDocument {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

/** What a plugin answered: the exit code and the JSON on stdout, or its bare text when there is none. */
export interface CniAnswer {
  readonly exitCode: number;
  readonly document: unknown;
}

/** A sandbox and the names it goes by. */
export interface Sandbox {
  readonly pod: string;
  readonly containerId: string;
  readonly netns: string;
}

/** One call of a plugin, as a runtime makes it. */
export interface CniCallOptions {
  readonly plugin?: string;
  /** Another executable than the installed one. */
  readonly executable?: string;
  /** Changes to the configuration on stdin. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Changes to the variables; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stands on stdin instead of a configuration. */
  readonly input?: string;
}

/** The configuration `aws-cni` reads on stdin, as a runtime derives it from the conflist. */
export const NETWORK = {
  cniVersion: '1.1.0',
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: 'eni',
  mtu: '9001',
} as const;

/** Makes a network namespace for a pod on a node. */
export async function makeSandbox(node: NodeShell, pod: string): Promise<Sandbox> {
  await node.text('ip', 'netns', 'add', pod);
  return { pod, containerId: `${pod}-${process.pid}`, netns: `/run/netns/${pod}` };
}

/** Removes it. */
export async function removeSandbox(node: NodeShell, sandbox: Sandbox): Promise<void> {
  await node.text('ip', 'netns', 'delete', sandbox.pod);
}

/** The variables of a call for a sandbox. */
export function cniVariables(command: string, sandbox: Sandbox): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: sandbox.containerId,
    CNI_NETNS: sandbox.netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${sandbox.pod}`,
  };
}

/** Calls a plugin on a node directly: variables and stdin in, exit code and document out. */
export async function callPlugin(
  node: NodeShell,
  command: string,
  sandbox: Sandbox,
  options: CniCallOptions = {},
): Promise<CniAnswer> {
  const variables: Record<string, string | undefined> = { ...cniVariables(command, sandbox), ...options.env };
  const set = Object.entries(variables).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  const { exitCode, stdout }: ExecResult = await node.run(
    ['env', ...set, options.executable ?? `/opt/cni/bin/${options.plugin ?? 'aws-cni'}`],
    { input: options.input ?? JSON.stringify({ ...NETWORK, ...options.config }) },
  );
  return { exitCode, document: parse(stdout) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The error object of a call that must have failed. */
export function errorOf(answer: CniAnswer): CniErrorDocument {
  const { exitCode, document } = answer;
  if (exitCode === 0 || !isError(document)) throw new Error(`it did not fail: ${JSON.stringify(answer)}`);
  return document;
}

function isError(document: unknown): document is CniErrorDocument {
  return typeof document === 'object' && document !== null && 'code' in document && 'msg' in document;
}

import { type CniAnswer, type CniCallOptions, callPlugin, type NodeShell, type Sandbox } from './e2e-cni.ts';

/** A network configuration list, of which a runtime derives what each plugin reads. */
export interface Chain {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly ChainPlugin[];
}

interface ChainPlugin {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

/** One run of a chain, as libcni makes it. */
export interface ChainRun {
  readonly node: NodeShell;
  readonly chain: Chain;
  readonly sandbox: Sandbox;
  /** Values of capabilities; a plugin gets those it asks for. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly env?: CniCallOptions['env'];
  /** Folder of the plugins. */
  readonly folder?: string;
}

/** The chain a node's conflist describes, of the version a runtime that knows it chooses. */
export async function chainOf(node: NodeShell): Promise<Chain> {
  return JSON.parse(await node.text('cat', '/etc/cni/net.d/10-aws.conflist'));
}

async function call(run: ChainRun, command: string, plugin: ChainPlugin, more: object): Promise<CniAnswer> {
  const { capabilities = {}, ...own } = plugin;
  const { cniVersion, name } = run.chain;
  const values = Object.entries(run.values ?? {}).filter(([key]) => capabilities[key] === true);
  const runtimeConfig = values.length === 0 ? {} : { runtimeConfig: Object.fromEntries(values) };
  const folder = run.folder ?? '/opt/cni/bin';
  return callPlugin(run.node, command, run.sandbox, {
    executable: `${folder}/${plugin.type}`,
    input: JSON.stringify({ ...own, ...runtimeConfig, cniVersion, name, ...more }),
    env: { CNI_PATH: folder, ...run.env },
  });
}

function succeeded(answer: CniAnswer, what: string): CniAnswer {
  if (answer.exitCode !== 0) throw new Error(`${what} failed: ${JSON.stringify(answer.document)}`);
  return answer;
}

/** ADD: every plugin in order, each given the result of the one before; the last result. Throws at the first failure. */
export async function addChain(run: ChainRun): Promise<unknown> {
  let prevResult: unknown;
  for (const plugin of run.chain.plugins) {
    const answer = await call(run, 'ADD', plugin, prevResult === undefined ? {} : { prevResult });
    prevResult = succeeded(answer, `ADD of ${plugin.type}`).document;
  }
  return prevResult;
}

/** CHECK: every plugin in order, each given the last result. Throws at the first failure. */
export async function checkChain(
  run: ChainRun,
  prevResult: unknown,
  options: { readonly except?: string } = {},
): Promise<void> {
  for (const plugin of run.chain.plugins.filter(({ type }) => type !== options.except))
    succeeded(await call(run, 'CHECK', plugin, { prevResult }), `CHECK of ${plugin.type}`);
}

/** DEL: every plugin in reverse order. Throws at the first failure. */
export async function deleteChain(run: ChainRun, prevResult?: unknown): Promise<void> {
  const known = prevResult === undefined ? {} : { prevResult };
  for (const plugin of [...run.chain.plugins].reverse())
    succeeded(await call(run, 'DEL', plugin, known), `DEL of ${plugin.type}`);
}

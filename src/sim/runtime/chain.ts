import { HostError } from '../../errors/index.ts';
import type { Exec } from '../../sys/index.ts';
import { enterArgv, type NodePaths } from '../node/index.ts';
import { type Attachment, type CniCommand, PLUGIN_DIRECTORY, renderEnvironment, renderPluginInput } from './call.ts';
import { asObject, type Conflist, type PluginConfig, parseConflist, parseJson } from './parse-conflist.ts';

// As long as kubelet waits for a sandbox, so that what a plugin waits for is seen to end.
const PLUGIN_TIMEOUT_MS = 120_000;

/** The configuration a runtime uses: the first of /etc/cni/net.d by name. Throws `SIM_NO_CONFLIST`. */
export async function loadConflist(exec: Exec, paths: NodePaths): Promise<Conflist> {
  const fail = (reason: string): HostError => new HostError('SIM_NO_CONFLIST', { node: paths.node, reason });
  const found = await exec.run({
    argv: [...enterArgv(paths), 'find', '/etc/cni/net.d', '-maxdepth', '1', '-name', '*.conflist'],
    accept: [0, 1],
  });
  const [file] = found.stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
  if (file === undefined) throw fail('there is no .conflist file');
  const { stdout } = await exec.run({ argv: [...enterArgv(paths), 'cat', file] });
  const list = parseConflist(stdout);
  if (typeof list === 'string') throw fail(`${file}: ${list}`);
  return list;
}

/** One run of a chain. */
export interface ChainRun {
  readonly exec: Exec;
  readonly paths: NodePaths;
  readonly list: Conflist;
  readonly attachment: Attachment;
}

/** ADD: every plugin in order, each with the result of the one before; returns the last. Throws `SIM_PLUGIN_FAILED`. */
export async function addChain(run: ChainRun): Promise<unknown> {
  let result: unknown;
  for (const plugin of run.list.plugins) result = await invoke(run, { command: 'ADD', plugin, prevResult: result });
  return result;
}

/** DEL: every plugin in reverse order, each with the result of the ADD. Throws `SIM_PLUGIN_FAILED` at the first that fails. */
export async function deleteChain(run: ChainRun, result: unknown): Promise<void> {
  for (const plugin of [...run.list.plugins].reverse())
    await invoke(run, { command: 'DEL', plugin, prevResult: result });
}

async function invoke(
  run: ChainRun,
  call: { readonly command: CniCommand; readonly plugin: PluginConfig; readonly prevResult: unknown },
): Promise<unknown> {
  const { exec, paths, list, attachment } = run;
  const { command, plugin, prevResult } = call;
  const { exitCode, stdout, stderr } = await exec.run({
    argv: [...enterArgv(paths), `${PLUGIN_DIRECTORY}/${plugin.type}`],
    input: renderPluginInput(list, plugin, prevResult),
    env: renderEnvironment(command, attachment),
    timeoutMs: PLUGIN_TIMEOUT_MS,
    accept: Array.from({ length: 256 }, (_, code) => code),
  });
  const answer = parseJson(stdout);
  if (exitCode === 0) return answer;
  const error = asObject(answer);
  throw new HostError('SIM_PLUGIN_FAILED', {
    command,
    pod: `${attachment.namespace}/${attachment.pod}`,
    plugin: plugin.type,
    cniCode: Number(error?.['code'] ?? exitCode),
    reason: error === undefined ? stderr.trim() : [error['msg'], error['details']].filter(Boolean).join('; '),
  });
}

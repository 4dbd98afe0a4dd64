import { type CniArgs, parseCniArgs, requirePodNames } from './args.ts';
import { CNI_VARIABLES, type CniEnvironment, parseCniEnvironment } from './environment.ts';
import { type NetConf, parseNetConf } from './parse-netconf.ts';
import { objectAt, optionalTextAt, wrongShape } from './parse-shape.ts';
import { requireCommandIn } from './versions.ts';

/** Which of our plugins was called. */
export type PluginName = 'aws-cni' | 'egress-cni';

/** What the plugin sends: the environment as text, the configuration as it came on stdin. */
export interface CniRequest extends CniEnvironment {
  readonly plugin: PluginName;
  readonly config: unknown;
}

/** A call as the daemon works on it: everything read and checked. Fields a command does not need may be ''. */
export interface CniCall extends Omit<CniEnvironment, 'args'> {
  readonly plugin: PluginName;
  readonly args: CniArgs;
  readonly config: NetConf;
}

/** Reads the body of a POST to `/cni/v1`. Throws `CNI_ENV`, `CNI_CONFIG` or `CNI_VERSION`. */
export function parseCniCall(body: unknown): CniCall {
  const request = objectAt(body, 'the request');
  const env: Record<string, string | undefined> = { CNI_COMMAND: optionalTextAt(request['command'], 'command') };
  for (const [name, { field }] of Object.entries(CNI_VARIABLES)) env[name] = optionalTextAt(request[field], field);
  const { args, ...environment } = parseCniEnvironment(env);
  const { plugin } = request;
  if (plugin !== 'aws-cni' && plugin !== 'egress-cni') wrongShape('plugin', 'aws-cni or egress-cni');
  const config = parseNetConf(request['config']);
  requireCommandIn(environment.command, config.cniVersion);
  const names = parseCniArgs(args);
  // Only here: a DEL must not fail for what an ADD has refused.
  if (environment.command === 'ADD') requirePodNames(names);
  return { ...environment, plugin, args: names, config };
}

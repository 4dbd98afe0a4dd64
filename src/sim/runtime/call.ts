import type { Conflist, PluginConfig } from './parse-conflist.ts';

/** The pod a call is for, and its sandbox. */
export interface Attachment {
  readonly namespace: string;
  readonly pod: string;
  readonly containerId: string;
  /** Path of the sandbox's namespace as the node sees it. */
  readonly netns: string;
  readonly ifName: string;
}

/** What is asked of a plugin. */
export type CniCommand = 'ADD' | 'DEL';

/** Values of capabilities a runtime has for every pod; a plugin gets those it declares. */
const RUNTIME_VALUES: Readonly<Record<string, unknown>> = { portMappings: [] };

/** Where a node keeps its plugins. */
export const PLUGIN_DIRECTORY = '/opt/cni/bin';

/** What a plugin reads on stdin: its own part of the list, with what the specification derives for it. */
export function renderPluginInput(list: Conflist, plugin: PluginConfig, prevResult: unknown): string {
  const { capabilities = {}, ...own } = plugin;
  const runtimeConfig = Object.fromEntries(
    Object.entries(RUNTIME_VALUES).filter(([capability]) => capabilities[capability] === true),
  );
  return JSON.stringify({
    ...own,
    cniVersion: list.cniVersion,
    name: list.name,
    ...(Object.keys(runtimeConfig).length === 0 ? {} : { runtimeConfig }),
    ...(prevResult === undefined ? {} : { prevResult }),
  });
}

/** The variables of a call. */
export function renderEnvironment(command: CniCommand, attachment: Attachment): Readonly<Record<string, string>> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: attachment.containerId,
    CNI_NETNS: attachment.netns,
    CNI_IFNAME: attachment.ifName,
    CNI_PATH: PLUGIN_DIRECTORY,
    CNI_ARGS: [
      'IgnoreUnknown=1',
      `K8S_POD_NAMESPACE=${attachment.namespace}`,
      `K8S_POD_NAME=${attachment.pod}`,
      `K8S_POD_INFRA_CONTAINER_ID=${attachment.containerId}`,
    ].join(';'),
  };
}

import type { HostError } from '../errors/index.ts';
import {
  choosePlugins,
  type Foreign,
  OPTIONAL_PLUGINS,
  type PluginAbout,
  type PluginCandidate,
  type PluginChoice,
  type ProgramSource,
  REQUIRED_PLUGINS,
  readPluginAbout,
  UNKNOWN_PLUGIN,
} from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { readManifest } from './observe.ts';
import { heldPlugin, type PluginSources } from './sources.ts';
import { linkedVersions } from './versions.ts';

// It prints two lines and ends; one that does not is no plugin to ask.
const ANSWER_MS = 2_000;

/** What a plugin says of itself without a command; one for another processor, or that is no plugin, is unknown. */
async function askPlugin(host: Pick<Host, 'exec'>, hostPath: string): Promise<PluginAbout> {
  try {
    const { stdout, stderr } = await host.exec.run({ argv: [hostPath], timeoutMs: ANSWER_MS, accept: [0, 1] });
    return readPluginAbout(`${stderr}\n${stdout}`);
  } catch {
    return UNKNOWN_PLUGIN;
  }
}

function installedPlugins(host: Host): readonly ProgramSource[] {
  const { current } = linkedVersions(host.files);
  if (current === undefined) return [];
  const manifest = readManifest(host.files, current);
  return [...REQUIRED_PLUGINS, ...OPTIONAL_PLUGINS]
    .map((name) => heldPlugin(host, { manifest, version: current }, name))
    .filter((source) => source !== undefined);
}

/** The plugins that an installation takes, or why there are none. */
export type ChosenPlugins =
  | ({ readonly kind: 'chosen' } & PluginChoice)
  | { readonly kind: 'missing'; readonly failure: HostError };

/**
 * Chooses between the plugins on offer and those of the version that is current; only those that differ are asked. Where
 * nothing is on offer, and nobody asked for another source, those of the current version are taken along.
 */
export async function choosePluginsFor(
  host: Host,
  sources: PluginSources,
  options: { readonly asked: 'by-option' | 'by-nobody'; readonly foreign: Foreign },
): Promise<ChosenPlugins> {
  const installed = installedPlugins(host);
  const offered = sources.kind === 'found' ? sources.plugins : [];
  const isComplete = REQUIRED_PLUGINS.every((wanted) => installed.some(({ name }) => name === wanted));
  if (sources.kind === 'missing' && (options.asked === 'by-option' || !isComplete)) return sources;
  const differs = (source: ProgramSource, others: readonly ProgramSource[]): boolean =>
    others.some(({ name, sha256 }) => name === source.name && sha256 !== source.sha256);
  const candidate = async (source: ProgramSource, others: readonly ProgramSource[]): Promise<PluginCandidate> => ({
    source,
    about: differs(source, others) ? await askPlugin(host, source.from) : UNKNOWN_PLUGIN,
  });
  const choice = choosePlugins({
    offered: await Promise.all(offered.map((source) => candidate(source, installed))),
    installed: await Promise.all(installed.map((source) => candidate(source, offered))),
    ...options,
  });
  return { kind: 'chosen', ...choice };
}

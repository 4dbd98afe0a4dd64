import { OWN_PLUGINS, PATHS, REQUIRED_PLUGINS } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What the runtime finds when it looks for a plugin, links followed. */
export interface PluginFact {
  readonly name: string;
  readonly found: 'program' | 'not-executable' | 'absent';
  /** Whether it is a link into our folder. */
  readonly ours: boolean;
}

/** Plugins without which no pod gets a network. */
export const NEEDED_PLUGINS: readonly string[] = [...OWN_PLUGINS, ...REQUIRED_PLUGINS];

const SAYS = { 'not-executable': 'cannot be executed', absent: 'leads to nothing or is missing' } as const;

/** Whether every plugin can be run, and whose it is. `reported` are paths of which the manifest told already. */
export function diagnosePlugins(facts: readonly PluginFact[], reported: ReadonlySet<string>): readonly Finding[] {
  return facts.flatMap(({ name, found, ours }) => {
    const path = `${PATHS.cniBin}/${name}`;
    const payload = `${PATHS.currentPlugins}/${name}`;
    if (found === 'program') {
      // Of ours nobody can have a better one: the manifest told that it leads elsewhere.
      const isStock = !OWN_PLUGINS.some((own) => own === name);
      return ours || !isStock ? [] : [finding('PLUGIN_FOREIGN', `${path} is not ours`)];
    }
    // Of what is behind a link of ours the manifest told, when it is that.
    if ([...reported].some((told) => told === path || told.endsWith(`/plugins/${name}`) || told === payload)) return [];
    return [finding('PLUGIN_MISSING', `${path} ${SAYS[found]}`)];
  });
}

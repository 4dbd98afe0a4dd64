import {
  diffEntries,
  type Foreign,
  knownEntries,
  type Manifest,
  OWN_PLUGINS,
  PATHS,
  type Plan,
  stepTarget,
  type WantedEntry,
} from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { observeEntries, readManifests, readRecord } from './observe.ts';

/** On a node that was aws-node's its plugins stand at our places, and no hand has put them there. */
function withoutPlugins<T>(known: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const plugins: ReadonlySet<string> = new Set(OWN_PLUGINS.map((name) => `${PATHS.cniBin}/${name}`));
  return new Map([...known].filter(([path]) => !plugins.has(path)));
}

/** What is compared with what: the files wanted, what stands there, what we are known to have written there. */
export function planEntries(
  request: { readonly host: Host; readonly foreign: Foreign; readonly adopting?: true },
  wanted: readonly WantedEntry[],
  manifest: Manifest | undefined,
): Plan & { readonly kept: ReadonlySet<string> } {
  const { host, foreign } = request;
  if (wanted.length === 0) return { steps: [], notes: [], kept: new Set() };
  const record = readRecord(host.files);
  const observed = observeEntries(host.files, wanted, manifest);
  const known = knownEntries(readManifests(host.files), record.pending);
  const { steps, notes } = diffEntries({
    wanted,
    observed,
    known: request.adopting || record.handedBack !== undefined ? withoutPlugins(known) : known,
    // One that was given back, as at a handback, is to be saved anew; a run that was killed may not have come to it.
    saved: new Set(record.saved.filter(({ to }) => host.files.fact(to).kind !== 'absent').map(({ path }) => path)),
    foreign,
    owner: host.owner,
  });
  const changed = new Set(steps.map(stepTarget));
  const kept = wanted.filter((entry) => {
    if (entry.kind !== 'program' || changed.has(entry.path)) return false;
    const there = observed.get(entry.path);
    return there?.kind !== 'file' || there.sha256 !== entry.source.sha256;
  });
  return { steps, notes, kept: new Set(kept.map(({ path }) => path)) };
}

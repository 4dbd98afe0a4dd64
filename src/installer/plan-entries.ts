import {
  diffEntries,
  type Foreign,
  knownEntries,
  type Manifest,
  type Plan,
  stepTarget,
  type WantedEntry,
} from '../hostspec/index.ts';
import type { Host } from './host.ts';
import { observeEntries, readManifests, readRecord } from './observe.ts';

/** What is compared with what: the files wanted, what stands there, what we are known to have written there. */
export function planEntries(
  request: { readonly host: Host; readonly foreign: Foreign },
  wanted: readonly WantedEntry[],
  manifest: Manifest | undefined,
): Plan & { readonly kept: ReadonlySet<string> } {
  const { host, foreign } = request;
  if (wanted.length === 0) return { steps: [], notes: [], kept: new Set() };
  const record = readRecord(host.files);
  const observed = observeEntries(host.files, wanted, manifest);
  const { steps, notes } = diffEntries({
    wanted,
    observed,
    known: knownEntries(readManifests(host.files), record.pending),
    // A run that was killed has noted what it was about to save, and may not have come to it.
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

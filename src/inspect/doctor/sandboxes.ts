import { type ObservedNetwork, readPodAlias } from '../../dataplane/index.ts';
import { podName } from '../explain/address.ts';
import type { Notes } from '../explain/memory.ts';
import { type Finding, finding } from './finding.ts';
import type { Sandbox } from './parse-sandboxes.ts';

/** The pods of the container runtime. */
export interface SandboxFacts {
  readonly all: readonly Sandbox[];
  /** Ready ones of which neither our notes nor the kernel tell, that have an address all the same. */
  readonly strangers: readonly (Sandbox & { readonly address: string })[];
}

/** The sandboxes that we know: by the notes, and by host ends, whose pods may be noted elsewhere. */
export function knownSandboxes(notes: Pick<Notes, 'allocations'>, observed: ObservedNetwork): ReadonlySet<string> {
  const wired = observed.links.flatMap(({ alias }) => (alias === undefined ? [] : (readPodAlias(alias) ?? [])));
  return new Set([...notes.allocations.map(({ owner }) => owner), ...wired].map(({ containerId }) => containerId));
}

/** What the runtime says of pods against our notes. */
export function diagnoseSandboxes(
  { all, strangers }: SandboxFacts,
  { allocations }: Pick<Notes, 'allocations'>,
): readonly Finding[] {
  const ids = new Set(all.map(({ id }) => id));
  return [
    ...allocations.flatMap(({ address, owner }) =>
      ids.has(owner.containerId)
        ? []
        : [finding('SANDBOX_GONE', `${address} is held for ${podName(owner)}, sandbox ${owner.containerId}`)],
    ),
    ...strangers.map(({ id, name, address }) => finding('SANDBOX_NOT_NOTED', `${name} has ${address}, sandbox ${id}`)),
  ];
}

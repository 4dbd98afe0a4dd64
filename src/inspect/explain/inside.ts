import type { PodPath } from '../../dataplane/index.ts';
import { type PodIdentity, podMacs } from '../../dataplane/index.ts';
import { findLink, RouteSocket } from '../../kernel/index.ts';
import { openNetns, type ReadFiles } from '../../sys/index.ts';

/** Where runtimes keep the namespaces of their pods (containerd and CRI-O alike). */
const NAMESPACES = '/run/netns';

/** What is seen inside a pod's namespace. */
export type InsideFact =
  | { readonly kind: 'unseen' }
  | { readonly kind: 'seen'; readonly netns: string; readonly up: boolean; readonly mtu: number };

/** Looks for the pod's interface by its MAC, which we derived from the sandbox, in every namespace there is. */
export function lookInside(files: Pick<ReadFiles, 'list'>, pod: PodIdentity): InsideFact {
  const { container } = podMacs(pod);
  for (const name of files.list(NAMESPACES)) {
    try {
      using netns = openNetns(`${NAMESPACES}/${name}`);
      using socket = new RouteSocket(netns);
      const link = findLink(socket, pod.ifName);
      if (link?.mac === container) return { kind: 'seen', netns: netns.path, up: link.up, mtu: link.mtu };
    } catch {
      // It ended meanwhile, or is no namespace: the next one may be it.
    }
  }
  return { kind: 'unseen' };
}

/** The path with what was seen in the pod. */
export function withInside(path: PodPath, inside: InsideFact): PodPath {
  if (inside.kind === 'unseen') return path;
  const { netns, up, mtu } = inside;
  const legs = path.legs.map((leg) => ({
    ...leg,
    hops: leg.hops.map((hop) => {
      if (hop.kind !== 'pod') return hop;
      const detail = `${hop.detail}, mtu ${mtu}, in ${netns}`;
      if (up) return { ...hop, detail, state: 'there' as const };
      return { ...hop, detail, state: 'missing' as const, lack: 'its interface is down' };
    }),
  }));
  return { ...path, legs };
}

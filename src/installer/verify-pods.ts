import { isHostCidr } from '../addr/index.ts';
import { MAIN_TABLE, type ObservedNetwork, PRIORITY, type Route, rulesOfAddress } from '../dataplane/index.ts';
import type { Orphan } from '../pool/index.ts';

const routeTo = (routes: readonly Route[], address: string): Route | undefined =>
  routes.find(
    ({ table, destination }) => table === MAIN_TABLE && destination.address === address && isHostCidr(destination),
  );

/**
 * What pods that were wired before a takeover lack after it, in words: the same link, up, with a route of ours and our
 * rules. Pure.
 */
export function unwiredPods(
  pods: readonly Orphan[],
  before: ObservedNetwork,
  after: ObservedNetwork,
): readonly string[] {
  return pods.flatMap(({ address, owner }): readonly string[] => {
    const was = routeTo([...before.routes, ...before.foreignRoutes], address);
    // It was not reachable before either: a takeover can only keep what is there.
    if (was === undefined) return [];
    const name = owner.podName === undefined ? owner.containerId : `${owner.podNamespace}/${owner.podName}`;
    const fault = (text: string): readonly string[] => [`pod ${name} (${address}): ${text}`];
    const index = before.links.find((link) => link.name === was.link)?.index;
    const link = after.links.find((each) => each.name === was.link);
    if (link === undefined || link.index !== index) return fault(`its link ${was.link} is gone`);
    if (!link.up) return fault(`its link ${was.link} is down`);
    if (routeTo(after.routes, address)?.link !== was.link) return fault(`it has no route of ours by ${was.link}`);
    const rules = rulesOfAddress(address, after.rules);
    if (!rules.some(({ priority }) => priority === PRIORITY.toPod)) return fault('it has no rule of ours to it');
    const had = [...before.foreignRules.map(({ rule }) => rule), ...before.rules];
    const fromEni = rulesOfAddress(address, had).some(({ priority }) => priority === PRIORITY.fromPod);
    return fromEni && !rules.some(({ priority }) => priority === PRIORITY.fromPod)
      ? fault('it has no rule of ours from it')
      : [];
  });
}

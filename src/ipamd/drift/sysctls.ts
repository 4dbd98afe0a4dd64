import {
  branchSysctls,
  DEAD_LINK_GROUP,
  hostEndSysctls,
  isVlanAlias,
  type Link,
  readBranchAlias,
  readPodAlias,
} from '../../dataplane/index.ts';
import { wantedSysctls, wantedValue } from '../../hostspec/index.ts';
import { differingSysctls, listLinks } from '../../kernel/index.ts';
import { writeSysctl } from '../../sys/index.ts';
import type { Node } from '../parts.ts';

function sysctlsOf({ name, alias = '', group }: Link): Readonly<Record<string, string>> {
  if (group === DEAD_LINK_GROUP) return {};
  if (isVlanAlias(alias) || readBranchAlias(alias) !== undefined) return branchSysctls(name);
  return readPodAlias(alias) === undefined ? {} : hostEndSysctls(name);
}

/** Puts sysctls of the host and of pods' host ends back; tells which. Throws `FILE_FAILED`. */
export async function repairSysctls(
  node: Pick<Node, 'settings' | 'primaryLink' | 'socket'>,
  turn: () => Promise<void>,
): Promise<readonly string[]> {
  const ofHost = wantedSysctls(node).map((sysctl) => ({
    key: sysctl.key.join('/'),
    value: (before: string) => wantedValue(sysctl, before),
  }));
  const ofPods = listLinks(node.socket)
    .flatMap((link) => Object.entries(sysctlsOf(link)))
    .map(([key, value]) => ({ key, value }));
  const changes = await differingSysctls([...ofHost, ...ofPods], turn);
  return changes
    .filter(({ key, value }) => writeSysctl(key, value))
    .map(({ key, before, value }) => `set ${key} from ${before || 'empty'} to ${value}`);
}

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

function sysctlsOf({ name, alias = '', group }: Link, eniLinks: ReadonlySet<string>): Readonly<Record<string, string>> {
  if (group === DEAD_LINK_GROUP) return {};
  // A link has the host's value from its birth; without it nothing that comes in there is routed on (IPv6 asks the host's alone).
  const forwards = { [`net/ipv4/conf/${name}/forwarding`]: '1' };
  if (isVlanAlias(alias) || readBranchAlias(alias) !== undefined) return { ...forwards, ...branchSysctls(name) };
  if (readPodAlias(alias) !== undefined) return { ...forwards, ...hostEndSysctls(name) };
  return eniLinks.has(name) ? forwards : {};
}

/** Puts sysctls of the host, of ENIs and of pods' host ends back; tells which. Throws `FILE_FAILED`. */
export async function repairSysctls(
  node: Pick<Node, 'settings' | 'primaryLink' | 'socket'>,
  eniLinks: readonly string[],
  turn: () => Promise<void>,
): Promise<readonly string[]> {
  const ofHost = wantedSysctls(node).map((sysctl) => ({
    key: sysctl.key.join('/'),
    value: (before: string) => wantedValue(sysctl, before),
  }));
  const put = async (wanted: Parameters<typeof differingSysctls>[0]): Promise<readonly string[]> =>
    (await differingSysctls(wanted, turn))
      .filter(({ key, value }) => writeSysctl(key, value))
      .map(({ key, before, value }) => `set ${key} from ${before || 'empty'} to ${value}`);
  // First: to let the host forward lets every link do so.
  const changed = await put(ofHost);
  const enis = new Set(eniLinks);
  const ofLinks = listLinks(node.socket).flatMap((link) => Object.entries(sysctlsOf(link, enis)));
  return [...changed, ...(await put(ofLinks.map(([key, value]) => ({ key, value }))))];
}

import { DEAD_LINK_GROUP, hostEndSysctls, type Link, readPodAlias } from '../../dataplane/index.ts';
import { wantedSysctls, wantedValue } from '../../hostspec/index.ts';
import { differingSysctls, listLinks } from '../../kernel/index.ts';
import { writeSysctl } from '../../sys/index.ts';
import type { Node } from '../parts.ts';

const isHostEnd = ({ alias, group }: Link): boolean =>
  alias !== undefined && group !== DEAD_LINK_GROUP && readPodAlias(alias) !== undefined;

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
    .filter(isHostEnd)
    .flatMap(({ name }) => Object.entries(hostEndSysctls(name)))
    .map(([key, value]) => ({ key, value }));
  const changes = await differingSysctls([...ofHost, ...ofPods], turn);
  return changes
    .filter(({ key, value }) => writeSysctl(key, value))
    .map(({ key, before, value }) => `set ${key} from ${before || 'empty'} to ${value}`);
}

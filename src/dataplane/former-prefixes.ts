import { STRICT_PREFIX } from './branch.ts';
import { egressFamilyOf } from './egress.ts';
import { readPodAlias, vethPrefixOf } from './names.ts';
import { DEAD_LINK_GROUP } from './owned.ts';
import type { Link } from './types.ts';

/**
 * What names of pods' links begin with beside the prefix of now: those of pods that were wired when the setting was another
 * one. Packets of second interfaces and of pods in strict mode are nobody's to mark.
 */
export function formerPrefixes(links: readonly Link[], prefix: string): readonly string[] {
  const found = links.flatMap(({ name, alias, group }): readonly string[] => {
    const pod = alias === undefined || group === DEAD_LINK_GROUP ? undefined : readPodAlias(alias);
    if (pod === undefined || egressFamilyOf(pod.ifName) !== undefined) return [];
    const other = vethPrefixOf(name);
    // One that another CNI plugin made may have any name.
    return /^[A-Za-z][A-Za-z0-9]{0,3}$/.test(other) && other !== STRICT_PREFIX && other !== prefix ? [other] : [];
  });
  return [...new Set(found)].sort();
}

import { DEAD_LINK_GROUP, isVlanAlias, type VlanLink } from '../dataplane/index.ts';
import { ERRNO, writeSysctl } from '../sys/index.ts';
import type { Acknowledgement } from './netlink/acknowledgement.ts';
import { createVlan, deleteLink } from './netlink/messages.ts';
import type { RouteSocket } from './netlink/socket.ts';
import { findLink } from './observe.ts';

const DONE: Acknowledgement = { errno: 0, text: undefined };

/** Makes the link, or leaves one with its name and MAC alone; what refused it, `undefined` when it is there. */
export function makeVlan(socket: RouteSocket, vlan: VlanLink): Acknowledgement | undefined {
  const parent = findLink(socket, vlan.parent);
  if (parent === undefined) return { errno: ERRNO.ENODEV, text: `no link ${vlan.parent}` };
  const create = (): Acknowledgement => socket.batch([createVlan(vlan, parent.index)])[0] ?? DONE;
  let answer = create();
  // By its name, or by another name with the same tag on the same trunk.
  if (answer.errno === ERRNO.EEXIST) {
    const there = findLink(socket, vlan.name);
    if (there?.mac === vlan.mac && there.group !== DEAD_LINK_GROUP) return undefined;
    if (there?.alias !== undefined && !isVlanAlias(there.alias))
      return { errno: ERRNO.EEXIST, text: `the link ${there.name} there is somebody else's: "${there.alias}"` };
    // The tag of a pod that is gone has been given to the next one.
    const inTheWay = there === undefined || there.group === DEAD_LINK_GROUP ? { group: DEAD_LINK_GROUP } : there;
    socket.batch([deleteLink(inTheWay)]);
    answer = create();
  }
  if (answer.errno !== 0) return answer;
  for (const [key, value] of Object.entries(vlan.sysctls)) writeSysctl(key, value);
  return undefined;
}

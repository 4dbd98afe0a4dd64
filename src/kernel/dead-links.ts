import { DEAD_LINK_GROUP } from '../dataplane/index.ts';
import type { Exec } from '../sys/index.ts';
import type { RouteSocket } from './netlink/socket.ts';
import { listLinks } from './observe.ts';

/** The links whose pods are gone and that have not died with their namespace. */
export function deadLinks(socket: RouteSocket): readonly string[] {
  return listLinks(socket)
    .filter((link) => link.group === DEAD_LINK_GROUP)
    .map((link) => link.name);
}

/**
 * Removes every dead link in one request. In a process of its own: the kernel makes the caller wait for an RCU grace
 * period, and the daemon's one thread has pods to wire.
 */
export async function removeDeadLinks(exec: Exec): Promise<void> {
  // Exit code 1: the last of them died with its namespace in between.
  await exec.run({ argv: ['ip', 'link', 'delete', 'group', String(DEAD_LINK_GROUP)], accept: [0, 1, 2] });
}

import { IP_FAMILIES } from '../addr/index.ts';
import { DEAD_LINK_GROUP, isVlanAlias, localRuleSteps, readPodAlias, type Step } from '../dataplane/index.ts';
import type { Exec } from '../sys/index.ts';
import { applySteps } from './apply.ts';
import { removeDeadLinks } from './dead-links.ts';
import { RouteSocket } from './netlink/socket.ts';
import { listLinks, listOwnRoutes, observeNetwork } from './observe.ts';
import { removePacketRules } from './packet-filter.ts';

function steps(socket: RouteSocket): readonly Step[] {
  const links = listLinks(socket);
  const ours = links.filter(
    ({ alias }) => alias !== undefined && (readPodAlias(alias) !== undefined || isVlanAlias(alias)),
  );
  const { rules, foreignRules } = observeNetwork(socket, IP_FAMILIES);
  return [
    ...localRuleSteps({ wanted: [], own: rules, foreign: foreignRules }).add,
    ...rules.map((rule) => ({ kind: 'remove-rule', rule }) as const),
    ...listOwnRoutes(socket, links, IP_FAMILIES).map((route) => ({ kind: 'remove-route', route }) as const),
    ...ours.map((link) => ({ kind: 'set-link', link: link.name, group: DEAD_LINK_GROUP }) as const),
  ];
}

/**
 * Removes every kernel object of ours from the host: rules, routes, links of pods, the packet-filter table. Pods that still
 * run lose their network; ENIs' own addresses stay for EC2 to take away with the ENI.
 */
export async function removeHostNetwork(exec: Exec): Promise<void> {
  using socket = new RouteSocket();
  applySteps(socket, steps(socket));
  await removeDeadLinks(exec);
  await removePacketRules(exec);
}

import { createHash } from 'node:crypto';
import type { SimSecurityRule } from '../model/types.ts';
import { renderConnections, renderDenial } from './connections.ts';
import type { Port, Ports } from './port.ts';
import { renderSecurityRules } from './security-rules.ts';
import { chainOf } from './table.ts';

/** The rules of every security group, by its id. */
export type Groups = ReadonlyMap<string, readonly SimSecurityRule[]>;

/** Rules of nftables by the name of their chain. */
export type Chains = ReadonlyMap<string, readonly string[]>;

const DIRECTIONS = ['egress', 'ingress'] as const;

/** The chains with the rules of the groups named. */
export function groupChains(groups: Groups, ids: Iterable<string>): Chains {
  const chains = new Map<string, readonly string[]>();
  for (const id of ids)
    for (const direction of DIRECTIONS)
      chains.set(chainOf(id, direction), renderSecurityRules(groups.get(id) ?? [], direction, groups));
  return chains;
}

/** The chains the ports need beside those of groups. Ports with the same groups share one that goes through them. */
export function portChains(ports: Ports, groups: Groups): Chains {
  const chains = new Map<string, readonly string[]>();
  for (const port of ports.values()) {
    for (const direction of DIRECTIONS) {
      chains.set(connectionsChain(port, direction), renderConnections(port.number, direction));
      const name = groupsChain(port, direction);
      if (chains.has(name)) continue;
      const known = groupsOf(port).filter((id) => groups.has(id));
      chains.set(name, [...known.map((id) => `jump ${chainOf(id, direction)}`), ...renderDenial(direction)]);
    }
    chains.set(hopChain(port), [`ip ttl set ${port.hopLimit}`, `ip6 hoplimit set ${port.hopLimit}`]);
  }
  return chains;
}

/** The chain that knows the connections of a port. */
export function connectionsChain(port: Port, direction: (typeof DIRECTIONS)[number]): string {
  return `${port.name}_${direction}`;
}

/** The chain that goes through the groups of a port. */
export function groupsChain(port: Port, direction: (typeof DIRECTIONS)[number]): string {
  return `${direction}_${createHash('sha1').update(groupsOf(port).join(' ')).digest('hex').slice(0, 12)}`;
}

/** The chain that sets how far an answer to a token request goes. */
export function hopChain(port: Port): string {
  return `hops_${port.hopLimit}`;
}

/** In one order, whatever the ENI's: it makes no difference which group lets a packet pass. */
const groupsOf = (port: Port): readonly string[] => [...port.securityGroups].sort();

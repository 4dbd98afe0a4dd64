import { formatCidr } from '../../addr/index.ts';
import {
  type Chains,
  connectionsChain,
  type Groups,
  groupChains,
  groupsChain,
  hopChain,
  portChains,
} from './chains.ts';
import type { Ground } from './ground.ts';
import type { Port, Ports } from './port.ts';
import { portsOf, renderTable, SETS, TABLE } from './table.ts';

/** What the router's rules follow. */
export interface RuleState {
  readonly ports: Ports;
  readonly groups: Groups;
  readonly ground: Ground;
}

/**
 * One transaction for `nft -f` that takes the rules from one state to another; empty when nothing is to do. What is
 * not touched by the change stays, so that no packet meets a half-made table. Established connections live on in the
 * kernel's connection tracking, as they do on EC2 when rules or memberships change.
 */
export function planRules(before: RuleState, after: RuleState): readonly string[] {
  const touched = [...new Set([...before.groups.keys(), ...after.groups.keys()])].filter(
    (id) => before.groups.get(id) !== after.groups.get(id),
  );
  const [oldChains, chains] = [chainsOf(before, touched), chainsOf(after, touched)];
  const [removed, added] = diffElements(before, after);
  const gone = [...oldChains.keys()].filter((name) => !chains.has(name));
  const goneGroups = [...before.groups.keys()].filter((id) => !after.groups.has(id));
  const freshGroups = [...after.groups.keys()].filter((id) => !before.groups.has(id));
  const changed = [...chains].filter(([name, rules]) => oldChains.get(name)?.join('\n') !== rules.join('\n'));
  return [
    ...freshGroups.map((id) => `add set inet ${TABLE} ${portsOf(id)} { type ifname; }`),
    ...changed.map(([name]) => `${oldChains.has(name) ? 'flush' : 'add'} chain inet ${TABLE} ${name}`),
    ...changed.flatMap(([name, rules]) => rules.map((rule) => `add rule inet ${TABLE} ${name} ${rule}`)),
    ...renderElements('delete', removed),
    ...renderElements('add', added),
    // Each may refer to another one: none goes before all are empty.
    ...gone.map((name) => `flush chain inet ${TABLE} ${name}`),
    ...gone.map((name) => `delete chain inet ${TABLE} ${name}`),
    ...goneGroups.map((id) => `delete set inet ${TABLE} ${portsOf(id)}`),
  ];
}

/** The whole table for a state, in place of whatever is there, as one transaction for `nft -f`. */
export function renderRules(state: RuleState): string {
  const nothing: RuleState = {
    ports: new Map(),
    groups: new Map(),
    ground: { gateways: [], cidrs: [], ipv6Cidrs: [] },
  };
  // Deleting what is not there is an error, adding what is there is none.
  return `table inet ${TABLE}\ndelete table inet ${TABLE}\n${renderTable()}${planRules(nothing, state).join('\n')}\n`;
}

/** Groups may be thousands: only the chains of those that are touched are looked at. */
function chainsOf({ ports, groups }: RuleState, touched: readonly string[]): Chains {
  const present = touched.filter((id) => groups.has(id));
  return new Map([...groupChains(groups, present), ...portChains(ports, groups)]);
}

interface Element {
  readonly set: string;
  readonly key: string;
  /** For maps. */
  readonly value: string | undefined;
}

const identity = ({ set, key, value }: Element): string => `${set} ${key} ${value}`;

function diffElements(before: RuleState, after: RuleState): readonly [readonly Element[], readonly Element[]] {
  const removed: Element[] = [];
  const added: Element[] = [];
  const compare = (had: readonly Element[], wanted: readonly Element[]): void => {
    const [old, now] = [new Set(had.map(identity)), new Set(wanted.map(identity))];
    removed.push(...had.filter((element) => !now.has(identity(element))));
    added.push(...wanted.filter((element) => !old.has(identity(element))));
  };
  if (before.ground !== after.ground) compare(groundElements(before.ground), groundElements(after.ground));
  for (const [eniId, port] of before.ports) {
    const next = after.ports.get(eniId);
    if (next !== port || before.groups !== after.groups)
      compare(portElements(port, before.groups), next === undefined ? [] : portElements(next, after.groups));
  }
  for (const [eniId, port] of after.ports) if (!before.ports.has(eniId)) compare([], portElements(port, after.groups));
  return [removed, added];
}

function portElements(port: Port, groups: Groups): readonly Element[] {
  const name = `"${port.name}"`;
  const held = (set: string, networks: readonly string[]): readonly Element[] =>
    networks.map((network) => ({ set, key: `${name} . ${network}`, value: undefined }));
  const plain = (set: string, keys: readonly string[]): readonly Element[] =>
    keys.map((key) => ({ set, key, value: undefined }));
  return [
    ...held(SETS.sources4, [...port.addresses, ...port.prefixes.map(formatCidr)]),
    ...held(SETS.sources6, [...port.ipv6Addresses, ...port.ipv6Prefixes.map(formatCidr)]),
    ...plain(SETS.unchecked, port.sourceDestCheck ? [] : [name]),
    ...plain(SETS.public4, port.dhcp === undefined ? [] : [port.dhcp.address.address]),
    ...port.securityGroups.filter((id) => groups.has(id)).flatMap((id) => plain(portsOf(id), [name])),
    { set: SETS.egressState, key: name, value: `jump ${connectionsChain(port, 'egress')}` },
    { set: SETS.ingressState, key: name, value: `jump ${connectionsChain(port, 'ingress')}` },
    { set: SETS.egress, key: name, value: `goto ${groupsChain(port, 'egress')}` },
    { set: SETS.ingress, key: name, value: `goto ${groupsChain(port, 'ingress')}` },
    { set: SETS.hopLimits, key: name, value: `goto ${hopChain(port)}` },
  ];
}

function groundElements(ground: Ground): readonly Element[] {
  const of = (set: string, networks: readonly string[]): readonly Element[] =>
    networks.map((key) => ({ set, key, value: undefined }));
  return [...of(SETS.networks4, ground.cidrs), ...of(SETS.networks6, ground.ipv6Cidrs)];
}

/** One line for all elements of a set. */
function renderElements(verb: 'add' | 'delete', elements: readonly Element[]): readonly string[] {
  const bySet = new Map<string, string[]>();
  for (const { set, key, value } of elements) {
    const words = bySet.get(set) ?? [];
    words.push(value === undefined || verb === 'delete' ? key : `${key} : ${value}`);
    bySet.set(set, words);
  }
  return [...bySet].map(([set, words]) => `${verb} element inet ${TABLE} ${set} { ${words.join(', ')} }`);
}

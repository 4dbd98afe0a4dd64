import { fstatSync, statSync } from 'node:fs';
import { familyOf, formatCidr, type IpFamily } from '../addr/index.ts';
import {
  DEAD_LINK_GROUP,
  holderOf,
  isTakenOver,
  type PodIdentity,
  type PodWiring,
  type Route,
  type Rule,
  readPodAlias,
  ruleKey,
  type Step,
  sameInterface,
  type TakenOverEnds,
} from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import { ERRNO, errnoName, inNetns, type Netns, openNetns, readSysctl, writeSysctl } from '../sys/index.ts';
import { applySteps } from './apply.ts';
import type { Acknowledgement } from './netlink/acknowledgement.ts';
import { readNeighbour } from './netlink/facts.ts';
import { createVeth, deleteLink, dumpOf } from './netlink/messages.ts';
import { RouteSocket } from './netlink/socket.ts';
import {
  findLink,
  findPeerIndex,
  listAddresses,
  listLinks,
  listOwnRoutes,
  listOwnRules,
  listRoutes,
  listRules,
} from './observe.ts';

const refuse = (path: string, reason: string, cause?: unknown): HostError =>
  new HostError('CNI_NETNS', { path, reason }, cause);

/**
 * Opens a pod's namespace. Throws `CNI_NETNS` when it is missing, some other file, or the host's own: wiring that would
 * cut the host off.
 */
export function openPodNetns(path: string): Netns {
  try {
    using undo = new DisposableStack();
    const netns = undo.use(openNetns(path));
    inNetns(netns, () => undefined);
    if (fstatSync(netns.fd).ino === statSync('/proc/thread-self/ns/net').ino)
      throw refuse(path, "it is the host's own network namespace");
    undo.move();
    return netns;
  } catch (error) {
    if (error instanceof HostError && error.code === 'NETNS_MISSING')
      throw refuse(path, String(error.details['reason']), error);
    throw error;
  }
}

/** Throws `CNI_NETNS` when the namespace has lost its place since it was opened: the sandbox went while its ADD waited. */
function requirePlace({ path, fd }: Netns): void {
  const opened = fstatSync(fd);
  const now = statSync(path, { throwIfNoEntry: false });
  if (now?.ino !== opened.ino || now.dev !== opened.dev) throw refuse(path, 'it went while the call waited');
}

/** Reports whether the pair of this very sandbox is there already, both ends: then a repeated ADD must not cut it. */
function pairIsThere(host: RouteSocket, pod: RouteSocket, wiring: PodWiring): boolean {
  const end = findLink(host, wiring.veth.host.name);
  // A dead one is about to be removed, and still has the address it had.
  if (end === undefined || end.group === DEAD_LINK_GROUP || end.mac !== wiring.veth.host.mac) return false;
  return findLink(pod, wiring.veth.container.name)?.mac === wiring.veth.container.mac;
}

/**
 * Removes what is in the way of a pair: both ends of it may have names that others have. Throws `HOST_LINK_TAKEN` or
 * `IFNAME_TAKEN`, having removed nothing.
 */
function makeWay(host: RouteSocket, pod: RouteSocket, netns: Netns, wiring: PodWiring): void {
  const { container } = wiring.veth;
  const dead = listLinks(host).filter(({ group }) => group === DEAD_LINK_GROUP);
  // Left by an earlier sandbox of the same pod whose namespace still lives, by a crash half-way, or ours with a MAC
  // that somebody changed; its far end goes with it.
  const found = findLink(host, wiring.veth.host.name);
  const stale = found?.group === DEAD_LINK_GROUP ? undefined : found;
  const holder = stale && holderOf(stale, wiring.pod);
  if (stale !== undefined && holder !== undefined)
    throw new HostError('HOST_LINK_TAKEN', { link: stale.name, ifName: container.name, holder });
  const isForeign = (): boolean => (findLink(pod, container.name)?.mac ?? container.mac) !== container.mac;
  const going = new Set([...dead, ...(stale === undefined ? [] : [stale])].map(({ index }) => index));
  const taken = (): HostError => new HostError('IFNAME_TAKEN', { netns: netns.path, ifName: container.name });
  if (isForeign() && !going.has(findPeerIndex(pod, container.name) ?? 0)) throw taken();
  // Pairs whose DEL has just been, of this sandbox or of one that had this namespace before.
  if (dead.length > 0) host.batch([deleteLink({ group: DEAD_LINK_GROUP })]);
  if (stale !== undefined) host.batch([deleteLink({ index: stale.index })]);
  // The other end of a link in a third namespace has a number of that one.
  if (isForeign()) throw taken();
  const own = findLink(pod, container.name);
  // Ours, with a host end that was renamed.
  if (own !== undefined) pod.batch([deleteLink({ index: own.index })]);
}

/** Makes the pair; reports whether it did, for it may be there already. */
function makePair(host: RouteSocket, pod: RouteSocket, netns: Netns, wiring: PodWiring): boolean {
  const create = (): Acknowledgement =>
    host.batch([createVeth(wiring.veth, netns.fd)])[0] ?? { errno: 0, text: undefined };
  let answer = create();
  // The kernel makes no second link of a name: whether there is one is asked only then.
  if (answer.errno === ERRNO.EEXIST) {
    if (pairIsThere(host, pod, wiring)) return false;
    makeWay(host, pod, netns, wiring);
    answer = create();
  }
  if (answer.errno !== 0)
    throw new HostError('NETLINK', {
      action: `make veth ${wiring.veth.host.name}`,
      errno: errnoName(answer.errno),
      extack: answer.text,
    });
  return true;
}

/**
 * Wires a pod: pair, host end, pod end, of each of its interfaces. Synchronous, about 1.5 ms for one. Called again for the
 * same sandbox it completes what is missing and leaves the rest alone. What it made is gone again when it throws, on the
 * host and in the namespace.
 */
export function wirePod(host: RouteSocket, netns: Netns, ...wirings: readonly PodWiring[]): void {
  requirePlace(netns);
  using pod = new RouteSocket(netns);
  using undo = new DisposableStack();
  for (const wiring of wirings) {
    const isNew = makePair(host, pod, netns, wiring);
    if (isNew) undo.defer(() => removePod(host, pod, wiring));
    for (const [key, value] of Object.entries(wiring.hostSysctls)) writeSysctl(key, value);
    applySteps(host, wiring.hostSteps);
    const podSysctls = Object.entries(wiring.podSysctls);
    if (podSysctls.length > 0)
      inNetns(netns, () => {
        for (const [key, value] of podSysctls) {
          const before = readSysctl(key);
          if (before !== undefined) undo.defer(() => attempt(() => inNetns(netns, () => writeSysctl(key, before))));
          writeSysctl(key, value);
        }
      });
    applySteps(pod, wiring.podSteps);
  }
  undo.move();
}

/**
 * One part of the way back. The caller is to hear what failed first; what cannot be taken back on the host is nobody's,
 * and goes when the host is next compared with what is wanted.
 */
function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}

/** Takes a pod's rules and route away and deletes its pair at once (15–30 ms): the way back from a failed ADD. */
function removePod(host: RouteSocket, pod: RouteSocket, wiring: PodWiring): void {
  const rules = wiring.hostRules.map((rule): Step => ({ kind: 'remove-rule', rule }));
  attempt(() => applySteps(host, [...rules, { kind: 'remove-route', route: wiring.hostRoute }]));
  // Rules name no link, and so outlive it.
  const podRules = wiring.podSteps.flatMap((step): readonly Step[] =>
    step.kind === 'add-rule' ? [{ kind: 'remove-rule', rule: step.rule }] : [],
  );
  attempt(() => applySteps(pod, podRules));
  for (const { name, mac } of [wiring.veth.host, ...(wiring.branch === undefined ? [] : [wiring.branch.vlan])])
    attempt(() => {
      const link = findLink(host, name);
      if (link?.mac === mac) host.batch([deleteLink({ index: link.index })]);
    });
}

/** The ends of a pod that another CNI plugin wired before us; `undefined` when it was us, or when they are gone. */
export function takenOverEnds(host: RouteSocket, netns: Netns, pod: PodIdentity): TakenOverEnds | undefined {
  const link = listLinks(host).find(({ alias }) => {
    const owner = alias === undefined || !isTakenOver(alias) ? undefined : readPodAlias(alias);
    return owner !== undefined && sameInterface(owner, pod);
  });
  if (link?.mac === undefined || link.group === DEAD_LINK_GROUP) return undefined;
  using inside = new RouteSocket(netns);
  const containerMac = findLink(inside, pod.ifName)?.mac;
  return containerMac === undefined ? undefined : { host: { name: link.name, mac: link.mac }, containerMac };
}

/** The first thing that is not as wired, in words; `undefined` when all is well. */
export function checkPod(host: RouteSocket, netns: Netns, wiring: PodWiring): string | undefined {
  return checkHostEnd(host, wiring) ?? checkPodEnd(netns, wiring);
}

const familiesOf = ({ hostRoute }: PodWiring): readonly IpFamily[] => [familyOf(hostRoute.destination.address)];

function checkHostEnd(host: RouteSocket, wiring: PodWiring): string | undefined {
  const { name, mac } = wiring.veth.host;
  const link = findLink(host, name);
  if (link === undefined) return `the host has no link ${name}`;
  if (link.mac !== mac) return `link ${name} has MAC ${link.mac}, not ${mac}`;
  if (!link.up) return `link ${name} is down`;
  const { destination } = wiring.hostRoute;
  const families = familiesOf(wiring);
  const own = listOwnRoutes(host, [link], families);
  const routed = own.some(
    (route) => route.table === wiring.hostRoute.table && formatCidr(route.destination) === formatCidr(destination),
  );
  if (!routed) return `the host has no route ${formatCidr(destination)} dev ${name}`;
  const branch = checkBranch(host, wiring, families);
  if (branch !== undefined) return branch;
  const missing = missingRule(host, wiring) && missingRule(host, wiring);
  return missing === undefined ? undefined : `the host has no rule ${ruleKey(missing)}`;
}

/** The first thing about a branch ENI's link that is not as wired. */
function checkBranch(host: RouteSocket, { branch }: PodWiring, families: readonly IpFamily[]): string | undefined {
  if (branch === undefined) return undefined;
  const { name, mac } = branch.vlan;
  const link = findLink(host, name);
  if (link === undefined) return `the host has no link ${name}`;
  if (link.mac !== mac) return `link ${name} has MAC ${link.mac}, not ${mac}`;
  if (!link.up) return `link ${name} is down`;
  const key = ({ table, destination, gateway }: Route): string =>
    `${formatCidr(destination)}${gateway === undefined ? '' : ` via ${gateway}`} dev ${name} table ${table}`;
  const have = new Set(listOwnRoutes(host, [link], families).map(key));
  const missing = branch.routes.map(key).find((route) => !have.has(route));
  return missing === undefined ? undefined : `the host has no route ${missing}`;
}

/** A look may lack a rule that is there while somebody changes others; the next one lacks another. */
function missingRule(host: RouteSocket, wiring: PodWiring): Rule | undefined {
  const rules = new Set(listOwnRules(host, familiesOf(wiring)).map(ruleKey));
  return wiring.hostRules.find((rule) => !rules.has(ruleKey(rule)));
}

function checkPodEnd(netns: Netns, wiring: PodWiring): string | undefined {
  using pod = new RouteSocket(netns);
  const { name, mac } = wiring.veth.container;
  const links = listLinks(pod);
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined) return `the pod has no interface ${name}`;
  if (link.mac !== mac) return `interface ${name} has MAC ${link.mac}, not ${mac}`;
  if (!link.up) return `interface ${name} is down`;
  if (link.mtu !== wiring.veth.mtu) return `interface ${name} has MTU ${link.mtu}, not ${wiring.veth.mtu}`;
  const families = familiesOf(wiring);
  const addresses = listAddresses(pod, links, families).filter((entry) => entry.link === name);
  // Of any maker: in the namespace of a pod that another CNI plugin wired they carry its number.
  const routes = listRoutes(pod, links, families).filter((route) => route.link === name);
  const neighbours = families.flatMap((family) => pod.dump(dumpOf('neighbours', family)).map(readNeighbour));
  for (const step of wiring.podSteps) {
    if (step.kind === 'add-address') {
      const wanted = formatCidr(step.address.address);
      if (!addresses.some(({ address }) => formatCidr(address) === wanted))
        return `interface ${name} lacks address ${wanted}`;
    }
    if (step.kind === 'replace-route') {
      const { destination, gateway } = step.route;
      const same = routes.some(
        (route) => formatCidr(route.destination) === formatCidr(destination) && route.gateway === gateway,
      );
      if (!same)
        return `the pod lacks route ${formatCidr(destination)}${gateway === undefined ? '' : ` via ${gateway}`}`;
    }
    if (step.kind === 'add-rule' && !listRules(pod, families).some((rule) => ruleKey(rule) === ruleKey(step.rule)))
      return `the pod lacks rule ${ruleKey(step.rule)}`;
    if (step.kind === 'set-neighbour') {
      const entry = neighbours.find((neighbour) => neighbour?.address === step.address);
      if (entry?.mac !== step.mac)
        return `the pod's neighbour ${step.address} is ${entry?.mac ?? 'missing'}, not ${step.mac}`;
    }
  }
  return undefined;
}

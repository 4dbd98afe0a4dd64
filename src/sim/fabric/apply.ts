import { readdirSync, writeFileSync } from 'node:fs';
import type { Exec } from '../../sys/index.ts';
import { inNetns, openNetns } from '../../sys/index.ts';
import { INTERNET_LINK } from './addresses.ts';
import type { FabricState } from './follower.ts';
import { type GroundPlan, planFoundation, planGround } from './ground.ts';
import { untilReceived } from './ipv6-ready.ts';
import { type KernelFacts, type LinkPlan, planLinks } from './links.ts';
import { netnsPath, type VpcNames } from './names.ts';
import { createNetns, inNetnsArgv } from './namespace.ts';
import { planRules, renderRules } from './rules.ts';

/** Where the fabric is and by what it is changed. */
export interface FabricSite {
  readonly exec: Exec;
  readonly names: VpcNames;
  readonly facts: KernelFacts;
  /** Told at once what the kernel refused, also when it could be put right. */
  readonly onFailure: (error: unknown) => void;
}

// Ports inherit `default` when they are made. proxy_arp: the VPC answers every ARP request for an address it can
// deliver. No probe for duplicate addresses: the router's are the same on every port, and wanted at once.
const ROUTER_SYSCTLS = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
  'net/ipv4/conf/all/accept_redirects': '0',
  'net/ipv4/conf/default/accept_redirects': '0',
  'net/ipv4/conf/default/proxy_arp': '1',
  'net/ipv6/conf/all/disable_ipv6': '0',
  'net/ipv6/conf/default/disable_ipv6': '0',
  'net/ipv6/conf/all/forwarding': '1',
  'net/ipv6/conf/default/accept_dad': '0',
} as const;

/** Makes router and internet, before any network of the VPC is known; returns what the kernel can do. */
export async function layFoundation(exec: Exec, names: VpcNames): Promise<KernelFacts> {
  await createNetns(exec, names.routerNetns);
  await createNetns(exec, names.internetNetns);
  writeSysctls(names.routerNetns, ROUTER_SYSCTLS);
  const ipv6 = hasIpv6();
  const { router, internet } = planFoundation(names.internetNetns, { ipv6 });
  await exec.run(ipBatch(names.routerNetns, router));
  await exec.run(ipBatch(names.internetNetns, internet));
  return { ipv6, vlan: await hasVlan(exec, names.routerNetns) };
}

/** Makes the kernel go from one state to another. One failing part does not keep the others from being tried. */
export async function applyChange(site: FabricSite, before: FabricState, after: FabricState): Promise<void> {
  const { names, facts } = site;
  const links = planLinks(before.ports, after.ports, facts);
  const ground = planGround(before.ground, after.ground, facts);
  const outcomes = await Promise.allSettled([
    applyLinks(site, links, ground),
    run(site, ipBatch(names.internetNetns, ground.internet)),
    applyRules(site, before, after),
  ]);
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (failed.length > 0) throw failed[0];
}

async function applyLinks(site: FabricSite, links: LinkPlan, ground: GroundPlan): Promise<void> {
  const { routerNetns } = site.names;
  const router = await Promise.allSettled([run(site, ipBatch(routerNetns, [...ground.router, ...links.router]))]);
  answerAtOnce(routerNetns, links.plugged);
  const nodes = [...links.nodes].map(([netns, lines]) => run(site, ipBatch(netns, lines)));
  for (const outcome of [...router, ...(await Promise.allSettled(nodes))])
    if (outcome.status === 'rejected') throw outcome.reason;
  await run(site, ipBatch(routerNetns, links.carriers));
  await untilReceived(links.received.map((address) => ({ ...address, netns: address.netns ?? routerNetns })));
}

/** A transaction that is refused has changed nothing; then the whole table is made anew. */
async function applyRules(site: FabricSite, before: FabricState, after: FabricState): Promise<void> {
  const transaction = (input: string): Promise<unknown> =>
    site.exec.run({ argv: [...inNetnsArgv(site.names.routerNetns), 'nft', '-f', '-'], input });
  if (before.groups.size === 0 && before.ports.size === 0) return void (await transaction(renderRules(after)));
  const lines = planRules(before, after);
  if (lines.length === 0) return;
  try {
    await transaction(`${lines.join('\n')}\n`);
  } catch (error) {
    site.onFailure(error);
    await transaction(renderRules(after));
  }
}

interface Batch {
  readonly argv: readonly [string, ...string[]];
  readonly input: string;
}

function ipBatch(netns: string, lines: readonly string[]): Batch {
  return {
    // -force: a link that somebody else removed must not keep the other ENIs from being plugged.
    argv: [...inNetnsArgv(netns), 'ip', '-force', '-batch', '-'],
    input: lines.map((line) => `${line}\n`).join(''),
  };
}

async function run({ exec }: FabricSite, batch: Batch): Promise<void> {
  if (batch.input !== '') await exec.run(batch);
}

/** Reports whether this kernel has IPv6 at all. */
export function hasIpv6(): boolean {
  return readdirSync('/proc/sys/net').includes('ipv6');
}

/** Asks once by making a link, which exits with 2 when it cannot; not on `lo`, which takes no VLAN on any kernel. */
async function hasVlan(exec: Exec, netns: string): Promise<boolean> {
  const ip = [...inNetnsArgv(netns), 'ip', 'link'] as const;
  const { exitCode } = await exec.run({
    argv: [...ip, 'add', 'link', INTERNET_LINK, 'name', 'vlanprobe', 'type', 'vlan', 'id', '1'],
    accept: [0, 2],
  });
  if (exitCode === 0) await exec.run({ argv: [...ip, 'del', 'vlanprobe'] });
  return exitCode === 0;
}

/** By default the kernel holds a proxy's ARP answer back for up to 0.8 s; this sysctl has no inherited default. */
function answerAtOnce(routerNetns: string, ports: readonly string[]): void {
  if (ports.length > 0)
    writeSysctls(routerNetns, Object.fromEntries(ports.map((port) => [`net/ipv4/neigh/${port}/proxy_delay`, '0'])));
}

/** Writes sysctls of a namespace, paths relative to /proc/sys; those this kernel does not have (no IPv6) are skipped. */
export function writeSysctls(netns: string, values: Readonly<Record<string, string>>): void {
  using target = openNetns(netnsPath(netns));
  inNetns(target, () => {
    const families = readdirSync('/proc/sys/net');
    for (const [path, value] of Object.entries(values))
      if (families.includes(path.split('/')[1] ?? '')) writeFileSync(`/proc/sys/${path}`, value);
  });
}

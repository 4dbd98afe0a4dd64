import { formatCidr, hostCidr, type IpAddress, type MacAddress, parseMac } from '../addr/index.ts';
import type { AddResult, ResultInterface } from '../cniproto/index.ts';
import type { PodWiring } from '../dataplane/index.ts';

/** What a kept result is compared with: the attachment as this daemon has it. */
export interface KeptResult {
  readonly result: AddResult;
  readonly address: IpAddress;
  /** Route table of the ENI that holds the address; `undefined` when no ENI is known to. */
  readonly table: number | undefined;
  readonly netns: string;
  readonly wiring: PodWiring;
}

/** The entry in which upstream's plugin keeps the VLAN id and the ENI of a pod; no link has so long a name. */
const isUpstreamsStore = ({ name }: ResultInterface): boolean => name.startsWith('dummy') && name.length > 15;

// One folder by two names on every systemd host.
const sameFile = (path: string): string => path.replace(/^\/var\/run\//, '/run/');

function endsIn({ result, wiring }: KeptResult) {
  const { host, container } = wiring.veth;
  return {
    host: result.interfaces.find(({ name, sandbox }) => sandbox === undefined && name === host.name),
    container: result.interfaces.find(
      (item) => item.sandbox !== undefined && item.name === container.name && !isUpstreamsStore(item),
    ),
  };
}

/**
 * The first thing in the result a runtime kept that is not as the attachment has it, in words. A result of upstream's
 * plugin is read as what it is: instead of the interface's MAC it has the route table's number.
 */
export function resultDifference(kept: KeptResult): string | undefined {
  const { result, address, table, netns, wiring } = kept;
  const { host, container } = wiring.veth;
  const cidr = formatCidr(hostCidr(address));
  const ip = result.ips.find((item) => item.address === cidr);
  if (ip === undefined) return `the result given lacks its address ${cidr}`;
  const ends = endsIn(kept);
  if (ends.host === undefined) return `the result given lacks the host's link ${host.name}`;
  if (ends.container === undefined) return `the result given lacks the interface ${container.name}`;
  const holder = ip.interface === undefined ? ends.container : result.interfaces[ip.interface];
  if (holder !== ends.container)
    return `the result given has ${cidr} on ${holder?.name}, not on the interface ${container.name}`;
  if (ends.container.sandbox !== undefined && sameFile(ends.container.sandbox) !== sameFile(netns))
    return `the result given is of the sandbox ${ends.container.sandbox}, not of ${netns}`;
  if (result.interfaces.some(isUpstreamsStore)) {
    const { mac } = ends.container;
    // Upstream before 1.20 left it out.
    const same = mac === undefined || table === undefined || Number(mac) === table;
    return same ? undefined : `the result given has the route table ${mac}, not ${table}`;
  }
  if (ends.host.mac !== undefined && ends.host.mac.toLowerCase() !== host.mac)
    return `the result given has the MAC ${ends.host.mac} for ${host.name}, not ${host.mac}`;
  return undefined;
}

/**
 * The wiring a CHECK has to find: a later plugin of the chain may have given the interface another MAC or MTU, and the
 * result of the chain says so (CNI specification, CHECK).
 */
export function wiringAfterChain(kept: KeptResult): PodWiring {
  const { veth, ...rest } = kept.wiring;
  const { container: end } = endsIn(kept);
  const mac = kept.result.interfaces.some(isUpstreamsStore) ? undefined : macOf(end?.mac);
  return {
    ...rest,
    veth: { ...veth, container: { ...veth.container, mac: mac ?? veth.container.mac }, mtu: end?.mtu ?? veth.mtu },
  };
}

function macOf(text: string | undefined): MacAddress | undefined {
  return text !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? parseMac(text.toLowerCase()) : undefined;
}

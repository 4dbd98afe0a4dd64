import { type Ipv4Cidr, parseCidr, parseIp, parseIpv4, parseIpv4Cidr, parseMac } from '../../../src/addr/index.ts';
import { hostVethName, type ObservedNetwork, podAlias, podMacs } from '../../../src/dataplane/index.ts';
import type { readNotes } from '../../../src/inspect/index.ts';
import { type KnownEni, type Owner, renderCheckpoint, renderSideFile } from '../../../src/pool/index.ts';

type Notes = ReturnType<typeof readNotes>;

const eni = (device: number, cidrs: readonly string[]): KnownEni => ({
  facts: {
    ...{ id: `eni-${device}`, card: 0, device, table: device === 0 ? 254 : device + 1, primary: device === 0 },
    ...{ subnetId: 'subnet-1', attachedAtMs: 0, service: 'pods', efa: false },
  },
  cidrs,
  attached: {
    mac: parseMac(`02:00:00:00:00:0${device}`),
    primaryAddress: parseIpv4(`10.0.${device}.4`),
    subnet: parseIpv4Cidr('10.0.0.0/16'),
    attachmentId: `attach-${device}`,
  },
});

export const WEB: Owner = {
  ...{ network: 'aws-cni', containerId: 'c1d2e3f4a5', ifName: 'eth0' },
  ...{ podNamespace: 'default', podName: 'web' },
};
const LOST: Owner = { ...WEB, containerId: 'c9', podName: 'lost' };
const SINCE = 1_767_225_600_000_000_000n;

/** Two ENIs, one pod on the second, an orphan, a resting and a doubted address. */
export const NOTES: Notes = {
  enis: [eni(0, ['10.0.0.5/32', '10.0.0.6/32']), eni(1, ['10.0.1.5/32', '10.0.1.6/32', '10.0.1.16/28'])],
  allocations: [
    { address: parseIpv4('10.0.1.5'), owner: WEB, since: SINCE },
    { address: parseIpv4('10.0.7.7'), owner: LOST, since: SINCE },
  ],
  cooldowns: new Map([
    [parseIpv4('10.0.0.5'), 42_000],
    [parseIpv4('10.0.0.6'), 1_000],
  ]),
  quarantines: new Map([[parseIpv4('10.0.1.6'), { reason: 'kernel', sinceMs: 10_000 }]]),
  intents: [],
  damage: [],
};

const identity = {
  network: 'aws-cni',
  containerId: WEB.containerId,
  ifName: 'eth0',
  namespace: 'default',
  name: 'web',
};
const END = hostVethName('eni', identity);
const to = (text: string) => parseCidr(text);
const link = (name: string, mac: string, alias?: string) =>
  ({ index: 1, name, mac: parseMac(mac), mtu: 9001, up: true, group: 0, alias }) as const;

/** The kernel with everything that pod needs. */
export const OBSERVED: ObservedNetwork = {
  links: [
    link('eth0', '02:00:00:00:00:00'),
    link('eth1', '02:00:00:00:00:01'),
    link(END, podMacs(identity).host, podAlias(identity)),
    link('enidead0000001', '02:00:00:00:00:99', 'vpc-cni aws-cni c7 v4if0 default/api'),
    link(
      'vlanbeef0000001',
      '02:00:00:00:00:98',
      'vpc-cni aws-cni c8 eth0 default/guarded branch 7 02:00:00:00:00:97 10.0.2.9 10.0.2.1',
    ),
  ],
  addresses: [{ link: 'eth0', address: to('10.0.0.4/24') }],
  routes: [
    { table: 254, destination: to('10.0.1.5/32'), link: END },
    { table: 254, destination: to('169.254.172.2/32'), link: 'enidead0000001' },
    { table: 107, destination: to('10.0.2.9/32'), link: 'vlanbeef0000001' },
    { table: 2, destination: to('0.0.0.0/0'), gateway: parseIp('10.0.0.1'), link: 'eth1' },
  ],
  rules: [
    { priority: 512, to: to('10.0.1.5/32'), table: 254 },
    { priority: 1536, from: to('10.0.1.5/32'), table: 2 },
    { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 },
  ],
  foreignRules: [],
  foreignRoutes: [],
};

export const VPC: readonly Ipv4Cidr[] = [parseIpv4Cidr('10.0.0.0/16')];

/** The files that these notes were read from. */
export const FILES: ReadonlyMap<string, string> = new Map([
  ['/run/x/ipam.json', renderCheckpoint(NOTES.allocations)],
  ['/run/x/pool.json', renderSideFile({ ...NOTES, bootId: undefined, generation: 1 })],
]);

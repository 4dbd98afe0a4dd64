import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

/**
 * The kernel state, the files and the socket that Amazon's aws-node leaves on a node, made with the tools of others, as
 * its golden states have it: no code of the product is asked what it looks like.
 */

/** A command for ip(8), on the node or in the pod's namespace. */
export interface IpWords {
  readonly at: 'node' | 'pod';
  readonly words: string;
}

/** A pod that aws-node has wired. */
export interface AwsNodePod {
  readonly namespace: string;
  readonly name: string;
  readonly containerId: string;
  readonly address: string;
  /** The name of its namespace, or the path. */
  readonly netns: string;
  /** Route table of its ENI; 254 on the primary one. */
  readonly table: number;
  /** The number of a further interface of a pod with several NICs, from 1. */
  readonly nic?: number;
}

/** The host end's name, as upstream's names.go computes it. */
export function awsNodeVeth(pod: Pick<AwsNodePod, 'namespace' | 'name' | 'nic'>, prefix = 'eni'): string {
  const name = pod.nic === undefined ? pod.name : `${pod.name}.${pod.nic}`;
  const digest = createHash('sha1').update(`${pod.namespace}.${name}`).digest('hex');
  return `${prefix}${digest.slice(0, 11)}`;
}

/** Random and locally administered, as upstream makes them: not derived from anything. */
const randomMac = (): string =>
  `02:${[...crypto.getRandomValues(new Uint8Array(5))].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

/** The steps of upstream's driver.go for one pod. */
export function awsNodePodSetup(pod: AwsNodePod, prefix = 'eni'): readonly IpWords[] {
  const veth = awsNodeVeth(pod, prefix);
  const mac = randomMac();
  const node = (words: string): IpWords => ({ at: 'node', words });
  const inside = (words: string): IpWords => ({ at: 'pod', words });
  const { nic = 0 } = pod;
  const link = nic === 0 ? 'eth0' : `mNicIf${nic}`;
  const gateway = `169.254.1.${nic + 1}`;
  const table = nic === 0 ? '' : ` table ${nic}`;
  return [
    node(
      `link add ${veth} address ${mac} mtu 9001 txqueuelen 0 type veth peer name ${link} mtu 9001 netns ${pod.netns}`,
    ),
    node(`link set ${veth} up`),
    inside('link set lo up'),
    inside(`link set ${link} up`),
    inside(`route replace ${gateway} dev ${link} scope link${table}`),
    ...(nic === 0 ? [] : [inside(`rule add priority 1 from ${pod.address} table ${nic}`)]),
    inside(`route add default via ${gateway} dev ${link}${table}`),
    inside(`addr add ${pod.address}/32 dev ${link}`),
    inside(`neigh add ${gateway} lladdr ${mac} dev ${link} nud permanent`),
    node(`route replace ${pod.address} dev ${veth} scope link`),
    node(`rule add priority 512 to ${pod.address} table main`),
    ...(pod.table === 254 ? [] : [node(`rule add priority 1536 from ${pod.address} table ${pod.table}`)]),
  ];
}

/** The steps of upstream's network.go for a secondary ENI: the kernel's connected route leaves main. */
export function awsNodeEniSetup(eni: {
  readonly link: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly subnet: string;
  readonly gateway: string;
  readonly table: number;
}): readonly IpWords[] {
  const { link, address, prefixLength, subnet, gateway, table } = eni;
  return [
    `link set ${link} mtu 9001 up`,
    `addr flush dev ${link}`,
    `addr add ${address}/${prefixLength} dev ${link}`,
    `route replace ${gateway} dev ${link} scope link table ${table}`,
    `route replace default via ${gateway} dev ${link} table ${table}`,
    `route del ${subnet} dev ${link}`,
    `rule add priority 32765 from ${address} table ${table}`,
  ].map((words) => ({ at: 'node', words }));
}

/** The rule that lets marked packets leave by the primary ENI. */
export const awsNodeMarkRule: IpWords = { at: 'node', words: 'rule add priority 1024 fwmark 0x80/0x80 table main' };

/** The rules of upstream's SNAT and connmark chains for `iptables-restore --noflush`. */
export function awsNodeIptables(input: {
  readonly primaryLink: string;
  readonly primaryAddress: string;
  readonly vpcCidr: string;
  readonly excluded?: readonly string[];
  /** Who marks connections: with the nf_tables backend upstream has a table of its own for that. */
  readonly connmark: 'iptables' | 'nftables';
}): string {
  const { primaryLink, primaryAddress, vpcCidr, excluded = [], connmark } = input;
  const cidrs = [...excluded, vpcCidr];
  const marks = connmark === 'iptables';
  return [
    '*mangle',
    `-A PREROUTING -i ${primaryLink} -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80`,
    '-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
    '-A PREROUTING -i vlan+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
    'COMMIT',
    '*nat',
    ':AWS-SNAT-CHAIN-0 - [0:0]',
    ...(marks ? [':AWS-CONNMARK-CHAIN-0 - [0:0]'] : []),
    '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0',
    ...excluded.map(
      (cidr) => `-A AWS-SNAT-CHAIN-0 -d ${cidr} -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j RETURN`,
    ),
    `-A AWS-SNAT-CHAIN-0 -d ${vpcCidr} -m comment --comment "AWS SNAT CHAIN" -j RETURN`,
    `-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source ${primaryAddress} --random-fully`,
    ...(marks
      ? [
          '-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0',
          '-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
          ...cidrs.map(
            (cidr) => `-A AWS-CONNMARK-CHAIN-0 -d ${cidr} -m comment --comment "AWS CONNMARK CHAIN" -j RETURN`,
          ),
          '-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80',
        ]
      : []),
    'COMMIT',
    '',
  ].join('\n');
}

/** The table of upstream's nftables connmark, for `nft -f -`. */
export function awsNodeNftTable(cidrs: readonly string[]): string {
  return `table ip aws-cni {
  chain snat-mark {
${cidrs.map((cidr) => `    counter ip daddr ${cidr} return`).join('\n')}
    counter ct mark set ct mark | 0x80
  }
  chain nat-prerouting {
    type nat hook prerouting priority -90; policy accept;
    fib daddr type local return
    iifname "eni*" counter jump snat-mark
    counter meta mark set ct mark & 0x80
  }
}
`;
}

/** Upstream's checkpoint as Go's encoder writes it. `since` is in nanoseconds. */
export function awsNodeCheckpoint(pods: readonly (AwsNodePod & { readonly since: bigint })[]): string {
  const entries = pods.map(
    ({ namespace, name, containerId, address, since }) =>
      `{"networkName":"aws-cni","containerID":"${containerId}","ifName":"eth0","ipv4":"${address}","allocationTimestamp":${since},"metadata":{"k8sPodNamespace":"${namespace}","k8sPodName":"${name}","interfacesCount":1}}`,
  );
  return `{"version":"vpc-cni-ipam/1","allocations":[${entries.join(',')}]}\n`;
}

/** The result of upstream's ADD of a pod, which a runtime keeps and hands to CHECK and DEL. */
export function awsNodeResult(pod: AwsNodePod): Readonly<Record<string, unknown>> {
  const veth = awsNodeVeth(pod);
  return {
    cniVersion: '0.4.0',
    interfaces: [
      { name: veth },
      { name: 'eth0', mac: String(pod.table), sandbox: resolve('/var/run/netns', pod.netns) },
      { name: `dummy${veth.slice(3)}`, mac: '0', sandbox: String(pod.table === 254 ? 0 : pod.table - 1) },
    ],
    ips: [{ version: '4', interface: 1, address: `${pod.address}/32` }],
    dns: {},
  };
}

/** The conflist as upstream's entry point writes it for an IPv4 cluster with defaults. */
export function awsNodeConflist(change: { readonly vethPrefix?: string; readonly egress?: 'true' } = {}): string {
  const log = (name: string): object => ({
    pluginLogFile: `/var/log/aws-routed-eni/${name}.log`,
    pluginLogLevel: 'DEBUG',
  });
  const document = {
    cniVersion: '0.4.0',
    name: 'aws-cni',
    disableCheck: true,
    plugins: [
      {
        ...{ name: 'aws-cni', type: 'aws-cni', vethPrefix: change.vethPrefix ?? 'eni', mtu: '9001' },
        ...{ podSGEnforcingMode: 'strict', ...log('plugin') },
        capabilities: { 'io.kubernetes.cri.pod-annotations': true },
      },
      {
        ...{ name: 'egress-cni', type: 'egress-cni', mtu: '9001', enabled: change.egress ?? 'false' },
        ...{ randomizeSNAT: 'prng', nodeIP: '' },
        ipam: {
          ...{ type: 'host-local', ranges: [[{ subnet: 'fd00::ac:00/118' }]], routes: [{ dst: '::/0' }] },
          dataDir: '/run/cni/v4pd/egress-v6-ipam',
        },
        ...log('egress-v6-plugin'),
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

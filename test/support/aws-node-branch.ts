import { resolve } from 'node:path';
import { type AwsNodePod, awsNodePodSetup, awsNodeVeth, type IpWords } from './aws-node.ts';

/** A pod with a branch ENI that aws-node has wired; its table is that of the VLAN. */
export interface AwsNodeBranchPod extends Omit<AwsNodePod, 'table'> {
  readonly vlanId: number;
  readonly mac: string;
  readonly gateway: string;
  readonly trunk: string;
  readonly mode: 'strict' | 'standard';
}

/** The name of its host end. */
export const awsNodeBranchVeth = (pod: AwsNodeBranchPod): string =>
  awsNodeVeth(pod, pod.mode === 'strict' ? 'vlan' : 'eni');

/** The steps of upstream's SetupHostNetwork and SetupBranchENIPodNetwork for one pod. */
export function awsNodeBranchSetup(pod: AwsNodeBranchPod): readonly IpWords[] {
  const veth = awsNodeBranchVeth(pod);
  const [vlan, table] = [`vlan.eth.${pod.vlanId}`, pod.vlanId + 100];
  const node = (words: string): IpWords => ({ at: 'node', words });
  // As another pod has them, but for what stands behind the pair.
  const pair = awsNodePodSetup({ ...pod, table }, pod.mode === 'strict' ? 'vlan' : 'eni').filter(
    ({ at, words }) => at === 'pod' || words.startsWith('link '),
  );
  return [
    ...(pod.mode === 'strict'
      ? [node('rule add priority 20 table local'), node('rule delete priority 0 table local')]
      : []),
    ...pair,
    node(`link add link ${pod.trunk} name ${vlan} address ${pod.mac} type vlan id ${pod.vlanId}`),
    node(`link set ${vlan} up`),
    node(`route replace ${pod.gateway} dev ${vlan} scope link table ${table}`),
    node(`route replace default via ${pod.gateway} dev ${vlan} table ${table}`),
    ...(pod.mode === 'strict'
      ? [
          node(`rule add priority 10 iif ${vlan} table ${table}`),
          node(`rule add priority 10 iif ${veth} table ${table}`),
          node(`route replace ${pod.address} dev ${veth} scope link table ${table}`),
        ]
      : [
          node(`route replace ${pod.address} dev ${veth} scope link`),
          node(`rule add priority 512 to ${pod.address} table main`),
          node(`rule add priority 1536 from ${pod.address} table ${table}`),
        ]),
  ];
}

/** The result of upstream's ADD of such a pod. */
export function awsNodeBranchResult(pod: AwsNodeBranchPod): Readonly<Record<string, unknown>> {
  const veth = awsNodeBranchVeth(pod);
  return {
    cniVersion: '0.4.0',
    interfaces: [
      { name: veth },
      { name: 'eth0', mac: '0', sandbox: resolve('/var/run/netns', pod.netns) },
      { name: `dummy${awsNodeVeth(pod, '')}`, mac: String(pod.vlanId) },
    ],
    ips: [{ version: '4', interface: 1, address: `${pod.address}/32`, gateway: pod.gateway }],
    dns: {},
  };
}

/** The file in which libcni keeps a result, as a runtime has it written. */
export function keptResult(
  pod: Pick<AwsNodePod, 'namespace' | 'name' | 'containerId' | 'netns'>,
  result: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({
    kind: 'cniCacheV1',
    containerId: pod.containerId,
    config: Buffer.from('{}').toString('base64'),
    ifName: 'eth0',
    networkName: 'aws-cni',
    netns: resolve('/var/run/netns', pod.netns),
    cniArgs: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAMESPACE', pod.namespace],
      ['K8S_POD_NAME', pod.name],
      ['K8S_POD_INFRA_CONTAINER_ID', pod.containerId],
    ],
    capabilityArgs: {},
    result,
  });
}

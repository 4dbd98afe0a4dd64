import { createHash } from 'node:crypto';
import type { IpWords } from './aws-node.ts';

/** The second interface of a pod of IPv4 as aws-node's egress-cni wires it. */
export interface AwsNodeEgressPod {
  readonly containerId: string;
  readonly netns: string;
  readonly address: string;
  /** Random in upstream's. */
  readonly hostEnd: string;
}

/** The pair and its addresses. The link-local address of the host's end is the pod's gateway: see `awsNodeEgressRoute`. */
export const awsNodeEgressSetup = ({ netns, address, hostEnd }: AwsNodeEgressPod): readonly IpWords[] => [
  { at: 'node', words: `link add ${hostEnd} mtu 9001 type veth peer name v6if0 mtu 9001 netns ${netns}` },
  { at: 'node', words: `link set ${hostEnd} up` },
  { at: 'pod', words: 'link set v6if0 up' },
  { at: 'pod', words: `addr add ${address}/118 dev v6if0 nodad` },
  { at: 'node', words: `route add ${address}/128 dev ${hostEnd}` },
];

/** The pod's way out. */
export const awsNodeEgressRoute = (gateway: string): string => `route replace default via ${gateway} dev v6if0`;

/** Its chain for `ip6tables-restore --noflush`. */
export function awsNodeEgressRules({ containerId, address }: AwsNodeEgressPod, nodeAddress: string): string {
  const digest = createHash('sha512').update(`aws-cni${containerId}`).digest('hex');
  const chain = `CNI-E6-${digest}`.slice(0, 28);
  const comment = `-m comment --comment "name: \\"aws-cni\\" id: \\"${containerId}\\""`;
  return [
    '*nat',
    `:${chain} - [0:0]`,
    `-A ${chain} -d ff00::/8 ${comment} -j ACCEPT`,
    `-A ${chain} ${comment} -j SNAT --to-source ${nodeAddress} --random-fully`,
    `-A POSTROUTING -s ${address}/128 ${comment} -j ${chain}`,
    'COMMIT',
    '',
  ].join('\n');
}

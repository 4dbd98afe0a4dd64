/** Keys of the tags on ENIs, those of upstream: its janitors find ours by them, and ours find its. */
export const ENI_TAG = {
  /** The instance an ENI was made for. Set by the creating call itself, so that a crash leaves nothing unmarked. */
  instance: 'node.k8s.amazonaws.com/instance_id',
  createdAt: 'node.k8s.amazonaws.com/createdAt',
  cluster: 'cluster.k8s.amazonaws.com/name',
  owner: 'eks:eni:owner',
  /** The creation that made it: finds an ENI whose answer was lost. */
  intent: 'vpc-cni-host/intent',
  /** Set to `true` by an operator: the ENI is not ours to use. */
  noManage: 'node.k8s.amazonaws.com/no_manage',
} as const;

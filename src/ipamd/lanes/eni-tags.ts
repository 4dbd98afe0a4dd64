import type { InstanceIdentity, Tags } from '../../aws/index.ts';
import type { Settings } from '../../config/index.ts';
import { ENI_TAG } from '../../vpc/index.ts';

/** The tags of every ENI of the cluster, and those the operator wants. */
export function clusterTags(settings: Pick<Settings, 'CLUSTER_NAME' | 'ADDITIONAL_ENI_TAGS'>): Tags {
  const { CLUSTER_NAME, ADDITIONAL_ENI_TAGS } = settings;
  return {
    ...(CLUSTER_NAME === '' ? {} : { [ENI_TAG.cluster]: CLUSTER_NAME, [ENI_TAG.owner]: 'amazon-vpc-cni' }),
    ...ADDITIONAL_ENI_TAGS,
  };
}

/** The tag that makes a secondary ENI this node's. */
export function instanceTags(identity: Pick<InstanceIdentity, 'instanceId'>): Tags {
  return { [ENI_TAG.instance]: identity.instanceId };
}

/** What the choice of a subnet looks at. */
export interface SubnetFacts {
  readonly id: string;
  readonly availableAddresses: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Who asks: the subnet of the primary ENI is in unless it is tagged out, any other one is out unless it is tagged in. */
export interface SubnetAsker {
  readonly primarySubnetId: string;
  /** Empty when the cluster has no name here. */
  readonly clusterName: string;
}

/** How long a subnet without a free /28 is not asked for one (upstream's figure), and a full one for an address. */
export const SUBNET_RESTS_MS = { fragmented: 120_000, full: 30_000 } as const;

const ROLE_TAG = 'kubernetes.io/role/cni';
const CLUSTER_TAG = 'cni.networking.k8s.aws/cluster/';

/** A subnet that names clusters serves only these. */
function servesCluster({ tags }: SubnetFacts, clusterName: string): boolean {
  const clusters = Object.keys(tags).filter((key) => key.startsWith(CLUSTER_TAG));
  return clusterName === '' || clusters.length === 0 || clusters.includes(`${CLUSTER_TAG}${clusterName}`);
}

/** Reports whether new ENIs may be made in a subnet (ipamd reference §2.6). */
export function takesNewEnis(subnet: SubnetFacts, asker: SubnetAsker): boolean {
  const role = subnet.tags[ROLE_TAG] ?? '';
  if (role === '0') return false;
  if (role === '') return subnet.id === asker.primarySubnetId;
  return servesCluster(subnet, asker.clusterName);
}

/** Reports whether ENIs that are there already may give no new pods an address: their subnet is tagged out. */
export function isExcluded(subnet: SubnetFacts, asker: SubnetAsker): boolean {
  const role = subnet.tags[ROLE_TAG] ?? '';
  if (role === '0') return true;
  return role !== '' && !servesCluster(subnet, asker.clusterName);
}

/** The subnets to try for a new ENI, the one with most free addresses first. */
export function subnetsForNewEni(subnets: readonly SubnetFacts[], asker: SubnetAsker): readonly string[] {
  return subnets
    .filter((subnet) => takesNewEnis(subnet, asker))
    .sort((a, b) => b.availableAddresses - a.availableAddresses)
    .map(({ id }) => id);
}

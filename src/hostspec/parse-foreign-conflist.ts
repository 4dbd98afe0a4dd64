/** What a conflist of aws-node says of its settings; what it does not say is missing. */
export interface ForeignConflist {
  readonly vethPrefix?: string;
  readonly mtu?: string;
  /** How pods with security groups of their own are wired. */
  readonly enforcingMode?: string;
  /** The address family that pods get beside their own by egress-cni. */
  readonly egress?: 'ipv4' | 'ipv6';
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Reads a conflist leniently: a broken one says nothing. */
export function parseForeignConflist(text: string): ForeignConflist {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return {};
  }
  const plugins: unknown = isObject(document) ? document['plugins'] : undefined;
  const list: readonly unknown[] = Array.isArray(plugins) ? plugins : [];
  const plugin = (type: string): Json => list.filter(isObject).find((each) => each['type'] === type) ?? {};
  const { vethPrefix, mtu, podSGEnforcingMode: enforcingMode } = plugin('aws-cni');
  return {
    ...(typeof vethPrefix === 'string' ? { vethPrefix } : {}),
    ...(typeof mtu === 'string' ? { mtu } : {}),
    ...(typeof enforcingMode === 'string' ? { enforcingMode } : {}),
    // Ours, unlike aws-node's, offers several versions: what it says is no obstacle.
    ...('cniVersions' in Object(document) ? {} : egressOf(plugin('egress-cni'))),
  };
}

/** Told by the range of its addresses. */
function egressOf({ enabled, ipam }: Json): Pick<ForeignConflist, 'egress'> {
  if (String(enabled) !== 'true') return {};
  return { egress: JSON.stringify(isObject(ipam) ? ipam['ranges'] : '').includes('::') ? 'ipv6' : 'ipv4' };
}

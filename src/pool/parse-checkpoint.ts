import { isIpv4, isIpv6, parseIpv6 } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import type { Allocation, Orphan } from './model/types.ts';

/** The format's name; upstream refuses any other. */
const CHECKPOINT_VERSION = 'vpc-cni-ipam/1';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** An allocation to be written; `interfaces` counts those of its pod where several have one key, as upstream has it. */
type Entry = Pick<Allocation, 'address' | 'owner' | 'since'> & { readonly interfaces?: number };

/** Allocations in upstream's checkpoint format, one JSON object and a newline. */
export function renderCheckpoint(allocations: readonly Entry[]): string {
  const entries = allocations.map(({ address, owner, since, interfaces = 1 }) => {
    const key = JSON.stringify({
      networkName: owner.network,
      containerID: owner.containerId,
      ifName: owner.ifName,
      ...(isIpv4(address) ? { ipv4: address } : { ipv6: address }),
    });
    const metadata = JSON.stringify({
      k8sPodNamespace: owner.podNamespace,
      k8sPodName: owner.podName,
      interfacesCount: interfaces,
    });
    // Nanoseconds since 1970 are above 2^53 and Go reads integer literals only: the number is written from a bigint.
    return `${key.slice(0, -1)},"allocationTimestamp":${since},"metadata":${metadata}}`;
  });
  return `{"version":"${CHECKPOINT_VERSION}","allocations":[${entries.join(',')}]}\n`;
}

/** What a checkpoint holds: allocations as we have them, and in words the pods that cannot be taken over yet. */
export interface Survey {
  readonly allocations: readonly Orphan[];
  readonly unsupported: readonly string[];
}

/** The allocations in a checkpoint of ours or of upstream's, of both families. Throws `CHECKPOINT_BAD` naming the first fault. */
export function parseCheckpoint(content: string): readonly Orphan[] {
  return surveyCheckpoint(content).allocations;
}

/** The same, with the pods among them that cannot be taken over from another ipamd yet. Throws `CHECKPOINT_BAD`. */
export function surveyCheckpoint(content: string): Survey {
  const fail = (reason: string): never => {
    throw new HostError('CHECKPOINT_BAD', { reason });
  };
  let document: unknown;
  try {
    // The reviver's third argument holds the number as written: JSON's own number would lose nanoseconds.
    document = JSON.parse(content, (key, value, context?: { readonly source?: string }) =>
      key === 'allocationTimestamp' && typeof value === 'number' ? BigInt(context?.source ?? Math.trunc(value)) : value,
    );
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(document) || document['version'] !== CHECKPOINT_VERSION)
    return fail(`its version is not ${CHECKPOINT_VERSION}`);
  const entries = document['allocations'];
  // Go writes a nil slice as null.
  if (entries !== null && !Array.isArray(entries)) return fail('it has no list of allocations');
  const unsupported: string[] = [];
  const allocations = (entries ?? []).flatMap((entry: unknown, index: number): readonly Orphan[] => {
    if (!isObject(entry)) return fail(`allocation ${index} is no object`);
    const [network, containerId, ifName] = ['networkName', 'containerID', 'ifName'].map((key) => text(entry[key]));
    const [ipv4, ipv6] = [text(entry['ipv4']), text(entry['ipv6'])];
    if (network === undefined || containerId === undefined || ifName === undefined)
      return fail(`allocation ${index} lacks its network, container or interface`);
    const metadata = isObject(entry['metadata']) ? entry['metadata'] : {};
    const named = [metadata['k8sPodNamespace'], metadata['k8sPodName']].map(text);
    const pod = named.every((name) => name !== undefined) ? named.join('/') : containerId;
    if (ipv4 === undefined) unsupported.push(`pod ${pod} has the IPv6 address ${ipv6 ?? 'unknown'}`);
    const address = ipv4 ?? canonical(ipv6);
    if (address === undefined || !(isIpv4(address) || isIpv6(address)))
      return fail(`allocation ${index} has the address "${ipv4 ?? ipv6 ?? ''}"`);
    const since = entry['allocationTimestamp'];
    return [
      {
        address,
        owner: {
          network,
          containerId,
          ifName,
          podNamespace: text(metadata['k8sPodNamespace']),
          podName: text(metadata['k8sPodName']),
        },
        since: typeof since === 'bigint' ? since : 0n,
      },
    ];
  });
  return { allocations, unsupported };
}

/** RFC 5952 spelling, by which addresses are compared; any other text as it is. */
function canonical(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : parseIpv6(text);
  } catch {
    return text;
  }
}

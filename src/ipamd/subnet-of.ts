import { type Ipv4Cidr, parseIpv4Cidr } from '../addr/index.ts';
import type { EniDescription } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import type { Node } from './parts.ts';

const LOOK_AGAIN_MS = 200;

/**
 * The network of an ENI's subnet. Ours is that of the primary ENI, others were described when they were chosen; of any
 * other one the metadata tells it, which learns of a new ENI a moment after its link is there.
 */
export async function subnetOf(
  node: Pick<Node, 'clock' | 'identity' | 'imds' | 'signal'>,
  eni: Pick<EniDescription, 'mac' | 'subnetId'>,
  options: { readonly known: Ipv4Cidr | undefined; readonly timeoutMs: number },
): Promise<Ipv4Cidr> {
  const { clock, identity, imds, signal } = node;
  if (eni.subnetId === identity.subnetId) return identity.subnetCidr;
  if (options.known !== undefined) return options.known;
  const path = `/latest/meta-data/network/interfaces/macs/${eni.mac}/subnet-ipv4-cidr-block`;
  const deadline = clock.monotonic() + options.timeoutMs;
  for (;;) {
    const told = await imds.get(path);
    if (told !== undefined) return parseIpv4Cidr(told.trim());
    if (clock.monotonic() >= deadline) throw new HostError('IMDS_BAD_ANSWER', { path, found: 'HTTP 404' });
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

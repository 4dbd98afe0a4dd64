import type { MacAddress } from '../addr/index.ts';
import { createImds, type InstanceFacts, readInstance, readUserData } from '../aws/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { listLinks, listLinksByMac, RouteSocket } from '../kernel/index.ts';
import type { Clock } from '../sys/index.ts';

/** Who this instance is and what its primary ENI is called here. What is unknown has its reason. */
export interface FoundInstance {
  readonly instance: InstanceFacts | undefined;
  readonly primaryLink: string | undefined;
  /** The EC2 user data, when it was asked for. */
  readonly userData: Uint8Array | undefined;
  readonly problems: readonly HostError[];
}

// udev renames links while a machine boots, and the ENA driver may come late.
const LINK_DEADLINE_MS = 5_000;
const LINK_POLL_MS = 50;

/**
 * The link with this MAC; waits a little for it to appear. Throws `LINK_MISSING` with the MACs there are, or
 * `LINK_AMBIGUOUS`.
 */
async function findPrimaryLink(mac: MacAddress, clock: Clock, waitMs: number): Promise<string> {
  using socket = new RouteSocket();
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const [found, ...more] = listLinksByMac(socket, mac);
    if (found !== undefined && more.length === 0) return found.name;
    if (found !== undefined) {
      const links = [found, ...more].map(({ name }) => name).join(', ');
      throw new HostError('LINK_AMBIGUOUS', { mac, links });
    }
    if (clock.monotonic() >= deadline) {
      const seen = listLinks(socket).map((link) => `${link.name} ${link.mac ?? 'without MAC'}`);
      throw new HostError('LINK_MISSING', { mac, seen: seen.join(', ') });
    }
    await clock.sleep(LINK_POLL_MS);
  }
}

/** Asks the metadata service who we are and looks for the primary link. Not knowing is an answer: a dry run says it. */
export async function findInstance(input: {
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly userData: 'read' | 'known';
}): Promise<FoundInstance> {
  const { endpoint, timeoutMs, clock } = input;
  let known: Pick<FoundInstance, 'instance' | 'userData'> = { instance: undefined, userData: undefined };
  try {
    const imds = createImds({ endpoint, timeoutMs });
    const [instance, userData] = await Promise.all([
      readInstance(imds),
      input.userData === 'read' ? readUserData(imds) : undefined,
    ]);
    known = { instance, userData };
    const waitMs = Math.min(timeoutMs, LINK_DEADLINE_MS);
    const primaryLink = await findPrimaryLink(instance.primaryMac, clock, waitMs);
    return { ...known, primaryLink, problems: [] };
  } catch (error) {
    return { ...known, primaryLink: undefined, problems: [toHostError(error)] };
  }
}

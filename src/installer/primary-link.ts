import { type MacAddress, parseMac } from '../addr/index.ts';
import { createImds } from '../aws/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { listLinks, RouteSocket } from '../kernel/index.ts';
import type { Clock } from '../sys/index.ts';

/** The link of the primary ENI, or why it is not known. */
export type PrimaryLink =
  | { readonly kind: 'known'; readonly name: string }
  | { readonly kind: 'unknown'; readonly failure: HostError };

// udev renames links while a machine boots, and the ENA driver may come late.
const LINK_DEADLINE_MS = 5_000;
const LINK_POLL_MS = 50;
const MAC_PATH = '/latest/meta-data/mac';

async function primaryMac(endpoint: string | undefined, timeoutMs: number): Promise<MacAddress> {
  const text = await createImds({ endpoint, timeoutMs }).get(MAC_PATH);
  if (text === undefined) throw new HostError('IMDS_BAD_ANSWER', { path: MAC_PATH, found: 'HTTP 404' });
  return parseMac(text.trim());
}

/**
 * The link whose MAC the metadata service names; waits a little for it to appear. Throws what the service said, or
 * `LINK_MISSING` with the MACs there are.
 */
async function findPrimaryLink(input: {
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
}): Promise<string> {
  const { endpoint, timeoutMs, clock } = input;
  const mac = await primaryMac(endpoint, timeoutMs);
  using socket = new RouteSocket();
  const deadline = clock.monotonic() + Math.min(timeoutMs, LINK_DEADLINE_MS);
  for (;;) {
    const links = listLinks(socket);
    const found = links.filter((link) => link.mac === mac).sort((a, b) => a.index - b.index)[0];
    if (found !== undefined) return found.name;
    if (clock.monotonic() >= deadline) {
      const seen = links.map((link) => `${link.name} ${link.mac ?? 'without MAC'}`).join(', ');
      throw new HostError('LINK_MISSING', { mac, seen });
    }
    await clock.sleep(LINK_POLL_MS);
  }
}

/** As `findPrimaryLink`, for a dry run: not knowing is an answer. */
export async function tryPrimaryLink(input: Parameters<typeof findPrimaryLink>[0]): Promise<PrimaryLink> {
  try {
    return { kind: 'known', name: await findPrimaryLink(input) };
  } catch (error) {
    return { kind: 'unknown', failure: toHostError(error) };
  }
}

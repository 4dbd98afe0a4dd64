import type { Settings } from '../config/index.ts';
import { toHostError } from '../errors/index.ts';
import {
  type DoctorFacts,
  observeAws,
  observeOwnNetwork,
  observeSandboxes,
  observeSurroundings,
} from '../inspect/index.ts';
import { findOtherIpamd, findPodRoom, type Host } from '../installer/index.ts';

/** What is seen only on a node that runs. */
export type NodeFacts = Pick<DoctorFacts, 'network' | 'sandboxes' | 'surroundings' | 'skipped'>;

/** As long as a person waits for an instance that answers within milliseconds. */
const IMDS_MS = 1_000;

/** The kernel, our notes and what surrounds us. The notes of the daemon are root's: to others this group is skipped. */
export async function observeNode(place: {
  readonly host: Host;
  readonly settings: Settings;
  /** The daemon's folder of this boot. */
  readonly run: string;
}): Promise<NodeFacts> {
  const { host, settings } = place;
  const node = { ...place, files: host.files, exec: host.exec };
  try {
    const [network, otherIpamd, podRoom] = await Promise.all([
      observeOwnNetwork(node),
      findOtherIpamd(host),
      findPodRoom({ settings, env: host.env, imdsMs: IMDS_MS }).catch(() => undefined),
    ]);
    const known = { network, otherIpamd, podRoom: podRoom?.maxPods };
    const [surroundings, runtime] = await Promise.all([
      observeSurroundings(node, known),
      observeSandboxes(host, network).then(
        (sandboxes) => (sandboxes === undefined ? {} : { sandboxes }),
        (error: unknown) => ({ skipped: [`the sandboxes of the container runtime: ${toHostError(error).message}`] }),
      ),
    ]);
    return { network, surroundings, ...runtime };
  } catch (error) {
    const { code, message } = toHostError(error);
    return { skipped: [`the network of this node: ${code}: ${message}`] };
  }
}

/** What the metadata service and EC2 say; skipped, and told as such by the other group, for whom the notes are not. */
export async function observeAmazon(place: Parameters<typeof observeNode>[0]): Promise<Pick<DoctorFacts, 'aws'>> {
  try {
    return { aws: await observeAws({ ...place, files: place.host.files, exec: place.host.exec }) };
  } catch {
    return {};
  }
}

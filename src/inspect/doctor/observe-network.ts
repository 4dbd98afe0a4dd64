import { IP_FAMILIES } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';
import { type ObservedNetwork, usesMark } from '../../dataplane/index.ts';
import { findPacketRules, observeNetwork, RouteSocket } from '../../kernel/index.ts';
import type { Exec, ReadFiles } from '../../sys/index.ts';
import { type Notes, readNotes } from '../explain/memory.ts';
import type { NetworkFacts } from './network.ts';

/** Where a node is looked at. */
export interface NodePlace {
  readonly files: ReadFiles;
  readonly exec: Exec;
  readonly settings: Settings;
  /** The daemon's folder of this boot. */
  readonly run: string;
}

/** Every link, address, route and rule of ours that the kernel has. */
export function observeKernel(): ObservedNetwork {
  using socket = new RouteSocket();
  return observeNetwork(socket, IP_FAMILIES);
}

/** Where there is no nft(8) the rules are in iptables, and the daemon alone can tell them from others'. */
async function observePacketRules(
  { exec, settings }: Pick<NodePlace, 'exec' | 'settings'>,
  notes: Notes,
): Promise<NetworkFacts['packetRules']> {
  const wanted =
    !settings.ENABLE_IPv6 &&
    usesMark({
      externalSnat: settings.AWS_VPC_K8S_CNI_EXTERNALSNAT,
      nodePort: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
    });
  // Before the daemon has known an ENI it has made none.
  if (!wanted || notes.enis.length === 0) return undefined;
  const found = await findPacketRules(exec);
  if (!found.usable) return undefined;
  if (found.listing === '') return 'missing';
  return found.digest === undefined ? 'altered' : 'as made';
}

/** What the daemon wrote down, and the kernel as it is now. Throws where the notes are not for us to read. */
export async function observeOwnNetwork(place: NodePlace): Promise<NetworkFacts> {
  const { files, settings, run } = place;
  const notes = readNotes(files, settings, run);
  return { settings, notes, observed: observeKernel(), packetRules: await observePacketRules(place, notes) };
}

import type { MacAddress } from '../../addr/index.ts';
import { readMac } from './address-bytes.ts';
import { decodeAttributes, decodeReplies, type NetlinkReply, readString } from './codec.ts';
import { IFLA, RT_SCOPE, RTM } from './constants.ts';

/** Something that has happened to a link or an address. `unclear`: something has, and the message does not say what. */
export type NetworkEvent =
  | { readonly kind: 'link'; readonly gone: boolean; readonly name: string; readonly mac: MacAddress | undefined }
  | { readonly kind: 'address'; readonly gone: boolean }
  | { readonly kind: 'unclear' };

const LINK_ATTRIBUTES: ReadonlySet<number> = new Set([IFLA.IFNAME, IFLA.ADDRESS]);

function eventOf({ type, payload }: NetlinkReply): readonly NetworkEvent[] {
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK: {
      const attributes = decodeAttributes(payload, 16, LINK_ATTRIBUTES);
      const name = readString(attributes.get(IFLA.IFNAME)) ?? '';
      return [{ kind: 'link', gone: type === RTM.DELLINK, name, mac: readMac(attributes.get(IFLA.ADDRESS)) }];
    }
    case RTM.NEWADDR:
    case RTM.DELADDR:
      // Each pod's pair gets a link-local address, and nobody else's address is one.
      if (payload[3] === RT_SCOPE.LINK) return [];
      return [{ kind: 'address', gone: type === RTM.DELADDR }];
    default:
      return [];
  }
}

/** The events in what a subscribed socket has received. A piece that cannot be read says no more than that it came. */
export function readEvents(received: Uint8Array): readonly NetworkEvent[] {
  try {
    return decodeReplies(received).flatMap(eventOf);
  } catch {
    return [{ kind: 'unclear' }];
  }
}

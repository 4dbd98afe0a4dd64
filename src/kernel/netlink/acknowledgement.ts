import { decodeAttributes, malformed, type NetlinkReply, readString } from './codec.ts';
import { NLM_F, NLMSGERR_ATTR_MSG } from './constants.ts';

/** What the kernel said to one request. `errno` 0 means done; `text` is its own explanation, where it gave one. */
export interface Acknowledgement {
  readonly errno: number;
  readonly text: string | undefined;
}

/** The verdict in an NLMSG_ERROR message: errno, then the request's header, then extended-ack attributes. */
export function readAcknowledgement(reply: NetlinkReply): Acknowledgement {
  if (reply.payload.length < 4) malformed(`an acknowledgement of ${reply.payload.length} bytes`);
  const view = new DataView(reply.payload.buffer, reply.payload.byteOffset, reply.payload.byteLength);
  const errno = -view.getInt32(0, true);
  if ((reply.flags & NLM_F.ACK_TLVS) === 0 || reply.payload.length < 20) return { errno, text: undefined };
  const echoed = (reply.flags & NLM_F.CAPPED) !== 0 ? 16 : view.getUint32(4, true);
  return { errno, text: readString(decodeAttributes(reply.payload, 4 + echoed).get(NLMSGERR_ATTR_MSG)) };
}

import { decodeAttributes, malformed, type NetlinkReply, type NetlinkRequest, readString } from './codec.ts';
import { NLM_F, NLMSG, NLMSGERR_ATTR_MSG } from './constants.ts';

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

/** The requests of one send, flagged so that the kernel says something to the last of them whatever becomes of it. */
export function withLastAnswered(requests: readonly NetlinkRequest[]): readonly NetlinkRequest[] {
  // The kernel tells of each failure unasked (af_netlink.c, `netlink_rcv_skb`): of success only the last one has to.
  return requests.map((request, index) => ({
    ...request,
    flags: request.flags | NLM_F.REQUEST | (index === requests.length - 1 ? NLM_F.ACK : 0),
  }));
}

/** Gathers what the kernel says to the requests of one send, the first of which has the number `first`. */
export class Answers {
  readonly #first: number;
  readonly #count: number;
  readonly #said = new Map<number, Acknowledgement>();

  constructor(first: number, count: number) {
    this.#first = first;
    this.#count = count;
  }

  /** Takes what was received; reports whether the last request has its answer. */
  take(replies: readonly NetlinkReply[]): boolean {
    for (const reply of replies)
      if (reply.type === NLMSG.ERROR && reply.sequence >= this.#first)
        this.#said.set(reply.sequence - this.#first, readAcknowledgement(reply));
    return this.#said.has(this.#count - 1);
  }

  /** In the order of the requests; of which nothing was said, that is done. */
  list(): readonly Acknowledgement[] {
    return Array.from({ length: this.#count }, (_, index) => this.#said.get(index) ?? { errno: 0, text: undefined });
  }
}

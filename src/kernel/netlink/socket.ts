import { HostError } from '../../errors/index.ts';
import {
  closeSocket,
  errnoName,
  inNetns,
  type Netns,
  openNetlinkSocket,
  receiveInto,
  sendBytes,
} from '../../sys/index.ts';
import {
  decodeAttributes,
  decodeReplies,
  encodeRequests,
  type NetlinkReply,
  type NetlinkRequest,
  readString,
} from './codec.ts';
import { NLM_F, NLMSG, NLMSGERR_ATTR_MSG } from './constants.ts';

/** What the kernel said to one request of a batch. `errno` 0 means done. */
export interface Acknowledgement {
  readonly errno: number;
  readonly text: string | undefined;
}

const RECEIVE_BYTES = 64 * 1024;
const DUMP_TRIES = 5;

/** The verdict in an NLMSG_ERROR payload: errno, then the request's header, then extended-ack attributes. */
function readAcknowledgement(reply: NetlinkReply): Acknowledgement {
  const view = new DataView(reply.payload.buffer, reply.payload.byteOffset, reply.payload.byteLength);
  if (reply.payload.length < 4) return { errno: 0, text: 'the acknowledgement is cut off' };
  const errno = -view.getInt32(0, true);
  if ((reply.flags & NLM_F.ACK_TLVS) === 0 || reply.payload.length < 20) return { errno, text: undefined };
  const echoed = (reply.flags & NLM_F.CAPPED) !== 0 ? 16 : view.getUint32(4, true);
  return { errno, text: readString(decodeAttributes(reply.payload, 4 + echoed).get(NLMSGERR_ATTR_MSG)) };
}

/** A route netlink socket of one namespace. Requests are synchronous: the kernel has done the work when they return. */
export class RouteSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);
  #sequence = 1;

  /** Opens it in the calling thread's namespace, or in `netns`. */
  constructor(netns?: Netns) {
    this.#fd = netns === undefined ? openNetlinkSocket() : inNetns(netns, () => openNetlinkSocket());
  }

  [Symbol.dispose](): void {
    closeSocket(this.#fd);
  }

  /** Sends all requests in one system call; the kernel works them in order, and goes on behind one that fails. */
  batch(requests: readonly NetlinkRequest[]): readonly Acknowledgement[] {
    if (requests.length === 0) return [];
    const first = this.#sequence;
    this.#sequence += requests.length;
    const flagged = requests.map((request) => ({ ...request, flags: request.flags | NLM_F.REQUEST | NLM_F.ACK }));
    sendBytes(this.#fd, encodeRequests(flagged, first));
    const answers = new Map<number, Acknowledgement>();
    while (answers.size < requests.length)
      for (const reply of this.#receive())
        if (reply.type === NLMSG.ERROR && reply.sequence >= first)
          answers.set(reply.sequence - first, readAcknowledgement(reply));
    return requests.map((_, index) => answers.get(index) ?? { errno: 0, text: undefined });
  }

  /** The single object a GET without the dump flag names; `undefined` when the kernel has none (ENODEV, ENOENT). */
  get(request: NetlinkRequest): NetlinkReply | undefined {
    const sequence = this.#sequence++;
    sendBytes(this.#fd, encodeRequests([{ ...request, flags: NLM_F.REQUEST }], sequence));
    for (;;)
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        return reply.type === NLMSG.ERROR ? undefined : reply;
      }
  }

  /** All objects of a kind. A dump that the kernel marks as interrupted mixes two states, so it is taken anew. */
  dump(request: NetlinkRequest): readonly NetlinkReply[] {
    for (let tries = 1; ; tries++) {
      const { replies, interrupted } = this.#dumpOnce(request);
      if (!interrupted || tries === DUMP_TRIES) return replies;
    }
  }

  #dumpOnce(request: NetlinkRequest): { readonly replies: readonly NetlinkReply[]; readonly interrupted: boolean } {
    const sequence = this.#sequence++;
    sendBytes(this.#fd, encodeRequests([{ ...request, flags: NLM_F.REQUEST | NLM_F.DUMP }], sequence));
    const replies: NetlinkReply[] = [];
    let interrupted = false;
    for (;;)
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if ((reply.flags & NLM_F.DUMP_INTR) !== 0) interrupted = true;
        if (reply.type === NLMSG.DONE) return { replies, interrupted };
        if (reply.type === NLMSG.ERROR) {
          const { errno, text } = readAcknowledgement(reply);
          throw new HostError('NETLINK', {
            action: `list objects (message ${request.type})`,
            errno: errnoName(errno),
            extack: text,
          });
        }
        replies.push(reply);
      }
  }

  #receive(): readonly NetlinkReply[] {
    const length = receiveInto(this.#fd, this.#buffer, 'block') ?? 0;
    return decodeReplies(this.#buffer.subarray(0, length));
  }
}

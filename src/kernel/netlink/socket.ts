import { HostError } from '../../errors/index.ts';
import {
  closeSocket,
  ERRNO,
  errnoName,
  inNetns,
  type Netns,
  netlinkPort,
  openNetlinkSocket,
  receiveInto,
  sendBytes,
} from '../../sys/index.ts';
import { type Acknowledgement, Answers, readAcknowledgement, withLastAnswered } from './acknowledgement.ts';
import { decodeReplies, encodeRequests, type NetlinkReply, type NetlinkRequest } from './codec.ts';
import { NLM_F, NLMSG } from './constants.ts';

const RECEIVE_BYTES = 64 * 1024;
// A few hundred links take a millisecond or two: long enough for a burst of pods to end.
const DUMP_TRIES = 30;
/** All answers to one send wait in the receive buffer, and ~280 fill the default one (208 KiB): the rest would be lost. */
export const REQUESTS_PER_SEND = 64;

/** Shared by all sockets, for every exchange ends before the next one begins; a pod's socket lives for milliseconds. */
const received = new Uint8Array(RECEIVE_BYTES);

/** A route netlink socket of one namespace. Requests are synchronous: the kernel has done the work when they return. */
export class RouteSocket implements Disposable {
  readonly #fd: number;
  #sequence = 1;

  /** Opens it in the calling thread's namespace, or in `netns`. */
  constructor(netns?: Netns) {
    this.#fd = netns === undefined ? openNetlinkSocket() : inNetns(netns, () => openNetlinkSocket());
  }

  /** What this socket changes is told to subscribers with this number. */
  get port(): number {
    return netlinkPort(this.#fd);
  }

  [Symbol.dispose](): void {
    closeSocket(this.#fd);
  }

  /** Sends all requests, many in one system call; the kernel works them in order, and goes on behind one that fails. */
  batch(requests: readonly NetlinkRequest[]): readonly Acknowledgement[] {
    const answers: Acknowledgement[] = [];
    for (let from = 0; from < requests.length; from += REQUESTS_PER_SEND)
      answers.push(...this.#send(requests.slice(from, from + REQUESTS_PER_SEND)));
    return answers;
  }

  #send(requests: readonly NetlinkRequest[]): readonly Acknowledgement[] {
    const first = this.#sequence;
    this.#sequence += requests.length;
    sendBytes(this.#fd, encodeRequests(withLastAnswered(requests), first));
    const answers = new Answers(first, requests.length);
    while (!answers.take(this.#receive()));
    return answers.list();
  }

  /** The single object a GET without the dump flag names; `undefined` when the kernel has none. Throws `NETLINK`. */
  get(request: NetlinkRequest): NetlinkReply | undefined {
    const sequence = this.#sequence++;
    sendBytes(this.#fd, encodeRequests([{ ...request, flags: NLM_F.REQUEST }], sequence));
    for (;;)
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if (reply.type !== NLMSG.ERROR) return reply;
        const { errno, text } = readAcknowledgement(reply);
        if (errno === ERRNO.ENODEV || errno === ERRNO.ENOENT) return undefined;
        throw new HostError('NETLINK', {
          action: `get an object (message ${request.type})`,
          errno: errnoName(errno),
          extack: text,
        });
      }
  }

  /**
   * All objects of a kind. A dump that the kernel marks as interrupted mixes two states, so it is taken anew. Throws
   * `NETLINK` when that does not help: an object missing from the mix would be taken for gone.
   */
  dump(request: NetlinkRequest): readonly NetlinkReply[] {
    for (let tries = 1; tries <= DUMP_TRIES; tries++) {
      const { replies, interrupted } = this.#dumpOnce(request);
      if (!interrupted) return replies;
    }
    throw new HostError('NETLINK', {
      action: `list objects (message ${request.type})`,
      errno: `they changed during each of ${DUMP_TRIES} attempts`,
    });
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
    const length = receiveInto(this.#fd, received);
    return decodeReplies(received.subarray(0, length));
  }
}

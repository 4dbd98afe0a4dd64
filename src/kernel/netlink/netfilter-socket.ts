import { HostError } from '../../errors/index.ts';
import {
  closeSocket,
  errnoName,
  inNetns,
  type Netns,
  openNetfilterSocket,
  receiveAside,
  sendAside,
} from '../../sys/index.ts';
import { type Acknowledgement, Answers, readAcknowledgement, withLastAnswered } from './acknowledgement.ts';
import { decodeReplies, encodeRequests, type NetlinkReply, type NetlinkRequest } from './codec.ts';
import { NLM_F, NLMSG } from './constants.ts';
import { REQUESTS_PER_SEND } from './socket.ts';

const RECEIVE_BYTES = 64 * 1024;

/**
 * A netfilter socket of one namespace. The kernel walks all connections of a host for one request, which
 * takes milliseconds, and far more on a busy one: it does so in another thread. One request at a time.
 */
export class NetfilterSocket implements Disposable {
  readonly #fd: number;
  readonly #received = new Uint8Array(RECEIVE_BYTES);
  #sequence = 1;

  /** Opens it in the calling thread's namespace, or in `netns`. */
  constructor(netns?: Netns) {
    this.#fd = netns === undefined ? openNetfilterSocket() : inNetns(netns, () => openNetfilterSocket());
  }

  [Symbol.dispose](): void {
    closeSocket(this.#fd);
  }

  /** What the kernel says to each request; it goes on behind one that fails. */
  async batch(requests: readonly NetlinkRequest[]): Promise<readonly Acknowledgement[]> {
    const said: Acknowledgement[] = [];
    for (let from = 0; from < requests.length; from += REQUESTS_PER_SEND) {
      const part = requests.slice(from, from + REQUESTS_PER_SEND);
      const answers = new Answers(this.#sequence, part.length);
      await this.#send(withLastAnswered(part));
      while (!answers.take(await this.#receive()));
      said.push(...answers.list());
    }
    return said;
  }

  /**
   * What `pick` takes of a list, one piece of it in a turn. Objects that come or go meanwhile may be missing, or be in it
   * twice. Throws `NETLINK`.
   */
  async dump<T>(request: NetlinkRequest, pick: (reply: NetlinkReply) => T | undefined): Promise<readonly T[]> {
    const sequence = await this.#send([{ ...request, flags: NLM_F.REQUEST | NLM_F.DUMP }]);
    const picked: T[] = [];
    for (;;)
      for (const reply of await this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if (reply.type === NLMSG.DONE) return picked;
        if (reply.type === NLMSG.ERROR) {
          const { errno, text } = readAcknowledgement(reply);
          const action = `list objects of netfilter (message ${request.type})`;
          throw new HostError('NETLINK', { action, errno: errnoName(errno), extack: text });
        }
        const one = pick(reply);
        if (one !== undefined) picked.push(one);
      }
  }

  async #send(requests: readonly NetlinkRequest[]): Promise<number> {
    const first = this.#sequence;
    this.#sequence += requests.length;
    await sendAside(this.#fd, encodeRequests(requests, first));
    return first;
  }

  async #receive(): Promise<readonly NetlinkReply[]> {
    const length = await receiveAside(this.#fd, this.#received);
    return decodeReplies(this.#received.subarray(0, length));
  }
}

import { parseIpv4 } from '../../src/addr/index.ts';
import { MAIN_TABLE, type PodWiring, podWiring, type Step } from '../../src/dataplane/index.ts';
import { requestOf } from '../../src/kernel/apply.ts';
import { applySteps, openPodNetns, RouteSocket } from '../../src/kernel/index.ts';
import { readAcknowledgement } from '../../src/kernel/netlink/acknowledgement.ts';
import { decodeReplies, encodeRequests, type NetlinkRequest } from '../../src/kernel/netlink/codec.ts';
import { NLM_F, NLMSG } from '../../src/kernel/netlink/constants.ts';
import { readLinkPlace } from '../../src/kernel/netlink/facts.ts';
import { createVeth, deleteLink, getLink } from '../../src/kernel/netlink/messages.ts';
import { closeSocket, inNetns, openNetlinkSocket, receiveInto, sendBytes } from '../../src/sys/index.ts';

const received = new Uint8Array(64 * 1024);

/** Nobody's: one pod at a time has it. */
const FLOOR_ADDRESS = parseIpv4('10.251.0.1');

/** A socket that counts the time its messages take in the kernel; they are bytes before it begins to count. */
class TimedSocket implements Disposable {
  readonly #fd: number;
  ms = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  [Symbol.dispose](): void {
    closeSocket(this.#fd);
  }

  /** Sends requests as one message of which the last one has these flags; the index of the link that the answer tells. */
  send(requests: readonly NetlinkRequest[], flags: number): number {
    const last = requests.length - 1;
    const bytes = encodeRequests(
      requests.map((each, n) => ({ ...each, flags: each.flags | NLM_F.REQUEST | (n === last ? flags : 0) })),
      1,
    );
    const began = performance.now();
    sendBytes(this.#fd, bytes);
    let length = receiveInto(this.#fd, received);
    this.ms += performance.now() - began;
    for (;;) {
      for (const reply of decodeReplies(received.subarray(0, length))) {
        if (reply.type !== NLMSG.ERROR) return readLinkPlace(reply).index;
        const { errno, text } = readAcknowledgement(reply);
        if (errno !== 0) throw new Error(`the kernel refuses message ${reply.sequence}: ${text ?? errno}`);
        if (reply.sequence === requests.length) return 0;
      }
      length = receiveInto(this.#fd, received);
    }
  }
}

const requestsOf = (steps: readonly Step[], index: number): readonly NetlinkRequest[] =>
  steps.flatMap((step) => (step.kind === 'add-vlan' ? [] : [requestOf(step, index)]));

function wire(wiring: PodWiring, to: { readonly host: TimedSocket; readonly pod: TimedSocket; readonly fd: number }) {
  const { veth, hostSteps, podSteps } = wiring;
  const { host, pod } = to;
  host.send([createVeth(veth, to.fd)], NLM_F.ACK);
  host.send(requestsOf(hostSteps, host.send([getLink(veth.host.name)], 0)), NLM_F.ACK);
  pod.send(requestsOf(podSteps, pod.send([getLink(veth.container.name)], 0)), NLM_F.ACK);
}

/**
 * Milliseconds the kernel takes for the netlink messages of an ADD, sent back to back over sockets that are open already.
 * Nothing of it is left.
 */
export function wireAtOnce(netnsPath: string, table = MAIN_TABLE): number {
  using netns = openPodNetns(netnsPath);
  using host = new TimedSocket(openNetlinkSocket());
  using pod = new TimedSocket(inNetns(netns, openNetlinkSocket));
  const identity = { network: 'floor', containerId: 'floor', ifName: 'eth0', namespace: 'bench', name: 'floor' };
  const wiring = podWiring({ pod: identity, address: FLOOR_ADDRESS, table, vethPrefix: 'flo', mtu: 9001 });
  wire(wiring, { host, pod, fd: netns.fd });
  const ms = host.ms + pod.ms;
  // A daemon that looks at the host meanwhile takes rules of our protocol away that it does not know.
  using socket = new RouteSocket();
  const rules = wiring.hostRules.map((rule): Step => ({ kind: 'remove-rule', rule }));
  applySteps(socket, rules);
  host.send([deleteLink({ index: host.send([getLink(wiring.veth.host.name)], 0) })], NLM_F.ACK);
  return ms;
}

import { callDaemon, OURS, type Peer, type Pod } from './peers.ts';
import { linkCount, makeSandbox, removeSandboxes, settle } from './sandbox.ts';

let made = 0;

/** A pod that has a namespace and no address yet. */
export function makePod(peer: Peer): Pod {
  made += 1;
  const id = `bench-${peer.name}-${process.pid}-${made}`;
  return { id, netns: makeSandbox(id) };
}

export const makePods = (peer: Peer, count: number): readonly Pod[] =>
  Array.from({ length: count }, () => makePod(peer));

/** Each in turn goes first, so that what one leaves behind in the kernel does not always meet the other. */
export const inTurn = (peers: readonly Peer[], round: number): readonly Peer[] =>
  round % 2 === 0 ? peers : peers.toReversed();

const AT_ONCE = 20;

/** Lets so many pods come and go, some at a time. They ask the daemon themselves: plugins would only make it slower. */
export async function turnOver(count: number, atOnce = AT_ONCE, pauseMs = 0): Promise<void> {
  const links = linkCount();
  for (let done = 0; done < count; done += atOnce) {
    const pods = makePods(OURS, atOnce);
    const added = await Promise.all(pods.map((pod) => callDaemon('ADD', pod)));
    if (pauseMs > 0) await Bun.sleep(pauseMs);
    await Promise.all(added.map((pod) => callDaemon('DEL', pod)));
    removeSandboxes(pods.map(({ netns }) => netns));
    if (pauseMs > 0) await Bun.sleep(pauseMs);
  }
  await settle(links);
}

import { closeSocket, datagramsOf, inNetns, type Netns, openNetlinkEvents } from '../sys/index.ts';
import { GROUP } from './netlink/constants.ts';
import { type NetworkEvent, readEvents } from './netlink/events.ts';

export type { NetworkEvent } from './netlink/events.ts';

/**
 * Tells of every change of a link or an address in the namespace of the calling thread, or in `netns`, until the signal;
 * costs nothing while nothing changes. Events only say that it is time to look: some may be missing. `ended` is called
 * when the subscription fails, after which nothing is told any more. Throws `NETLINK` when there is none.
 */
export function watchNetwork(request: {
  readonly netns?: Netns;
  readonly signal: AbortSignal;
  readonly tell: (events: readonly NetworkEvent[]) => void;
  readonly ended: (error: unknown) => void;
}): void {
  const { netns, signal, tell, ended } = request;
  const open = (): number => openNetlinkEvents(GROUP.LINK | GROUP.IPV4_ADDRESS | GROUP.IPV6_ADDRESS);
  const fd = netns === undefined ? open() : inNetns(netns, open);
  const reader = datagramsOf(fd).getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      tell(readEvents(value));
    }
    if (!signal.aborted) throw new Error('the kernel ended the subscription');
  };
  read()
    .catch((error: unknown) => {
      if (!signal.aborted) ended(error);
    })
    .finally(() => {
      signal.removeEventListener('abort', stop);
      closeSocket(fd);
    });
}

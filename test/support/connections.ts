import type { IpFamily } from '../../src/addr/index.ts';
import { listConnections, readConnection } from '../../src/kernel/netlink/conntrack.ts';
import { NetfilterSocket } from '../../src/kernel/netlink/netfilter-socket.ts';
import type { TestNetns } from './netns.ts';

/** All connections the kernel follows in a namespace, as who began each and who answers it. */
export async function connectionsOf(space: TestNetns, family: IpFamily = 'ipv4'): Promise<readonly string[]> {
  using socket = new NetfilterSocket(space.netns);
  const texts = await socket.dump(listConnections(family), (reply) => {
    const connection = readConnection(reply);
    return connection === undefined ? undefined : `${connection.began} > ${connection.answers}`;
  });
  return texts.toSorted();
}

import { familyOf, IP_FAMILIES, type IpAddress, type IpFamily, isIpv4 } from '../addr/index.ts';
import { HostError } from '../errors/index.ts';
import { ERRNO, errnoName, type Netns } from '../sys/index.ts';
import type { Acknowledgement } from './netlink/acknowledgement.ts';
import { addressBytes } from './netlink/address-bytes.ts';
import type { NetlinkReply, NetlinkRequest } from './netlink/codec.ts';
import { deleteConnection, deleteConnections, listConnections, readConnection } from './netlink/conntrack.ts';
import { NetfilterSocket } from './netlink/netfilter-socket.ts';

/** What a kernel says that removes connections only one by one. */
const NOT_BY_ADDRESS: ReadonlySet<number> = new Set([ERRNO.EINVAL, ERRNO.EOPNOTSUPP]);
/** The connection has ended by itself, or is in a list twice. */
const GONE: ReadonlySet<number> = new Set([ERRNO.ENOENT]);

/**
 * Makes the kernel forget every connection of these addresses, with what NAT and marks were decided for it: what is left
 * would decide for the next pod that has the address. Works in another thread; in the namespace of the calling one, or in
 * `netns`. Throws `NETLINK`.
 */
export async function forgetConnections(addresses: readonly IpAddress[], netns?: Netns): Promise<void> {
  using socket = new NetfilterSocket(netns);
  const byAddress = await forgetByAddress(socket, addresses);
  for (const family of IP_FAMILIES) {
    const left = addresses.filter((address) => familyOf(address) === family);
    if (left.length > 0 && !(byAddress && family === 'ipv4')) await forgetOneByOne(socket, family, left);
  }
}

/** Forgets those of the IPv4 addresses; reports whether the kernel can. */
async function forgetByAddress(socket: NetfilterSocket, addresses: readonly IpAddress[]): Promise<boolean> {
  const requests = addresses
    .filter(isIpv4)
    .flatMap((address) => (['began', 'answers'] as const).map((part) => deleteConnections(part, address)));
  const answers = await socket.batch(requests);
  refuse(answers, NOT_BY_ADDRESS);
  return answers.every(({ errno }) => errno === 0);
}

async function forgetOneByOne(
  socket: NetfilterSocket,
  family: IpFamily,
  addresses: readonly IpAddress[],
): Promise<void> {
  const wanted = new Set(addresses);
  const bytes = addresses.map((address) => Buffer.from(addressBytes(address)));
  const removal = (reply: NetlinkReply): NetlinkRequest | undefined => {
    // Of a hundred thousand a few are ours: the others are not worth to be taken apart.
    const raw = Buffer.from(reply.payload.buffer, reply.payload.byteOffset, reply.payload.byteLength);
    if (!bytes.some((each) => raw.includes(each))) return undefined;
    const connection = readConnection(reply);
    const isOurs = [connection?.began, connection?.answers].some((each) => each !== undefined && wanted.has(each));
    return connection !== undefined && isOurs ? deleteConnection(family, connection) : undefined;
  };
  refuse(await socket.batch(await socket.dump(listConnections(family), removal)), GONE);
}

function refuse(answers: readonly Acknowledgement[], allowed: ReadonlySet<number>): void {
  const refused = answers.find(({ errno }) => errno !== 0 && !allowed.has(errno));
  if (refused === undefined) return;
  const { errno, text: extack } = refused;
  throw new HostError('NETLINK', { action: 'remove connections from conntrack', errno: errnoName(errno), extack });
}

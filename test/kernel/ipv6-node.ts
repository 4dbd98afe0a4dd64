import { parseIpv6 } from '../../src/addr/index.ts';
import type { TestNode } from './pod-node.ts';

export const NODE_IPV6 = parseIpv6('2001:db8:1::5');
export const WORLD_IPV6 = '2001:db8:ffff::1';

/** Gives the node an IPv6 address and the world behind its primary ENI one too. */
export function giveIpv6({ space, router }: TestNode): void {
  router.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.vpc.accept_dad=0');
  router.ip(`addr add ${WORLD_IPV6}/128 dev lo nodad`);
  router.ip('addr add fe80:ec2::1/64 dev vpc nodad');
  router.ip(`route add ${NODE_IPV6}/128 dev vpc`);
  space.ip(`addr add ${NODE_IPV6}/128 dev eth0 nodad`);
  space.ip('route add default via fe80:ec2::1 dev eth0');
  space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
}

import type { EniView, PodView, SimStatus } from '../../sim/index.ts';
import { renderClock } from './clock.ts';
import { table } from './context.ts';
import { renderDials, renderTimes } from './dial.ts';

/** The VPC for people: where its services are, then a line per ENI and per pod. */
export function renderStatus(status: SimStatus): string {
  const subnets = status.subnets.map(
    ({ id, cidr, ipv6, availabilityZone, free }) =>
      `${cidr}${ipv6 === undefined ? '' : ` ${ipv6}`} ${availabilityZone} ${id}, ${free} free`,
  );
  const enis = status.nodes.flatMap((node) =>
    node.enis.map((eni) => [node.name, node.instanceType, eni.link ?? '-', eni.id, eni.state, addressesOf(eni)]),
  );
  const spare = status.availableEnis.map((eni) => ['-', '-', '-', eni.id, eni.state, addressesOf(eni)]);
  const pods = status.nodes.flatMap((node) => node.pods.map(podRow));
  return [
    table([
      [
        'vpc',
        `${status.name}  ${[...status.vpc.cidrs, ...status.vpc.ipv6].join(' ')}  ${status.vpc.id}  ${status.vpc.region}  (pid ${status.pid}${status.mode === 'api-only' ? ', APIs only' : ''})`,
      ],
      ...subnets.map((subnet) => ['subnet', subnet]),
      ['ec2', status.ec2],
      ['imds', `${status.imds}${status.nodes[0] === undefined ? '' : `  (${status.nodes[0].name})`}`],
      ...status.nodes.slice(1).map((node) => ['imds', `${node.imds}  (${node.name})`]),
      ['admin', status.admin],
      ['throttle', status.throttle === 'ec2' ? 'as EC2 documents it' : 'off'],
      ['times', renderTimes(status.times)],
      ['clock', renderClock(status.clock)],
    ]),
    table([['NODE', 'TYPE', 'LINK', 'ENI', 'STATE', 'ADDRESSES'], ...enis, ...spare]),
    ...(status.dials.length === 0 ? [] : [renderDials(status)]),
    ...(pods.length === 0 ? [] : [table([['NODE', 'POD', 'ADDRESS'], ...pods])]),
  ].join('\n');
}

/** A pod as a line: node, name, addresses. */
export function podRow({ node, namespace, pod, addresses, running }: PodView): readonly string[] {
  return [node, `${namespace}/${pod}`, running ? addresses.join(' ') : `${addresses.join(' ')} (ended by a reboot)`];
}

function addressesOf({ addresses, prefixes, ipv6Addresses, ipv6Prefixes }: EniView): string {
  return [...addresses, ...prefixes, ...ipv6Addresses, ...ipv6Prefixes].join(' ');
}

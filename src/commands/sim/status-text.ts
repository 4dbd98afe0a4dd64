import type { SimStatus } from '../../sim/index.ts';
import { renderClock } from './clock.ts';
import { table } from './context.ts';
import { renderDials } from './dial.ts';

/** The VPC for people: where its services are, then a line per ENI and per pod. */
export function renderStatus(status: SimStatus): string {
  const subnets = status.subnets.map(
    ({ id, cidr, availabilityZone, free }) => `${cidr} ${availabilityZone} ${id}, ${free} free`,
  );
  const enis = status.nodes.flatMap((node) =>
    node.enis.map((eni) => [
      node.name,
      node.instanceType,
      `eth${eni.deviceIndex ?? '?'}`,
      eni.id,
      eni.state,
      eni.addresses.join(' '),
    ]),
  );
  const spare = status.availableEnis.map((eni) => ['-', '-', '-', eni.id, eni.state, eni.addresses.join(' ')]);
  const pods = status.nodes.flatMap((node) =>
    node.pods.map((pod) => [node.name, `${pod.namespace}/${pod.pod}`, pod.addresses.join(' ')]),
  );
  return [
    table([
      ['vpc', `${status.name}  ${status.vpc.cidr}  ${status.vpc.id}  (pid ${status.pid})`],
      ...subnets.map((subnet) => ['subnet', subnet]),
      ['ec2', status.ec2],
      ['imds', `${status.imds}${status.nodes[0] === undefined ? '' : `  (${status.nodes[0].name})`}`],
      ...status.nodes.slice(1).map((node) => ['imds', `${node.imds}  (${node.name})`]),
      ['admin', status.admin],
      ['throttle', status.throttle === 'ec2' ? 'as EC2 documents it' : 'off'],
      ['clock', renderClock(status.clock)],
    ]),
    table([['NODE', 'TYPE', 'LINK', 'ENI', 'STATE', 'ADDRESSES'], ...enis, ...spare]),
    ...(status.dials.length === 0 ? [] : [renderDials(status)]),
    ...(pods.length === 0 ? [] : [table([['NODE', 'POD', 'ADDRESS'], ...pods])]),
  ].join('\n');
}

/**
 * A fresh process with a simulated VPC as large as the budget says: 1000 instances with 4 ENIs of 16 addresses each. Says
 * on stdout what that holds and how long operations take in it, then answers EC2 requests until its stdin ends.
 */
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { createEc2Handler } from '../../src/sim/ec2/index.ts';
import { SimVpc } from '../../src/sim/model/index.ts';
import type { SimReport } from './sim.ts';

const INSTANCES = 1000;
const ENIS = 4;
const SECONDARY = 15;
const ROUNDS = 2000;
const SAMPLES = 20;
const NETWORKS = ['10.0.0.0/16', '10.1.0.0/16'].map(parseIpv4Cidr);
const SUBNETS = ['10.0.0.0/17', '10.0.128.0/17', '10.1.0.0/17'].map(parseIpv4Cidr);

function build(): SimVpc {
  const vpc = new SimVpc({ now: () => Date.now(), cidrs: NETWORKS, subnets: SUBNETS.map((cidr) => ({ cidr })) });
  const subnets = vpc.subnets();
  for (let n = 0; n < INSTANCES; n += 1) {
    const subnetId = subnets[n % subnets.length]?.id ?? '';
    const instanceType = 'm5.4xlarge';
    const { id } = vpc.runInstance({ name: `node-${n}`, instanceType, subnetId, secondaryCount: SECONDARY });
    for (let deviceIndex = 1; deviceIndex < ENIS; deviceIndex += 1) {
      const tags = { 'node.k8s.amazonaws.com/instance_id': id, 'cluster.k8s.amazonaws.com/name': 'bench' };
      const eni = vpc.createEni({ subnetId, secondaryCount: SECONDARY, tags });
      vpc.completeAttach(vpc.beginAttach({ eniId: eni.id, instanceId: id, deviceIndex }).id);
    }
  }
  return vpc;
}

/** Microseconds one run takes, some samples of many runs each. */
function time(run: (round: number) => unknown): readonly number[] {
  return Array.from({ length: SAMPLES }, () => {
    const start = performance.now();
    for (let round = 0; round < ROUNDS / SAMPLES; round += 1) run(round);
    return ((performance.now() - start) * 1000 * SAMPLES) / ROUNDS;
  });
}

function measure(vpc: SimVpc): SimReport['operations'] {
  const subnetId = vpc.subnets()[0]?.id ?? '';
  const addresses = vpc.enis().map((eni) => eni.addresses[7] ?? '');
  const instances = vpc.instances().map(({ id }) => id);
  const eniId = vpc.eniByAddress(addresses[0] ?? '')?.id ?? '';
  return {
    'sim-find-by-address': time((round) => vpc.eniByAddress(addresses[(round * 7) % addresses.length] ?? '')),
    'sim-find-by-instance': time((round) => vpc.enisOf(instances[(round * 7) % instances.length] ?? '')),
    'sim-assign-unassign': time(() =>
      vpc.unassignAddresses({ eniId, addresses: vpc.assignAddresses({ eniId, count: 8 }) }),
    ),
    'sim-prefix-unprefix': time(() =>
      vpc.unassignPrefixes({ eniId, prefixes: vpc.assignPrefixes({ eniId, count: 8 }) }),
    ),
    'sim-create-delete-eni': time(() => vpc.deleteEni(vpc.createEni({ subnetId, secondaryCount: SECONDARY }).id)),
    'sim-run-terminate': time(() => {
      const { id } = vpc.runInstance({ instanceType: 'm5.large', subnetId });
      vpc.terminateInstance(id);
      vpc.forgetInstance(id);
    }),
  };
}

const vpc = build();
Bun.gc(true);
const residentMb = process.memoryUsage.rss() / 2 ** 20;
const operations = measure(vpc);
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: createEc2Handler({ vpc }) });
const report: SimReport = {
  ...{ residentMb, operations, url: `http://127.0.0.1:${server.port}/`, region: vpc.region },
  instanceIds: vpc.instances().map(({ id }) => id),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
for await (const _ of process.stdin);
await server.stop(true);

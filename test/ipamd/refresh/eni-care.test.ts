import { expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr } from '../../../src/addr/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import type { NodeEni } from '../../../src/ipamd/parts.ts';
import { EniCare } from '../../../src/ipamd/refresh/index.ts';
import { createLogger } from '../../../src/log/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from '../../aws/simulated-ec2.ts';

async function enisOf({ ec2, instance, vpc }: SimulatedEc2): Promise<readonly NodeEni[]> {
  const enis = await ec2.describeEnis({ instanceId: instance.id });
  return enis.map((eni) => ({
    id: eni.id,
    mac: eni.mac,
    card: 0,
    device: eni.attachment?.deviceIndex ?? 0,
    primary: eni.attachment?.deviceIndex === 0,
    primaryAddress: eni.primaryAddress ?? parseIpv4('0.0.0.0'),
    subnetId: eni.subnetId,
    subnet: parseIpv4Cidr('10.0.0.0/24'),
    table: 254,
    link: undefined,
    attachmentId: vpc.eni(eni.id).attachment?.id ?? '',
    described: eni,
  }));
}

async function secondaryOf({ vpc, instance, subnet }: SimulatedEc2): Promise<string> {
  const { id } = vpc.createEni({ subnetId: subnet.id, tags: {} });
  vpc.completeAttach(vpc.beginAttach({ eniId: id, instanceId: instance.id, deviceIndex: 1 }).id);
  return id;
}

async function until(what: string, is: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!is()) {
    if (performance.now() > deadline) throw new Error(`not so in time: ${what}`);
    await Bun.sleep(5);
  }
}

test('an ENI is given the marks and groups it lacks, and the next look costs nothing', async () => {
  await using sim = startSimulatedEc2();
  const id = await secondaryOf(sim);
  const enis = await enisOf(sim);
  const stop = new AbortController();
  const { settings } = loadSettings({ flags: { CLUSTER_NAME: 'c', ADDITIONAL_ENI_TAGS: '{"team":"web"}' } });
  const [group] = sim.vpc.securityGroups();
  const node = {
    ec2: sim.ec2,
    clock: systemClock,
    settings,
    signal: stop.signal,
    logger: createLogger({ level: 'error', program: 'test' }),
    identity: { instanceId: sim.instance.id, securityGroups: [group?.id ?? ''] },
  };
  const care = new EniCare(node, { enis });
  care.start();
  const wanted = {
    'cluster.k8s.amazonaws.com/name': 'c',
    'eks:eni:owner': 'amazon-vpc-cni',
    team: 'web',
    'node.k8s.amazonaws.com/instance_id': sim.instance.id,
  };
  await until('the tags', () => Bun.deepEquals(sim.vpc.eni(id).tags, wanted));
  // Known to be ours now, so that it must end with the instance.
  await until('the end', () => sim.vpc.eni(id).attachment?.deleteOnTermination === true);
  const other = sim.vpc.createSecurityGroup({ name: 'other', description: 'x' });
  care.useGroups([other.id]);
  await until('the groups', () => Bun.deepEquals(sim.vpc.eni(id).securityGroups, [other.id]));
  const calls = JSON.stringify([...sim.ec2.calls]);
  care.look();
  await Bun.sleep(50);
  expect(JSON.stringify([...sim.ec2.calls])).toBe(calls);
  expect(care.failure).toBeUndefined();
  stop.abort();
});

test('what EC2 refuses is kept as wanted, and named', async () => {
  await using sim = startSimulatedEc2();
  await secondaryOf(sim);
  const stop = new AbortController();
  const node = {
    ec2: sim.ec2,
    clock: systemClock,
    settings: loadSettings({}).settings,
    signal: stop.signal,
    logger: createLogger({ level: 'error', program: 'test' }),
    identity: { instanceId: sim.instance.id, securityGroups: [] },
  };
  sim.dials.set({ action: 'CreateTags', denied: true });
  const care = new EniCare(node, { enis: await enisOf(sim) });
  care.start();
  await until('the refusal', () => care.failure?.code === 'IAM_DENIED');
  stop.abort();
});

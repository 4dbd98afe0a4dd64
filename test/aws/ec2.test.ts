import { expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import type { EniDescription } from '../../src/aws/index.ts';
import { toHostError } from '../../src/errors/index.ts';
import type { SimEni } from '../../src/sim/model/index.ts';
import { limitsOf } from '../../src/vpc/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from './simulated-ec2.ts';

/** What EC2 must say of an ENI of the model. */
function described(eni: SimEni): EniDescription {
  return {
    id: eni.id,
    mac: parseMac(eni.mac),
    subnetId: eni.subnetId,
    addresses: eni.addresses,
    primaryAddress: eni.addresses[0],
    attachment:
      eni.attachment === undefined
        ? undefined
        : {
            id: eni.attachment.id,
            instanceId: eni.attachment.instanceId,
            deviceIndex: eni.attachment.deviceIndex,
            cardIndex: eni.attachment.networkCardIndex,
            state: eni.attachment.state,
            deleteOnTermination: eni.attachment.deleteOnTermination,
          },
    interfaceType: 'interface',
    prefixes: eni.prefixes,
    ipv6Prefixes: eni.ipv6Prefixes,
    description: eni.description,
    tags: eni.tags,
    securityGroups: eni.securityGroups,
  };
}

const request = (sim: SimulatedEc2, secondaryCount: number) => ({
  subnetId: sim.subnet.id,
  securityGroups: sim.vpc.securityGroups().map((group) => group.id),
  holding: { unit: 'address' as const, count: secondaryCount },
  description: `aws-K8S-${sim.instance.id}`,
  tags: { 'node.k8s.amazonaws.com/instance_id': sim.instance.id, empty: '' },
  clientToken: randomUUID(),
});

/** Polls EC2 until the ENI's attachment is in `state`, or gone for `undefined`. */
async function untilAttachment(sim: SimulatedEc2, eniId: string, state: string | undefined): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const found = (await sim.ec2.describeEni({ eniId }))?.attachment?.state;
    if (found === state) return;
    if (Date.now() > deadline) throw new Error(`${eniId} is ${found}, wanted ${state}`);
  }
}

test('an ENI lives from creation to deletion', async () => {
  await using sim = startSimulatedEc2();
  const { ec2, vpc, instance } = sim;
  const instanceId = instance.id;

  const created = await ec2.createEni(request(sim, 2));
  expect(created).toEqual(described(vpc.eni(created.id)));
  expect(created.addresses).toHaveLength(3);
  expect(await ec2.findEnis({ tags: { 'node.k8s.amazonaws.com/instance_id': instanceId } })).toEqual([created]);

  const attachmentId = await ec2.attachEni({ eniId: created.id, instanceId, deviceIndex: 1, cardIndex: 0 });
  await untilAttachment(sim, created.id, 'attached');
  await ec2.setDeleteOnTermination({ eniId: created.id, attachmentId });
  expect(await ec2.describeEnis({ instanceId })).toEqual(vpc.enisOf(instanceId).map(described));
  expect(vpc.eni(created.id).attachment).toMatchObject({ id: attachmentId, deviceIndex: 1, deleteOnTermination: true });

  const assigned = await ec2.assignAddresses({ eniId: created.id, count: 1 });
  expect(vpc.eni(created.id).addresses).toEqual([...created.addresses, ...assigned]);
  await ec2.unassignAddresses({ eniId: created.id, addresses: assigned });
  expect(vpc.eni(created.id).addresses).toEqual(created.addresses);

  await ec2.detachEni({ attachmentId });
  await untilAttachment(sim, created.id, undefined);
  await ec2.deleteEni({ eniId: created.id });
  expect(await ec2.describeEni({ eniId: created.id })).toBeUndefined();
  expect(vpc.enis().map((eni) => eni.id)).toEqual(vpc.enisOf(instanceId).map((eni) => eni.id));
});

test('more ENIs than one page holds are all found', async () => {
  await using sim = startSimulatedEc2();
  const large = sim.vpc.createSubnet({ cidr: parseIpv4Cidr('10.0.16.0/20') });
  const made = Array.from({ length: 1_005 }, () => sim.vpc.createEni({ subnetId: large.id, tags: { janitor: 'yes' } }));
  const found = await sim.ec2.findEnis({ tags: { janitor: 'yes' } });
  expect(found.map((eni) => eni.id).sort()).toEqual(made.map((eni) => eni.id).sort());
  expect([...sim.ec2.calls]).toEqual([['DescribeNetworkInterfaces', 2]]);
});

test('a client token creates one ENI only', async () => {
  await using sim = startSimulatedEc2();
  const wanted = request(sim, 0);
  const [first, second] = [await sim.ec2.createEni(wanted), await sim.ec2.createEni(wanted)];
  expect(second).toEqual(first);
});

for (const instanceType of ['t3.small', 'm5.metal', 'p4d.24xlarge']) {
  test(`describeInstanceType() tells of ${instanceType} what the built-in table tells`, async () => {
    await using sim = startSimulatedEc2();
    const { hypervisor, bareMetal, ...limits } = await sim.ec2.describeInstanceType({ instanceType });
    expect(limitsOf(instanceType)).toMatchObject(limits);
  });
}

test('every request is counted, failed ones too', async () => {
  await using sim = startSimulatedEc2();
  sim.dials.set({ action: 'DescribeInstanceTypes', throttled: true, times: 1 });
  const { instanceType } = sim.instance;
  await sim.ec2.describeInstanceType({ instanceType }).catch(toHostError);
  await sim.ec2.describeInstanceType({ instanceType });
  await sim.ec2.describeEnis({ instanceId: sim.instance.id });
  expect([...sim.ec2.calls]).toEqual([
    ['DescribeInstanceTypes', 2],
    ['DescribeNetworkInterfaces', 1],
  ]);
  expect(sim.vpc.calls().map(({ action, code }) => `${action} ${code}`)).toEqual([
    'DescribeInstanceTypes RequestLimitExceeded',
    'DescribeInstanceTypes OK',
    'DescribeNetworkInterfaces OK',
  ]);
});

test('credentials come from the metadata service by version 2 only', async () => {
  await using sim = startSimulatedEc2();
  await sim.ec2.describeEnis({ instanceId: sim.instance.id });
  expect(sim.vpc.calls().map((call) => call.caller)).toEqual(['ASIASIMULATED']);
  expect(sim.imds.seen.filter(({ method, token }) => method === 'GET' && token === null)).toEqual([]);
});

const failures = [
  { name: 'a denial', dial: { denied: true }, code: 'IAM_DENIED', ec2Code: 'UnauthorizedOperation' },
  { name: 'throttling', dial: { throttled: true }, code: 'EC2_THROTTLED', ec2Code: 'RequestLimitExceeded' },
  { name: 'a fault', dial: { error: 'InternalError' }, code: 'EC2_UNREACHABLE', ec2Code: 'InternalError' },
] as const;
for (const row of failures) {
  test(`${row.name} of EC2 is ${row.code}, after one request`, async () => {
    await using sim = startSimulatedEc2();
    sim.dials.set({ action: 'AssignPrivateIpAddresses', ...row.dial });
    const [eni] = sim.vpc.enisOf(sim.instance.id);
    const failure = await sim.ec2.assignAddresses({ eniId: eni?.id ?? '', count: 1 }).catch(toHostError);
    expect(failure).toMatchObject({
      code: row.code,
      details: { action: 'AssignPrivateIpAddresses', ec2Code: row.ec2Code },
    });
    expect(sim.vpc.calls()).toHaveLength(1);
  });
}

test('limits of EC2 have codes of their own', async () => {
  await using sim = startSimulatedEc2();
  const { ec2, vpc, instance } = sim;
  const [primary] = vpc.enisOf(instance.id);
  const eniId = primary?.id ?? '';
  const small = vpc.subnets()[1]?.id ?? '';
  const attempt = async (work: Promise<unknown>): Promise<string> => {
    const failure = await work.then(() => undefined, toHostError);
    return `${failure?.code}: ${failure?.details['ec2Code']}`;
  };
  const attach = async (deviceIndex: number): Promise<string> => {
    const { id } = await ec2.createEni(request(sim, 0));
    return ec2.attachEni({ eniId: id, instanceId: instance.id, deviceIndex, cardIndex: 0 });
  };
  const { maxEnis = 0 } = limitsOf(instance.instanceType) ?? {};
  for (let device = 1; device < maxEnis; device += 1) await attach(device);
  expect([
    await attempt(ec2.assignAddresses({ eniId, count: 40 })),
    await attempt(ec2.createEni({ ...request(sim, 13), subnetId: small })),
    await attempt(attach(maxEnis)),
    await attempt(ec2.deleteEni({ eniId: 'eni-0123456789abcdef0' })),
  ]).toEqual([
    'ADDRESS_LIMIT: PrivateIpAddressLimitExceeded',
    'SUBNET_NO_IPS: InsufficientFreeAddressesInSubnet',
    'ENI_ATTACH_LIMIT: AttachmentLimitExceeded',
    'EC2_NOT_FOUND: InvalidNetworkInterfaceID.NotFound',
  ]);
});

test('a full subnet is named, although EC2 does not name it', async () => {
  await using sim = startSimulatedEc2();
  const [primary] = sim.vpc.enisOf(sim.instance.id);
  const { id: eniId, subnetId } = primary ?? { id: '', subnetId: '' };
  sim.vpc.exhaustSubnet(subnetId);
  const failure = await sim.ec2.assignAddresses({ eniId, subnetId, count: 1 }).catch(toHostError);
  expect(failure).toMatchObject({ code: 'SUBNET_NO_IPS', details: { subnet: subnetId } });
  expect(failure).not.toMatchObject({ details: { reason: expect.stringContaining(subnetId) } });
});

test('a silent EC2 is EC2_UNREACHABLE', async () => {
  await using sim = startSimulatedEc2({ timeoutMs: 100 });
  sim.dials.set({ action: '*', delay: { fixedMs: 60_000 } });
  const failure = await sim.ec2.describeEnis({ instanceId: sim.instance.id }).catch(toHostError);
  expect(failure).toMatchObject({ code: 'EC2_UNREACHABLE', details: { action: 'DescribeNetworkInterfaces' } });
});

test('nobody listening is EC2_UNREACHABLE', async () => {
  const sim = startSimulatedEc2();
  await sim.ec2.describeEnis({ instanceId: sim.instance.id });
  await sim[Symbol.asyncDispose]();
  const failure = await sim.ec2.describeEnis({ instanceId: sim.instance.id }).catch(toHostError);
  expect(failure).toMatchObject({ code: 'EC2_UNREACHABLE' });
});

test('an instance without a role is EC2_CREDENTIALS', async () => {
  await using sim = startSimulatedEc2({ credentials: false });
  const failure = await sim.ec2.describeEnis({ instanceId: sim.instance.id }).catch(toHostError);
  expect(failure).toMatchObject({ code: 'EC2_CREDENTIALS' });
  expect(sim.vpc.calls()).toEqual([]);
});

import { expect, test } from 'bun:test';
import { parseIpv4Cidr } from '../../../src/addr/index.ts';
import type { SimEvent, SimVpc } from '../../../src/sim/model/index.ts';
import { faultOf, ip, smallVpc, subnetId } from './support.ts';

function withNode(instanceType = 't3.small'): { vpc: SimVpc; node: string; subnet: string } {
  const vpc = smallVpc();
  const subnet = subnetId(vpc);
  return { vpc, subnet, node: vpc.runInstance({ name: 'node-a', instanceType, subnetId: subnet }).id };
}

function attach(vpc: SimVpc, node: string, deviceIndex: number): { eniId: string; attachmentId: string } {
  const eniId = vpc.createEni({ subnetId: subnetId(vpc) }).id;
  const attachmentId = vpc.beginAttach({ eniId, instanceId: node, deviceIndex }).id;
  vpc.completeAttach(attachmentId);
  return { eniId, attachmentId };
}

test('equal seeds give equal ids and the first addresses after the reserved ones', () => {
  const [one, two] = [withNode(), withNode()];
  expect(one.vpc.enisOf(one.node)).toEqual(two.vpc.enisOf(two.node));
  expect(one.vpc.enisOf(one.node)[0]?.addresses).toEqual([ip('10.0.1.4')]);
  expect(one.node).toMatch(/^i-0[0-9a-f]{16}$/);
});

test('a subnet counts its free addresses: 251 of a /24, 11 of a /28', () => {
  const { vpc } = withNode();
  expect(vpc.subnets().map((subnet) => vpc.availableAddresses(subnet.id))).toEqual([250, 11]);
});

test('an ENI lives: created, attaching, attached, detaching, available, deleted', () => {
  const { vpc, node, subnet } = withNode();
  const seen: string[] = [];
  const say = (event: SimEvent): void => {
    seen.push('eni' in event ? `${event.kind} ${event.eni.attachment?.state}` : event.kind);
  };
  const stop = vpc.observe(say);
  const state = (id: string): string | undefined => vpc.eni(id).attachment?.state;

  const eni = vpc.createEni({ subnetId: subnet, secondaryCount: 2, description: 'pods' });
  expect(eni.addresses).toEqual([ip('10.0.1.5'), ip('10.0.1.6'), ip('10.0.1.7')]);
  const attachment = vpc.beginAttach({ eniId: eni.id, instanceId: node, deviceIndex: 1 });
  expect(state(eni.id)).toBe('attaching');
  expect(faultOf(() => vpc.beginDetach({ attachmentId: attachment.id }))).toBe('IncorrectState');
  vpc.completeAttach(attachment.id);
  expect(state(eni.id)).toBe('attached');
  expect(faultOf(() => vpc.deleteEni(eni.id))).toBe('InvalidParameterValue');
  vpc.unassignAddresses({ eniId: eni.id, addresses: [ip('10.0.1.6')] });
  vpc.beginDetach({ attachmentId: attachment.id });
  expect(state(eni.id)).toBe('detaching');
  expect(faultOf(() => vpc.beginDetach({ attachmentId: attachment.id }))).toBe('IncorrectState');
  expect(faultOf(() => vpc.beginDetach({ attachmentId: attachment.id, force: true }))).toBe('none');
  expect(faultOf(() => vpc.deleteEni(eni.id))).toBe('InvalidParameterValue');
  vpc.completeDetach(attachment.id);
  expect(state(eni.id)).toBeUndefined();
  vpc.deleteEni(eni.id);
  expect(faultOf(() => vpc.eni(eni.id))).toBe('InvalidNetworkInterfaceID.NotFound');
  expect(vpc.eniByAddress('10.0.1.5')).toBeUndefined();
  expect(vpc.availableAddresses(subnet)).toBe(250);
  stop();
  vpc.terminateInstance(node);
  expect(seen).toEqual([
    'eni-attached attached',
    'eni-changed attached',
    'eni-detached detaching',
    'eni-deleted undefined',
  ]);
});

test('terminating deletes the marked ENIs, frees the others and tells in order', () => {
  const { vpc, node, subnet } = withNode();
  const kept = attach(vpc, node, 1);
  const gone = attach(vpc, node, 2);
  vpc.setDeleteOnTermination({ ...gone, value: true });
  const seen: string[] = [];
  vpc.observe((event) => seen.push(event.kind));
  vpc.terminateInstance(node);
  expect(seen).toEqual([
    'eni-detached',
    'eni-detached',
    'eni-detached',
    'eni-deleted',
    'eni-deleted',
    'instance-terminated',
  ]);
  expect(vpc.enis().map((eni) => ({ id: eni.id, attachment: eni.attachment }))).toEqual([
    { id: kept.eniId, attachment: undefined },
  ]);
  expect({ state: vpc.instance(node).state, free: vpc.availableAddresses(subnet) }).toEqual({
    state: 'terminated',
    free: 250,
  });
  vpc.completeDetach(kept.attachmentId);
  expect(vpc.terminateInstance(node).state).toBe('terminated');
  vpc.forgetInstance(node);
  expect(faultOf(() => vpc.terminateInstance(node))).toBe('InvalidInstanceID.NotFound');
});

test('an address released is handed out again only after all others', () => {
  const vpc = smallVpc();
  const small = subnetId(vpc, 1);
  const eniId = vpc.createEni({ subnetId: small, secondaryCount: 3 }).id;
  vpc.unassignAddresses({ eniId, addresses: [ip('10.0.2.5')] });
  const order = vpc.assignAddresses({ eniId, count: 8 });
  expect(order.at(-1)).toBe(ip('10.0.2.5'));
  expect(faultOf(() => vpc.assignAddresses({ eniId, count: 1 }))).toBe('InsufficientFreeAddressesInSubnet');
});

test('the same client token with the same request makes one ENI, with another it is refused', () => {
  const { vpc, subnet } = withNode();
  const first = vpc.createEni({ subnetId: subnet, secondaryCount: 1, clientToken: 't1' });
  expect(vpc.createEni({ subnetId: subnet, secondaryCount: 1, clientToken: 't1' })).toEqual(first);
  const other = { subnetId: subnet, secondaryCount: 2, clientToken: 't1' };
  expect(faultOf(() => vpc.createEni(other))).toBe('IdempotentParameterMismatch');
  vpc.deleteEni(first.id);
  expect(vpc.createEni(other).id).not.toBe(first.id);
});

test('an address moves from one ENI to another only when that is allowed', () => {
  const { vpc, node, subnet } = withNode();
  const from = vpc.createEni({ subnetId: subnet, secondaryCount: 1 });
  const [primary = ip('0.0.0.0'), address = ip('0.0.0.0')] = from.addresses;
  const to = vpc.enisOf(node)[0]?.id ?? '';
  expect(faultOf(() => vpc.assignAddresses({ eniId: to, addresses: [address] }))).toBe('InvalidParameterValue');
  const move = (moved: typeof address): unknown =>
    vpc.assignAddresses({ eniId: to, addresses: [moved], allowReassignment: true });
  expect(faultOf(() => move(primary))).toBe('OperationNotPermitted');
  expect(move(address)).toEqual([address]);
  expect(move(address)).toEqual([]);
  expect([vpc.eniByAddress(address)?.id, vpc.eni(from.id).addresses]).toEqual([to, [primary]]);
});

const faults: readonly { name: string; code: string; run: (vpc: SimVpc, node: string, eni: string) => unknown }[] = [
  { name: 'an unknown subnet', code: 'InvalidSubnetID.NotFound', run: (v) => v.createEni({ subnetId: 'subnet-0' }) },
  {
    name: 'an unknown instance type',
    code: 'InvalidInstanceType',
    run: (v) => v.runInstance({ name: 'b', instanceType: 'x9.huge', subnetId: subnetId(v) }),
  },
  { name: 'an unknown ENI', code: 'InvalidNetworkInterfaceID.NotFound', run: (v) => v.deleteEni('eni-0') },
  {
    name: 'an unknown instance',
    code: 'InvalidInstanceID.NotFound',
    run: (v, _, eniId) => v.beginAttach({ eniId, instanceId: 'i-0', deviceIndex: 1 }),
  },
  {
    name: 'an unknown attachment',
    code: 'InvalidAttachmentID.NotFound',
    run: (v) => v.beginDetach({ attachmentId: 'eni-attach-0' }),
  },
  {
    name: 'an unknown group',
    code: 'InvalidGroup.NotFound',
    run: (v, _, eniId) => v.setSecurityGroups(eniId, ['sg-0']),
  },
  {
    name: 'a taken device',
    code: 'InvalidParameterValue',
    run: (v, instanceId, eniId) => v.beginAttach({ eniId, instanceId, deviceIndex: 0 }),
  },
  {
    name: 'a network card that is not there',
    code: 'InvalidParameterValue',
    run: (v, instanceId, eniId) => v.beginAttach({ eniId, instanceId, deviceIndex: 1, networkCardIndex: 1 }),
  },
  {
    name: 'one ENI too many',
    code: 'AttachmentLimitExceeded',
    run: (v, instanceId, eniId) => {
      attach(v, instanceId, 1);
      attach(v, instanceId, 2);
      v.beginAttach({ eniId, instanceId, deviceIndex: 3 });
    },
  },
  {
    name: 'an ENI of another zone',
    code: 'InvalidParameterCombination',
    run: (v, instanceId) =>
      v.beginAttach({ eniId: v.createEni({ subnetId: subnetId(v, 1) }).id, instanceId, deviceIndex: 1 }),
  },
  {
    name: 'an ENI with more addresses than the type allows',
    code: 'PrivateIpAddressLimitExceeded',
    run: (v, instanceId) => {
      const eniId = v.createEni({ subnetId: subnetId(v), secondaryCount: 4 }).id;
      v.beginAttach({ eniId, instanceId, deviceIndex: 1 });
    },
  },
  {
    name: 'a device no card has room for',
    code: 'InvalidParameterValue',
    run: (v, instanceId, eniId) => v.beginAttach({ eniId, instanceId, deviceIndex: 100 }),
  },
  {
    name: 'one address too many',
    code: 'PrivateIpAddressLimitExceeded',
    run: (v, node) => v.assignAddresses({ eniId: v.enisOf(node)[0]?.id ?? '', count: 4 }),
  },
  {
    name: 'detaching device 0',
    code: 'OperationNotPermitted',
    run: (v, node) => v.beginDetach({ attachmentId: v.enisOf(node)[0]?.attachment?.id ?? '' }),
  },
  {
    name: 'unassigning the primary address',
    code: 'InvalidParameterValue',
    run: (v, _, eniId) => v.unassignAddresses({ eniId, addresses: v.eni(eniId).addresses }),
  },
  {
    name: 'unassigning an address of nobody',
    code: 'InvalidParameterValue',
    run: (v, _, eniId) => v.unassignAddresses({ eniId, addresses: [ip('10.0.1.99')] }),
  },
  {
    name: 'an address outside the subnet',
    code: 'InvalidParameterValue',
    run: (v, _, eniId) => v.assignAddresses({ eniId, addresses: [ip('10.0.2.9')] }),
  },
  {
    name: 'a reserved address',
    code: 'InvalidParameterValue',
    run: (v, _, eniId) => v.assignAddresses({ eniId, addresses: [ip('10.0.1.255')] }),
  },
  {
    name: 'an address in use as a new primary',
    code: 'InvalidIPAddress.InUse',
    run: (v) => v.createEni({ subnetId: subnetId(v), addresses: [ip('10.0.1.4')] }),
  },
  {
    name: 'an attached ENI attached again',
    code: 'InvalidNetworkInterface.InUse',
    run: (v, instanceId) => v.beginAttach({ eniId: v.enisOf(instanceId)[0]?.id ?? '', instanceId, deviceIndex: 1 }),
  },
  {
    name: 'an overlapping subnet',
    code: 'InvalidSubnet.Conflict',
    run: (v) => v.createSubnet({ cidr: parseIpv4Cidr('10.0.0.0/23') }),
  },
  {
    name: 'a subnet outside the VPC',
    code: 'InvalidSubnet.Range',
    run: (v) => v.createSubnet({ cidr: parseIpv4Cidr('10.1.0.0/24') }),
  },
  {
    name: 'a reserved tag key',
    code: 'InvalidParameterValue',
    run: (v, node) => v.createTags({ resourceIds: [node], tags: { 'aws:x': '1' } }),
  },
  {
    name: 'tags on something unknown',
    code: 'InvalidID',
    run: (v) => v.createTags({ resourceIds: ['what'], tags: { a: '1' } }),
  },
];

for (const row of faults) {
  test(`refuses ${row.name} and changes nothing`, () => {
    const { vpc, node, subnet } = withNode();
    const eni = vpc.createEni({ subnetId: subnet }).id;
    expect(faultOf(() => row.run(vpc, node, eni))).toBe(row.code);
    expect(vpc.eni(eni).attachment).toBeUndefined();
    expect(vpc.eni(eni).addresses).toEqual([ip('10.0.1.5')]);
  });
}

test('tags hang on every kind of resource, all or none', () => {
  const { vpc, node, subnet } = withNode();
  const eni = vpc.createEni({ subnetId: subnet }).id;
  const group = vpc.createSecurityGroup({ name: 'pods' }).id;
  vpc.createTags({ resourceIds: [node, subnet, eni, group, vpc.id], tags: { team: 'net' } });
  const add = { resourceIds: [node, 'subnet-0'], tags: { other: '1' } };
  expect(faultOf(() => vpc.createTags(add))).toBe('InvalidSubnetID.NotFound');
  expect(vpc.allTags().map((tag) => `${tag.resourceType} ${tag.key}=${tag.value}`)).toEqual([
    'vpc team=net',
    'subnet tier=pods',
    'subnet team=net',
    'security-group team=net',
    'instance Name=node-a',
    'instance team=net',
    'network-interface team=net',
  ]);
});

test('the record of calls keeps the last ones', () => {
  const vpc = smallVpc();
  for (let n = 0; n < 12_345; n += 1)
    vpc.recordCall({ at: n, caller: 'c', action: 'a', parameters: {}, code: 'OK', result: 'OK', ms: 1 });
  expect([vpc.calls().length, vpc.calls()[0]?.at, vpc.calls().at(-1)?.at]).toEqual([5000, 7345, 12_344]);
});

import { describe, expect, test } from 'bun:test';
import type { SimEvent, SimVpc } from '../../../src/sim/model/index.ts';
import { faultOf, smallVpc, subnetId } from './support.ts';

function withTrunk(instanceType = 'm5.large') {
  const vpc = smallVpc();
  const subnet = subnetId(vpc);
  const node = vpc.runInstance({
    ...{ name: 'node-a', instanceType, subnetId: subnet },
    interfaces: [{ deviceIndex: 1, interfaceType: 'trunk', deleteOnTermination: true }],
  }).id;
  const trunk = vpc.enisOf(node)[1]?.id ?? '';
  const seen: SimEvent[] = [];
  vpc.observe((event) => seen.push(event));
  const branch = (): string => vpc.createEni({ subnetId: subnet }).id;
  const associate = (branchEniId: string, vlanId: number) =>
    vpc.associateTrunk({ trunkEniId: trunk, branchEniId, vlanId });
  return { vpc, subnet, node, trunk, seen, branch, associate };
}

const kinds = (seen: readonly SimEvent[]): readonly string[] =>
  seen.map((event) => ('eni' in event ? `${event.kind} ${event.eni.trunk?.vlanId ?? '-'}` : event.kind));

describe('trunk and branches', () => {
  test('an ENI becomes a branch by its association and is free again without it', () => {
    const { vpc, trunk, seen, branch, associate } = withTrunk();
    const id = branch();
    const association = associate(id, 7);
    expect(association).toEqual({ id: association.id, trunkEniId: trunk, vlanId: 7 });
    expect(vpc.eni(id)).toMatchObject({ interfaceType: 'branch', trunk: association, attachment: undefined });
    expect(vpc.trunkAssociations()).toEqual([{ ...association, branchEniId: id }]);
    expect([...vpc.eniIdsBy('status', 'in-use')]).toContain(id);
    vpc.disassociateTrunk(association.id);
    expect([vpc.eni(id).trunk, vpc.trunkAssociations()]).toEqual([undefined, []]);
    expect(kinds(seen)).toEqual(['eni-changed 7', 'eni-changed -']);
    expect(associate(id, 7).vlanId).toBe(7);
  });

  test('the same token makes one association', () => {
    const { vpc, trunk, branch } = withTrunk();
    const wish = { trunkEniId: trunk, branchEniId: branch(), vlanId: 1, clientToken: 't' };
    expect(vpc.associateTrunk(wish)).toEqual(vpc.associateTrunk(wish));
    expect(faultOf(() => vpc.associateTrunk({ ...wish, vlanId: 2 }))).toBe('IdempotentParameterMismatch');
    vpc.deleteEni(wish.branchEniId);
    expect(vpc.associateTrunk({ ...wish, branchEniId: branch() }).vlanId).toBe(1);
  });

  test('a trunk takes as many branches as its type allows', () => {
    const { vpc, branch, associate } = withTrunk();
    for (let vlan = 1; vlan <= 9; vlan += 1) associate(branch(), vlan);
    const more = branch();
    expect(faultOf(() => associate(more, 10))).toBe('BranchNetworkInterfaceLimitExceeded');
    vpc.disassociateTrunk(vpc.trunkAssociations()[0]?.id ?? '');
    expect(associate(more, 10).vlanId).toBe(10);
  });

  test('a trunk with more branches than a type takes is not attached to it', () => {
    const { vpc, subnet } = withTrunk();
    const trunk = vpc.createEni({ subnetId: subnet, interfaceType: 'trunk' }).id;
    for (let vlanId = 1; vlanId <= 10; vlanId += 1)
      vpc.associateTrunk({ trunkEniId: trunk, branchEniId: vpc.createEni({ subnetId: subnet }).id, vlanId });
    const attachTo = (instanceType: string): string => {
      const instanceId = vpc.runInstance({ instanceType, subnetId: subnet }).id;
      return faultOf(() => vpc.beginAttach({ eniId: trunk, instanceId, deviceIndex: 1 }));
    };
    expect(['m5.large', 't3.small', 'm5.xlarge'].map(attachTo)).toEqual([
      'BranchNetworkInterfaceLimitExceeded',
      'InvalidParameterValue',
      'none',
    ]);
  });

  test('a trunk in use stays, and takes its branches off when it goes with its instance', () => {
    const { vpc, node, trunk, seen, branch, associate } = withTrunk();
    const ids = [branch(), branch()];
    for (const [index, id] of ids.entries()) associate(id, index + 1);
    expect(faultOf(() => vpc.deleteEni(trunk))).toBe('InvalidParameterValue');
    seen.length = 0;
    vpc.terminateInstance(node);
    expect(kinds(seen)).toEqual([
      ...['eni-detached -', 'eni-detached -', 'eni-deleted -'],
      ...['eni-changed -', 'eni-changed -', 'eni-deleted -', 'instance-terminated'],
    ]);
    expect(ids.map((id) => vpc.eni(id).trunk)).toEqual([undefined, undefined]);
  });

  test('a branch can be deleted while it hangs on its trunk', () => {
    const { vpc, branch, associate } = withTrunk();
    const id = branch();
    const association = associate(id, 3);
    vpc.deleteEni(id);
    expect(vpc.trunkAssociations()).toEqual([]);
    expect(faultOf(() => vpc.disassociateTrunk(association.id))).toBe('InvalidAssociationID.NotFound');
    expect(associate(branch(), 3).vlanId).toBe(3);
  });

  const faults: readonly { name: string; code: string; run: (world: ReturnType<typeof withTrunk>) => unknown }[] = [
    {
      name: 'a VLAN twice',
      code: 'InvalidVlanId.Duplicate',
      run: ({ branch, associate }) => [associate(branch(), 5), associate(branch(), 5)],
    },
    { name: 'a VLAN that is none', code: 'InvalidParameterValue', run: (w) => w.associate(w.branch(), 4095) },
    { name: 'a trunk that is none', code: 'InvalidParameterValue', run: withOrdinaryTrunk },
    { name: 'a trunk as a branch', code: 'InvalidParameterValue', run: (w) => w.associate(w.trunk, 1) },
    {
      name: 'an attached ENI as a branch',
      code: 'InvalidNetworkInterface.InUse',
      run: (w) => w.associate(w.vpc.enisOf(w.node)[0]?.id ?? '', 1),
    },
    {
      name: 'a branch of another zone',
      code: 'InvalidParameterCombination',
      run: (w) => w.associate(w.vpc.createEni({ subnetId: subnetId(w.vpc, 1) }).id, 1),
    },
    {
      name: 'a second trunk on an instance',
      code: 'AttachmentLimitExceeded',
      run: ({ vpc, subnet, node }) => {
        const eniId = vpc.createEni({ subnetId: subnet, interfaceType: 'trunk' }).id;
        vpc.beginAttach({ eniId, instanceId: node, deviceIndex: 2 });
      },
    },
    {
      name: 'attaching a branch',
      code: 'InvalidNetworkInterface.InUse',
      run: ({ vpc, node, branch, associate }) => {
        const eniId = branch();
        associate(eniId, 1);
        vpc.beginAttach({ eniId, instanceId: node, deviceIndex: 2 });
      },
    },
  ];
  for (const { name, code, run } of faults)
    test(`refuses ${name}`, () => expect(faultOf(() => run(withTrunk()))).toBe(code));
});

function withOrdinaryTrunk({ vpc, branch }: { vpc: SimVpc; branch: () => string }): unknown {
  return vpc.associateTrunk({ trunkEniId: branch(), branchEniId: branch(), vlanId: 1 });
}

import { describe, expect, test } from 'bun:test';
import type { SimEvent, SimVpc } from '../../../src/sim/model/index.ts';
import { faultOf, ip, smallVpc, subnetId } from './support.ts';

function empty(): { vpc: SimVpc; subnet: string; seen: string[]; clock: { time: number } } {
  const clock = { time: 1_000_000 };
  const vpc = smallVpc({ now: () => clock.time });
  const seen: string[] = [];
  const say = (event: SimEvent): unknown =>
    seen.push('eni' in event ? `${event.kind} ${event.eni.attachment?.state}` : event.kind);
  vpc.observe(say);
  return { vpc, subnet: subnetId(vpc), seen, clock };
}

const states = (vpc: SimVpc, id: string): unknown => [
  vpc.instance(id).state,
  ...vpc.enisOf(id).map(({ attachment }) => `${attachment?.deviceIndex} ${attachment?.state}`),
];

describe('instances', () => {
  test('one lives: pending, running, shutting down, terminated, forgotten after an hour', () => {
    const { vpc, subnet, seen, clock } = empty();
    const { id } = vpc.beginLaunch({
      ...{ name: 'node-a', instanceType: 'm5.large', subnetId: subnet, privateIp: ip('10.0.1.77') },
      interfaces: [{ deviceIndex: 1, secondaryCount: 2, deleteOnTermination: false }],
    });
    expect(states(vpc, id)).toEqual(['pending', '0 attaching', '1 attaching']);
    const kept = vpc.enisOf(id)[1]?.id ?? '';
    vpc.completeAttach(vpc.eni(kept).attachment?.id ?? '');
    expect(states(vpc, id)).toEqual(['pending', '0 attaching', '1 attaching']);
    vpc.completeLaunch(id);
    expect(states(vpc, id)).toEqual(['running', '0 attached', '1 attached']);
    expect(vpc.enisOf(id)[0]?.addresses).toEqual([ip('10.0.1.77')]);
    vpc.rebootInstance(id);
    vpc.beginTerminate(id);
    expect(states(vpc, id)).toEqual(['shutting-down', '0 detaching', '1 detaching']);
    clock.time += 5;
    vpc.completeTerminate(id);
    expect([states(vpc, id), vpc.instance(id).terminatedAt]).toEqual([['terminated'], 1_000_005]);
    expect(vpc.enis().map((eni) => eni.id)).toEqual([kept]);
    expect(seen).toEqual([
      ...['instance-launched', 'eni-attached attached', 'eni-attached attached', 'instance-rebooted'],
      ...['eni-detached detaching', 'eni-detached detaching', 'eni-deleted detaching', 'instance-terminated'],
    ]);
    clock.time += 3_599_999;
    expect(vpc.instances().length).toBe(1);
    clock.time += 1;
    expect([vpc.instances(), vpc.findInstance(id)]).toEqual([[], undefined]);
  });

  test('one that ends while it is pending never had a link', () => {
    const { vpc, subnet, seen } = empty();
    const { id } = vpc.beginLaunch({ instanceType: 'm5.large', subnetId: subnet });
    vpc.terminateInstance(id);
    vpc.completeLaunch(id);
    expect([states(vpc, id), vpc.availableAddresses(subnet)]).toEqual([['terminated'], 251]);
    expect(seen).toEqual(['instance-launched', 'eni-deleted detaching', 'instance-terminated']);
  });

  test('it is called by its name, its tag or its id, and carries what it was given', () => {
    const { vpc, subnet } = empty();
    const launch = { instanceType: 't3.small', subnetId: subnet };
    const named = vpc.runInstance({ ...launch, name: 'a', tags: { team: 'net' } });
    const tagged = vpc.runInstance({ ...launch, tags: { Name: 'b' }, userData: new Uint8Array([1, 2]) });
    const bare = vpc.runInstance({ ...launch, imageId: 'ami-1', metadata: { instanceTags: true } });
    expect([named.tags, named.metadata]).toEqual([
      { Name: 'a', team: 'net' },
      { hopLimit: 1, tokensOptional: false, instanceTags: false },
    ]);
    expect([tagged.name, tagged.userData]).toEqual(['b', new Uint8Array([1, 2])]);
    expect([bare.name, bare.imageId, bare.metadata.instanceTags]).toEqual([bare.id, 'ami-1', true]);
  });

  test('the same token launches once, and not again when that one is gone', () => {
    const { vpc, subnet } = empty();
    const launch = { instanceType: 't3.small', subnetId: subnet, clientToken: 'once' };
    const { id } = vpc.runInstance(launch);
    expect([vpc.beginLaunch(launch).id, vpc.instances().length]).toEqual([id, 1]);
    expect(faultOf(() => vpc.beginLaunch({ ...launch, prefixCount: 1 }))).toBe('IdempotentParameterMismatch');
    vpc.terminateInstance(id);
    expect(faultOf(() => vpc.beginLaunch(launch))).toBe('IdempotentInstanceTerminated');
  });

  test('an ENI that exists can be the primary one, and outlives the instance', () => {
    const { vpc } = empty();
    const eni = vpc.createEni({ subnetId: subnetId(vpc, 1), description: 'mine' });
    const { id, subnetId: where } = vpc.runInstance({ instanceType: 't3.small', eniId: eni.id });
    expect([where, vpc.enisOf(id)[0]?.attachment?.deleteOnTermination]).toEqual([eni.subnetId, false]);
    vpc.terminateInstance(id);
    expect(vpc.eni(eni.id)).toEqual(eni);
  });

  test('several cards, each with its devices; an EFA once on each, and only from the start', () => {
    const { vpc, subnet } = empty();
    const place = (networkCardIndex: number, deviceIndex: number, interfaceType: 'interface' | 'efa' | 'efa-only') => ({
      ...{ networkCardIndex, deviceIndex, interfaceType },
    });
    const launch = { instanceType: 'p4d.24xlarge', subnetId: subnet };
    const interfaces = [place(0, 1, 'efa-only'), place(1, 0, 'efa-only'), place(1, 1, 'interface'), place(3, 1, 'efa')];
    const { id } = vpc.runInstance({ ...launch, interfaces });
    expect(
      vpc
        .enisOf(id)
        .map(
          (eni) =>
            `${eni.attachment?.networkCardIndex}/${eni.attachment?.deviceIndex} ${eni.interfaceType} ${eni.addresses.length}`,
        ),
    ).toEqual([...['0/0 interface 1', '0/1 efa-only 0', '1/0 efa-only 0', '1/1 interface 1', '3/1 efa 1']]);
    const efa = vpc.createEni({ subnetId: subnet, interfaceType: 'efa' }).id;
    const later = { eniId: efa, instanceId: id, deviceIndex: 1, networkCardIndex: 2 };
    const attached = vpc.enisOf(id)[4]?.attachment?.id ?? '';
    expect([
      faultOf(() => vpc.beginAttach(later)),
      faultOf(() => vpc.beginDetach({ attachmentId: attached })),
      faultOf(() => vpc.runInstance({ ...launch, interfaces: [place(1, 0, 'efa-only'), place(1, 1, 'efa')] })),
      faultOf(() => vpc.runInstance({ ...launch, interfaceType: 'efa-only' })),
      faultOf(() => vpc.assignAddresses({ eniId: vpc.enisOf(id)[1]?.id ?? '', count: 1 })),
      faultOf(() => vpc.createEni({ subnetId: subnet, interfaceType: 'efa-only', secondaryCount: 1 })),
    ]).toEqual([
      ...['IncorrectState', 'IncorrectState', 'AttachmentLimitExceeded'],
      ...['InvalidParameterCombination', 'InvalidParameterCombination', 'InvalidParameterCombination'],
    ]);
  });

  test('a launch that fails at its last ENI leaves nothing behind and tells nobody', () => {
    const { vpc, subnet, seen } = empty();
    const mine = vpc.createEni({ subnetId: subnet });
    const replaced: unknown[] = [];
    vpc.observeEnis((change) => replaced.push(change));
    const interfaces = [{ deviceIndex: 1, eniId: mine.id }, { deviceIndex: 2 }, { deviceIndex: 2, prefixCount: 1 }];
    const launch = { name: 'x', instanceType: 'm5.large', subnetId: subnet, interfaces, clientToken: 't' };
    expect(faultOf(() => vpc.runInstance(launch))).toBe('InvalidParameterValue');
    expect([vpc.enis(), vpc.instances(), seen]).toEqual([[mine], [], []]);
    expect(replaced).toEqual([]);
    expect(vpc.beginLaunch({ ...launch, interfaces: interfaces.slice(0, 2) }).state).toBe('pending');
    // Two ENIs were made and then attached, the third was there already.
    expect(replaced.length).toBe(5);
  });

  const faults: readonly { name: string; code: string; run: (vpc: SimVpc, subnet: string, id: string) => unknown }[] = [
    { name: 'a launch nowhere', code: 'MissingParameter', run: (v) => v.runInstance({ instanceType: 't3.small' }) },
    {
      name: 'too many addresses at launch',
      code: 'InvalidInterface.IpAddressLimitExceeded',
      run: (v, subnetId) => v.runInstance({ instanceType: 't3.small', subnetId, secondaryCount: 4 }),
    },
    {
      name: 'too many groups at launch',
      code: 'SecurityGroupsPerInstanceLimitExceeded',
      run: (v, subnetId) => {
        const securityGroups = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => v.createSecurityGroup({ name }).id);
        v.runInstance({ instanceType: 't3.small', subnetId, securityGroups });
      },
    },
    {
      name: 'too many ENIs at launch',
      code: 'AttachmentLimitExceeded',
      run: (v, subnetId) =>
        v.runInstance({ instanceType: 't3.nano', subnetId, interfaces: [{ deviceIndex: 1 }, { deviceIndex: 2 }] }),
    },
    {
      name: 'a hop limit of 65',
      code: 'InvalidParameterValue',
      run: (v, _, id) => v.setMetadataOptions(id, { hopLimit: 65 }),
    },
    { name: 'forgetting a running one', code: 'IncorrectInstanceState', run: (v, _, id) => v.forgetInstance(id) },
    {
      name: 'attaching to one that ends',
      code: 'IncorrectState',
      run: (v, subnetId, instanceId) => {
        v.beginTerminate(instanceId);
        v.beginAttach({ eniId: v.createEni({ subnetId }).id, instanceId, deviceIndex: 1 });
      },
    },
    {
      name: 'a reboot of one that is gone',
      code: 'IncorrectInstanceState',
      run: (v, _, id) => {
        v.terminateInstance(id);
        v.rebootInstance(id);
      },
    },
  ];
  for (const { name, code, run } of faults)
    test(`refuses ${name}`, () => {
      const { vpc, subnet } = empty();
      const { id } = vpc.runInstance({ instanceType: 'm5.large', subnetId: subnet });
      expect(faultOf(() => run(vpc, subnet, id))).toBe(code);
    });
});

import { describe, expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr } from '../../../src/addr/index.ts';
import { createFollower, type FabricState, type Follower, NOTHING } from '../../../src/sim/fabric/follower.ts';
import { SimVpc } from '../../../src/sim/model/index.ts';

interface Followed {
  readonly vpc: SimVpc;
  readonly follower: Follower;
  readonly state: FabricState;
}

/** A VPC with one subnet, followed up to now. */
function followed(): Followed {
  const subnets = [{ cidr: parseIpv4Cidr('10.0.0.0/24'), availabilityZone: 'us-east-1a' }];
  const vpc = new SimVpc({ now: () => 0, subnets });
  const follower = createFollower(vpc, ({ name }) => `v-${name}`);
  vpc.observe((event) => follower.note(event));
  const state = follower.next(NOTHING);
  follower.forget();
  return { vpc, follower, state };
}

const subnetOf = (vpc: SimVpc): string => vpc.subnets()[0]?.id ?? '';

const run = (vpc: SimVpc, name: string) =>
  vpc.runInstance({ name, instanceType: 'm5.large', subnetId: subnetOf(vpc), metadata: { hopLimit: 2 } });

/** Ports as `netns link: addresses`. */
const ports = ({ follower, state }: Followed): readonly string[] =>
  [...follower.next(state).ports.values()].map(
    ({ netns, ifName, addresses }) => `${netns} ${ifName}: ${addresses.join(' ')}`,
  );

describe('createFollower()', () => {
  test('takes over what the model has when it starts, and is then not behind', () => {
    const { vpc, follower, state } = followed();
    expect([follower.isBehind(), state.ground, [...state.groups.keys()]]).toEqual([
      false,
      { gateways: ['10.0.0.1'], cidrs: ['10.0.0.0/16'], ipv6Cidrs: [] },
      [vpc.defaultGroupId],
    ]);
  });

  test('a node shows itself once it runs, as its name says', () => {
    const world = followed();
    const { vpc, follower } = world;
    const { id } = vpc.beginLaunch({ name: 'a', instanceType: 'm5.large', subnetId: subnetOf(vpc) });
    const pending = ports(world);
    vpc.completeLaunch(id);
    expect([pending, ports(world), follower.isBehind()]).toEqual([[], ['v-a eth0: 10.0.0.4'], true]);
  });

  test('a burst leads to its end: what came and went within it is never seen', () => {
    const world = followed();
    const { vpc } = world;
    const { id } = run(vpc, 'a');
    const eni = vpc.createEni({ subnetId: subnetOf(vpc) });
    const attachment = vpc.beginAttach({ eniId: eni.id, instanceId: id, deviceIndex: 1 });
    vpc.completeAttach(attachment.id);
    const attached = ports(world);
    vpc.beginDetach({ attachmentId: attachment.id });
    vpc.terminateInstance(run(vpc, 'b').id);
    expect([attached, ports(world)]).toEqual([['v-a eth0: 10.0.0.4', 'v-a eth1: 10.0.0.5'], ['v-a eth0: 10.0.0.4']]);
  });

  test('a branch comes and goes with the attachment of its trunk', () => {
    const world = followed();
    const { vpc } = world;
    const { id } = run(vpc, 'a');
    const trunk = vpc.createEni({ subnetId: subnetOf(vpc), interfaceType: 'trunk' });
    const branch = vpc.createEni({ subnetId: subnetOf(vpc) });
    vpc.associateTrunk({ trunkEniId: trunk.id, branchEniId: branch.id, vlanId: 7 });
    const seen = [ports(world)];
    const attachment = vpc.beginAttach({ eniId: trunk.id, instanceId: id, deviceIndex: 1 });
    vpc.completeAttach(attachment.id);
    seen.push(ports(world));
    vpc.beginDetach({ attachmentId: attachment.id });
    seen.push(ports(world));
    expect(seen).toEqual([
      ['v-a eth0: 10.0.0.4'],
      ['v-a eth0: 10.0.0.4', 'v-a br7: 10.0.0.6', 'v-a eth1: 10.0.0.5'],
      ['v-a eth0: 10.0.0.4'],
    ]);
  });

  test('a trunk that comes and goes long after its branch takes it along, and one that was let go it leaves alone', () => {
    const { vpc, follower, state } = followed();
    const { id } = run(vpc, 'a');
    const trunk = vpc.createEni({ subnetId: subnetOf(vpc), interfaceType: 'trunk' });
    const [stays, goes] = [7, 8].map((vlanId) => {
      const branch = vpc.createEni({ subnetId: subnetOf(vpc) });
      return { branch, ...vpc.associateTrunk({ trunkEniId: trunk.id, branchEniId: branch.id, vlanId }) };
    });
    let now = state;
    const seen: unknown[] = [];
    const step = (change: () => void): void => {
      now = follower.next(now);
      follower.forget();
      change();
      seen.push([...follower.next(now).ports.values()].map(({ ifName }) => ifName).sort());
    };
    let attachmentId = '';
    step(() => {
      attachmentId = vpc.beginAttach({ eniId: trunk.id, instanceId: id, deviceIndex: 1 }).id;
      vpc.completeAttach(attachmentId);
    });
    step(() => vpc.disassociateTrunk(goes?.id ?? ''));
    step(() => vpc.beginDetach({ attachmentId }));
    step(() => vpc.deleteEni(goes?.branch.id ?? ''));
    expect(seen).toEqual([['br7', 'br8', 'eth0', 'eth1'], ['br7', 'eth0', 'eth1'], ['eth0'], ['eth0']]);
    expect(vpc.branchesOf(trunk.id)).toEqual([stays?.branch.id ?? '']);
  });

  test('an efa-only ENI has no link, and one on another network card is numbered on', () => {
    const world = followed();
    const { vpc } = world;
    const subnetId = subnetOf(vpc);
    vpc.runInstance({
      name: 'a',
      instanceType: 'p4d.24xlarge',
      subnetId,
      interfaces: [
        { deviceIndex: 1, networkCardIndex: 1 },
        { deviceIndex: 1, networkCardIndex: 2, interfaceType: 'efa-only' },
        { deviceIndex: 0, networkCardIndex: 3 },
      ],
    });
    expect(ports(world)).toEqual(['v-a eth0: 10.0.0.4', 'v-a eth101: 10.0.0.5', 'v-a eth300: 10.0.0.6']);
    const told = [...world.follower.next(world.state).ports.values()].map(({ dhcp }) => dhcp?.address.address);
    expect(told).toEqual([parseIpv4('10.0.0.4'), undefined, undefined]);
  });

  test('a port has its number for as long as the ENI stays at its place', () => {
    const { vpc, follower, state } = followed();
    const [a, b] = [run(vpc, 'a').id, run(vpc, 'b').id];
    const eni = vpc.createEni({ subnetId: subnetOf(vpc) });
    const numbers: (number | undefined)[] = [];
    for (const instanceId of [a, b]) {
      const attachment = vpc.beginAttach({ eniId: eni.id, instanceId, deviceIndex: 1 });
      vpc.completeAttach(attachment.id);
      numbers.push(follower.next(state).ports.get(eni.id)?.number);
      vpc.assignAddresses({ eniId: eni.id, count: 1 });
      numbers.push(follower.next(state).ports.get(eni.id)?.number);
      vpc.beginDetach({ attachmentId: attachment.id });
      vpc.completeDetach(attachment.id);
    }
    expect(numbers).toEqual([3, 3, 4, 4]);
  });

  test('a held instance has no links until it is released', () => {
    const world = followed();
    const { id } = run(world.vpc, 'a');
    world.follower.hold(id, true);
    const held = ports(world);
    world.follower.hold(id, false);
    expect([held, ports(world)]).toEqual([[], ['v-a eth0: 10.0.0.4']]);
  });

  test('rules, subnets and hop limits are read anew', () => {
    const world = followed();
    const { vpc, follower, state } = world;
    const { id } = run(vpc, 'a');
    vpc.setMetadataOptions(id, { hopLimit: 1 });
    vpc.createSubnet({ cidr: parseIpv4Cidr('10.0.9.0/24'), availabilityZone: 'us-east-1b' });
    const group = vpc.createSecurityGroup({ name: 'web' });
    vpc.revokeRules({ groupId: group.id, ruleIds: group.rules.map((rule) => rule.id) });
    const next = follower.next(state);
    const gone = vpc.createSecurityGroup({ name: 'gone' });
    vpc.deleteSecurityGroup(gone.id);
    expect([
      [...next.ports.values()].map(({ hopLimit }) => hopLimit),
      next.ground.gateways,
      next.groups.get(group.id),
      follower.next(state).groups.has(gone.id),
    ]).toEqual([[1], ['10.0.0.1', '10.0.9.1'], [], false]);
  });
});

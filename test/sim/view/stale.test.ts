import { expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { SimEni } from '../../../src/sim/model/index.ts';
import { createVpcViews } from '../../../src/sim/view/index.ts';
import { block64, cidr, faultOf, smallVpc, subnetId } from '../model/support.ts';

/** Two instances: one with a second ENI, one without; and two ENIs on none. */
function world() {
  let now = 0;
  const vpc = smallVpc({ now: () => now });
  const views = createVpcViews(vpc);
  const subnet = subnetId(vpc);
  const launch = { instanceType: 'm5.large', subnetId: subnet };
  const big = vpc.runInstance({ ...launch, name: 'big', secondaryCount: 1 }).id;
  now += 1;
  const extra = vpc.createEni({ subnetId: subnet, prefixCount: 2 });
  vpc.completeAttach(vpc.beginAttach({ eniId: extra.id, instanceId: big, deviceIndex: 1 }).id);
  const small = vpc.runInstance({ ...launch, name: 'small' }).id;
  const loose = [vpc.createEni({ subnetId: subnet }), vpc.createEni({ subnetId: subnet })];
  return { vpc, views, big, small, extra, loose };
}

const shape = (enis: readonly SimEni[]): readonly string[] =>
  enis.map((eni) => [eni.id, ...eni.addresses, ...eni.prefixes.map(formatCidr)].join(' '));

test('missing-eni: an instance lacks its newest ENI but never its first; of the unattached the newest is missing', () => {
  const { vpc, views, big, small, extra, loose } = world();
  const seen = views.view({ lagMs: 0, stale: 'missing-eni' });
  expect([shape(seen.enisOf(big)), shape(seen.enisOf(small))]).toEqual([
    shape(vpc.enisOf(big).slice(0, 1)),
    shape(vpc.enisOf(small)),
  ]);
  expect([seen.findEni(extra.id), ...loose.map(({ id }) => seen.findEni(id)?.id)]).toEqual([
    undefined,
    loose[0]?.id,
    undefined,
  ]);
  expect(faultOf(() => seen.eni(extra.id))).toBe('InvalidNetworkInterfaceID.NotFound');
  expect(shape(seen.enis()).length).toBe(vpc.enis().length - 2);
});

test('missing-prefix and missing-address: every ENI lacks its newest, a primary address stays', () => {
  const { vpc, views, extra, big } = world();
  const [primary] = vpc.enisOf(big);
  const now = vpc.eni(extra.id);
  const without = (stale: 'missing-prefix' | 'missing-address', id: string) =>
    views.view({ lagMs: 0, stale }).findEni(id);
  expect(without('missing-prefix', extra.id)).toEqual({ ...now, prefixes: now.prefixes.slice(0, 1) });
  expect(without('missing-address', extra.id)).toEqual(now);
  expect(without('missing-address', primary?.id ?? '')?.addresses).toEqual(primary?.addresses.slice(0, 1) ?? []);
  expect(without('missing-prefix', primary?.id ?? '')).toEqual(primary);
});

test('deleted-eni: still there as it was in use, unless its subnet is gone too', () => {
  const { vpc, views, big, extra } = world();
  const attachmentId = vpc.eni(extra.id).attachment?.id ?? '';
  const was = vpc.eni(extra.id);
  const seen = () => views.view({ lagMs: 0, stale: 'deleted-eni' });
  vpc.beginDetach({ attachmentId });
  vpc.completeDetach(attachmentId);
  expect([seen().findEni(extra.id)?.attachment, seen().enisOf(big).length]).toEqual([undefined, 1]);
  vpc.deleteEni(extra.id);
  expect([seen().findEni(extra.id), seen().enisOf(big).at(-1)]).toEqual([was, was]);
  expect([...seen().eniIdsBy('instance-id', big)]).toContain(extra.id);
  expect(views.view(undefined)).toBe(vpc);
});

test('a deleted ENI does not show when its subnet is gone, nor one that is only detached', () => {
  const { vpc, views, loose } = world();
  const there = vpc.createSubnet({ cidr: cidr('10.0.9.0/24') });
  const eni = vpc.createEni({ subnetId: there.id });
  const seen = (): readonly string[] => {
    const now = new Set(vpc.enis().map(({ id }) => id));
    const { enis } = { enis: views.view({ lagMs: 0, stale: 'deleted-eni' }).enis() };
    return enis.flatMap(({ id }) => (now.has(id) ? [] : [id]));
  };
  vpc.deleteEni(eni.id);
  const deleted = seen();
  vpc.deleteSubnet(there.id);
  const without = seen();
  vpc.deleteEni(loose[0]?.id ?? '');
  expect([deleted, without, seen()]).toEqual([[eni.id], [], [loose[0]?.id ?? '']]);
});

test('of an ENI with IPv6 alone to lose, the newest of that is missing', () => {
  const vpc = smallVpc(undefined, { ipv6: true });
  vpc.associateSubnetCidr({ subnetId: subnetId(vpc), ipv6Cidr: block64(vpc, 0) });
  const views = createVpcViews(vpc);
  const eni = vpc.createEni({ subnetId: subnetId(vpc) });
  vpc.assignIpv6({ eniId: eni.id, count: 2, prefixCount: 2 });
  const now = vpc.eni(eni.id);
  const seen = (stale: 'missing-prefix' | 'missing-address') => views.view({ lagMs: 0, stale }).findEni(eni.id);
  expect([seen('missing-prefix'), seen('missing-address')]).toEqual([
    { ...now, ipv6Prefixes: now.ipv6Prefixes.slice(0, 1) },
    { ...now, ipv6Addresses: now.ipv6Addresses.slice(0, 1) },
  ]);
});

test('a lag shows an instance with the primary ENI it was launched with, and without the others', () => {
  let now = 0;
  const vpc = smallVpc({ now: () => now });
  const views = createVpcViews(vpc);
  now = 1000;
  const { id } = vpc.runInstance({
    instanceType: 'm5.large',
    subnetId: subnetId(vpc),
    interfaces: [{ deviceIndex: 1 }],
  });
  const seen = (lagMs: number): readonly unknown[] =>
    views
      .view({ lagMs, stale: undefined })
      .enisOf(id)
      .map(({ attachment }) => attachment?.deviceIndex);
  now = 1500;
  expect([seen(1000), seen(500)]).toEqual([[0], [0, 1]]);
});

test('a lag counts by a time that never goes back, also when the time of day does', () => {
  const time = { day: 1_000_000, passed: 0 };
  const vpc = smallVpc({ now: () => time.day });
  const views = createVpcViews(vpc, () => time.passed);
  const seen = (id: string) => views.view({ lagMs: 100, stale: undefined }).findEni(id)?.id;
  const first = vpc.createEni({ subnetId: subnetId(vpc) }).id;
  time.day -= 500_000;
  time.passed += 50;
  const second = vpc.createEni({ subnetId: subnetId(vpc) }).id;
  time.passed += 50;
  expect([seen(first), seen(second)]).toEqual([first, undefined]);
});

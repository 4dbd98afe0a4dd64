import { expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import type { SimEni } from '../../../src/sim/model/index.ts';
import { createVpcViews } from '../../../src/sim/view/index.ts';
import { faultOf, smallVpc, subnetId } from '../model/support.ts';

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

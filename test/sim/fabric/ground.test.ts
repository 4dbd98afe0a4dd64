import { describe, expect, test } from 'bun:test';
import { type Ground, NO_GROUND, planFoundation, planGround } from '../../../src/sim/fabric/ground.ts';

const facts = { ipv6: true, vlan: false };
const ground: Ground = { gateways: ['10.0.0.1'], cidrs: ['10.0.0.0/16'], ipv6Cidrs: ['2600:1f00::/56'] };
const larger: Ground = { gateways: ['10.0.0.1', '100.64.0.1'], cidrs: ['10.0.0.0/16', '100.64.0.0/16'], ipv6Cidrs: [] };

describe('planGround()', () => {
  const rows = [
    { name: 'the second plan is empty', before: ground, after: { ...ground }, router: [], internet: [] },
    {
      name: 'what nobody holds ends in the router, and the internet knows the way',
      before: NO_GROUND,
      after: ground,
      router: ['addr add 10.0.0.1/32 dev lo', 'route add 10.0.0.0/16 dev lo', 'route add blackhole 2600:1f00::/56'],
      internet: ['route add 10.0.0.0/16 via 203.0.113.1 dev vpc', 'route add 2600:1f00::/56 via fe80::1 dev vpc'],
    },
    {
      name: 'another CIDR with a subnet comes, the IPv6 block goes',
      before: ground,
      after: larger,
      router: ['route del blackhole 2600:1f00::/56', 'addr add 100.64.0.1/32 dev lo', 'route add 100.64.0.0/16 dev lo'],
      internet: ['route del 2600:1f00::/56 dev vpc', 'route add 100.64.0.0/16 via 203.0.113.1 dev vpc'],
    },
  ];
  for (const row of rows)
    test(row.name, () =>
      expect(planGround(row.before, row.after, facts)).toEqual({ router: row.router, internet: row.internet }),
    );
});

test('without IPv6 in the kernel no line names an IPv6 address', () => {
  const none = { ipv6: false, vlan: false };
  const plans = [planFoundation('v-internet', none), planGround(NO_GROUND, ground, none)];
  expect(
    plans.flatMap(({ router, internet }) => [...router, ...internet]).filter((line) => /:\w*:/.test(line)),
  ).toEqual([]);
});

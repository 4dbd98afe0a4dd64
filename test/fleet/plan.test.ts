import { describe, expect, test } from 'bun:test';
import { planFleet } from '../../src/fleet/index.ts';
import { each, fleet, limits, settingsOf, subnet, total } from './sample.ts';

test('three c5.large with two CoreDNS pods take 50 addresses: two nodes have a second ENI', async () => {
  const plan = await planFleet(fleet({ nodes: 3, stages: [{ atMs: 0, pods: total(2) }] }));
  expect(plan.perNode).toEqual([
    { pods: 1, nodes: 2, enis: 2, addresses: 20, prefixes: 0, warm: 17 },
    { pods: 0, nodes: 1, enis: 1, addresses: 10, prefixes: 0, warm: 9 },
  ]);
  // Amazon publishes 49 for it, and 20, 20 and 10 as its parts.
  expect([plan.taken, plan.primary, plan.warm, plan.nau]).toEqual([50, 5, 43, 52]);
});

describe('a node at rest holds what upstream documents for a t3.small', () => {
  const tables = [
    { set: { WARM_ENI_TARGET: '1' }, rows: ['0 1 3', '5 3 9', '9 3 9'] },
    { set: { WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '1' }, rows: ['0 1 1', '5 2 6', '9 3 9'] },
    { set: { WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '5' }, rows: ['0 2 5', '5 3 7', '9 3 9'] },
    {
      set: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
      rows: ['0 1 1', '5 1 2', '16 1 2', '17 1 3', '58 2 5'],
    },
    {
      set: { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '1' },
      rows: ['0 1 1', '5 1 1', '17 1 2', '58 2 4'],
    },
  ];
  for (const { set, rows } of tables)
    for (const row of rows)
      test(`${Object.entries(set).join(' ').replaceAll(',', '=')}: ${row}`, async () => {
        const [pods] = row.split(' ').map(Number);
        const plan = await planFleet(
          fleet({
            nodes: 1,
            limits: limits('t3.small'),
            settings: settingsOf({ ...set, MAX_PODS: '98' }),
            stages: [{ atMs: 0, pods: each(pods ?? 0) }],
          }),
        );
        const [node] = plan.perNode;
        const held = node && (node.prefixes > 0 ? node.prefixes : node.addresses - node.enis);
        expect(`${node?.pods} ${node?.enis} ${held}`).toBe(row);
      });
});

describe('planFleet()', () => {
  test('puts pods of custom networking into their own subnets, and leaves the primary ENI alone', async () => {
    const plan = await planFleet(
      fleet({
        nodes: 4,
        settings: settingsOf({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true', WARM_IP_TARGET: '1' }),
        stages: [{ atMs: 0, pods: each(5) }],
        subnets: [subnet('10.0.0.0/26'), subnet('10.0.1.0/26')],
        podSubnets: [subnet('100.64.0.0/24'), subnet('100.64.1.0/24')],
      }),
    );
    expect(plan.perNode).toEqual([{ pods: 5, nodes: 4, enis: 2, addresses: 8, prefixes: 0, warm: 1 }]);
    expect(plan.subnets.map(({ cidr, for: whom, taken }) => [cidr, whom, taken])).toEqual([
      ['10.0.0.0/26', 'nodes', 2],
      ['10.0.1.0/26', 'nodes', 2],
      ['100.64.0.0/24', 'pods', 14],
      ['100.64.1.0/24', 'pods', 14],
    ]);
    expect(plan.mostPods).toBe(18);
  });

  test('says how many nodes fit, which subnet ends it, and how many pods a node can have until then', async () => {
    const plan = await planFleet(
      fleet({
        nodes: 10,
        settings: settingsOf({ WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '1' }),
        stages: [{ atMs: 0, pods: each(8) }],
        subnets: [subnet('10.0.0.0/25'), subnet('10.0.1.0/25', 60)],
      }),
    );
    // Ten addresses a node, for five nodes in each subnet.
    expect(plan.subnets.map(({ taken, free, others }) => [taken, free, others])).toEqual([
      [50, 73, 0],
      [50, 13, 60],
    ]);
    expect([plan.room, plan.podsPerNode, plan.fits]).toEqual([{ nodes: 13, subnet: '10.0.1.0/25' }, 9, true]);
    const more = await planFleet(
      fleet({
        nodes: 14,
        settings: settingsOf({ WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '1' }),
        stages: [{ atMs: 0, pods: each(8) }],
        subnets: [subnet('10.0.0.0/25'), subnet('10.0.1.0/25', 60)],
      }),
    );
    expect([more.room?.nodes, more.fits]).toEqual([13, false]);
  });

  test('whole /28s run out before addresses do where others are all over the subnet', async () => {
    const prefixes = (scattered: boolean) =>
      planFleet(
        fleet({
          nodes: 5,
          settings: settingsOf({ ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '1' }),
          stages: [{ atMs: 0, pods: each(10) }],
          subnets: [subnet('10.0.0.0/24', 12, scattered)],
        }),
      );
    const [whole, broken] = [await prefixes(false), await prefixes(true)];
    expect([whole.fits, whole.room?.nodes, whole.prefixes, whole.taken]).toEqual([true, 13, 5, 85]);
    expect([broken.fits, broken.room?.nodes]).toEqual([false, 3]);
  });

  test('pods beyond max-pods are told, not placed', async () => {
    const plan = await planFleet(fleet({ nodes: 2, stages: [{ atMs: 0, pods: total(60) }] }));
    expect([plan.pods, plan.mostPods, plan.unplacedPods, plan.fits]).toEqual([54, 27, 6, false]);
  });

  test('IPv6 takes one address and one /80 of a node, and a trunk one ENI', async () => {
    const ipv6 = {
      ENABLE_IPv6: 'true',
      ENABLE_IPv4: 'false',
      ENABLE_PREFIX_DELEGATION: 'true',
      WARM_PREFIX_TARGET: '1',
    };
    const settings = settingsOf({ ...ipv6, ENABLE_V4_EGRESS: 'false' });
    const plan = await planFleet(fleet({ nodes: 2, settings, stages: [{ atMs: 0, pods: each(50) }] }));
    expect([plan.taken, plan.prefixes, plan.warm, plan.nau, plan.mostPods]).toEqual([2, 2, 0, 4, 108]);
    const trunk = settingsOf({ ENABLE_POD_ENI: 'true' });
    const full = await planFleet(fleet({ nodes: 1, settings: trunk, stages: [{ atMs: 0, pods: each(30) }] }));
    expect([full.perNode[0]?.enis, full.perNode[0]?.addresses, full.mostPods, full.pods]).toEqual([3, 21, 18, 18]);
  });
});

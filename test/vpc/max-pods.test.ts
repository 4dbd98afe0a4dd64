import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  explainPodRoom,
  hasManyVcpus,
  type InstanceLimits,
  instanceTypes,
  limitsOf,
  type PodRoomRequest,
  podRoom,
} from '../../src/vpc/index.ts';

function limits(type: string): InstanceLimits {
  const found = limitsOf(type);
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
}

const room = (type: string, change: Partial<PodRoomRequest> = {}) =>
  podRoom({ limits: limits(type), mode: 'secondary', customNetworking: false, ...change });

/** Amazon's own figures: raw with secondary addresses, with prefixes, with prefixes and custom networking, and the advice. */
const rows = [
  ['t3.nano', 4, 34, 18, 34],
  ['t3.medium', 17, 242, 162, 110],
  ['m5.large', 29, 434, 290, 110],
  ['m5.xlarge', 58, 898, 674, 110],
  ['m5.4xlarge', 234, 3714, 3250, 110],
  ['c5.18xlarge', 737, 11762, 10978, 250],
  ['p5.48xlarge', 100, 1570, 786, 250],
] as const;
for (const [type, secondary, prefix, custom, advice] of rows)
  test(`podRoom() ${type} as Amazon publishes it`, () => {
    expect([
      room(type).addressable,
      room(type, { mode: 'prefix' }).addressable,
      room(type, { mode: 'prefix', customNetworking: true }).addressable,
      room(type, { mode: 'prefix' }).maxPods,
    ]).toEqual([secondary, prefix, custom, advice]);
  });

describe('podRoom()', () => {
  const said = [
    {
      name: 'addresses',
      of: room('m5.large'),
      text: 'm5.large: 3 ENIs × 9 addresses + 2 pods on the host network = 29, below the ceiling of 110',
    },
    {
      name: 'the ceiling',
      of: room('m5.4xlarge'),
      text: 'm5.4xlarge: 8 ENIs × 29 addresses + 2 pods on the host network = 234, cut to 110, the ceiling for up to 30 vCPUs',
    },
    {
      name: 'the ceiling of a large one',
      of: room('c5.18xlarge'),
      text: 'c5.18xlarge: 15 ENIs × 49 addresses + 2 pods on the host network = 737, cut to 250, the ceiling for more than 30 vCPUs',
    },
    {
      name: 'prefixes',
      of: room('t3.nano', { mode: 'prefix' }),
      text: 't3.nano: 2 ENIs × 1 prefixes × 16 + 2 pods on the host network = 34, below the ceiling of 110',
    },
    {
      name: 'an old type without prefixes',
      of: room('m4.xlarge', { mode: 'prefix' }),
      text: 'm4.xlarge: 4 ENIs × 14 addresses + 2 pods on the host network = 58, below the ceiling of 110\nnote: m4.xlarge is not nitro and knows no prefixes: secondary addresses',
    },
    {
      name: 'bare metal, which has prefixes',
      of: room('c5.metal', { mode: 'prefix', mostEnis: 1 }),
      text: 'c5.metal: 1 ENI × 49 prefixes × 16 + 2 pods on the host network = 786, cut to 250, the ceiling for more than 30 vCPUs',
    },
    {
      name: 'custom networking',
      of: room('m5.large', { customNetworking: true }),
      text: 'm5.large: 2 ENIs (the primary one is the node’s: custom networking) × 9 addresses + 2 pods on the host network = 20, below the ceiling of 110',
    },
    {
      name: 'no ENI left',
      of: room('hpc6id.32xlarge', { customNetworking: true }),
      text: 'hpc6id.32xlarge: 0 ENIs (the primary one is the node’s: custom networking) × 49 addresses + 2 pods on the host network = 2, below the ceiling of 250\nnote: custom networking leaves no ENI for pods: only pods on the host network fit\nnote: ENIs of the default network card only, of 2 cards',
    },
    {
      name: 'MAX_ENI',
      of: room('m5.4xlarge', { mostEnis: 2 }),
      text: 'm5.4xlarge: 2 ENIs × 29 addresses + 2 pods on the host network = 60, below the ceiling of 110',
    },
    {
      name: 'a MAX_ENI beyond the type',
      of: room('m5.large', { mostEnis: 9 }),
      text: 'm5.large: 3 ENIs × 9 addresses + 2 pods on the host network = 29, below the ceiling of 110',
    },
    {
      name: 'MAX_PODS',
      of: room('m5.4xlarge', { mostAddressedPods: 20 }),
      text: 'm5.4xlarge: 8 ENIs × 29 addresses + 2 pods on the host network = 234, cut to 22 by MAX_PODS',
    },
    {
      name: 'a number that may be above the ceiling',
      of: room('m5.4xlarge', { noCeiling: true }),
      text: 'm5.4xlarge: 8 ENIs × 29 addresses + 2 pods on the host network = 234, above the ceiling of 110 for up to 30 vCPUs',
    },
    {
      name: 'IPv6',
      of: room('m5.large', { mode: 'ipv6' }),
      text: 'm5.large: 3 ENIs × 9 prefixes × 16 + 2 pods on the host network = 434, cut to 110, the ceiling for up to 30 vCPUs\nnote: one /80 has no end: the number is that of /28 prefixes, as Amazon counts it',
    },
    {
      name: 'IPv6 where there is none',
      of: room('m4.large', { mode: 'ipv6' }),
      text: 'm4.large: 0 ENIs × 9 prefixes × 16 + 2 pods on the host network = 2, below the ceiling of 110\nnote: m4.large knows no IPv6 prefixes: only pods on the host network fit',
    },
    {
      name: 'reserved ENIs',
      of: room('m5.xlarge', { reservedEnis: 1 }),
      text: 'm5.xlarge: 3 ENIs (1 reserved) × 14 addresses + 2 pods on the host network = 44, below the ceiling of 110',
    },
    {
      name: 'more reserved than there are',
      of: room('t3.nano', { reservedEnis: 5 }),
      text: 't3.nano: 0 ENIs (5 reserved) × 1 addresses + 2 pods on the host network = 2, below the ceiling of 110\nnote: no ENI is left for pods: only pods on the host network fit',
    },
    {
      name: 'a trunk, with custom networking',
      of: room('m5.large', { trunk: true, customNetworking: true }),
      text: 'm5.large: 1 ENI (the primary one is the node’s: custom networking; one is the trunk) × 9 addresses + 2 pods on the host network = 11, below the ceiling of 110\nnote: the trunk takes one ENI, and carries up to 9 pods with security groups of their own',
    },
    {
      name: 'a type without trunks',
      of: room('t3.small', { trunk: true }),
      text: 't3.small: 3 ENIs × 3 addresses + 2 pods on the host network = 11, below the ceiling of 110\nnote: t3.small takes no trunk: no pod has security groups of its own',
    },
    {
      name: 'every card, MAX_ENI of each',
      of: room('p5.48xlarge', { allCards: true, mostEnis: 1 }),
      text: 'p5.48xlarge: 32 ENIs (of 32 cards) × 49 addresses + 2 pods on the host network = 1570, cut to 250, the ceiling for more than 30 vCPUs',
    },
  ] as const;
  for (const { name, of, text } of said) test(`says why: ${name}`, () => expect(explainPodRoom(of)).toBe(text));

  test('counts over every built-in type', () => {
    const all = instanceTypes().map((type) => room(type));
    const count = (holds: (one: (typeof all)[number]) => boolean): number => all.filter(holds).length;
    expect({
      least: Math.min(...all.map((one) => one.addressable)),
      most: Math.max(...all.map((one) => one.addressable)),
      over110: count((one) => one.addressable > 110),
      over250: count((one) => one.addressable > 250),
      large: count((one) => one.ceiling === 250),
      cut: count((one) => one.limitedBy === 'ceiling'),
    }).toEqual({ least: 4, most: 1514, over110: 952, over250: 599, large: 753, cut: 776 });
  });

  test('holds its rules for every type, mode and limit', () => {
    const request = fc.record({
      type: fc.constantFrom(...instanceTypes()),
      mode: fc.constantFrom('secondary' as const, 'prefix' as const),
      customNetworking: fc.boolean(),
      mostEnis: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      mostAddressedPods: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, ({ type, ...change }) => {
        const of = limits(type);
        const one = room(type, change);
        // Every pod beyond those on the host network must find an address on some ENI.
        let addresses = 0;
        for (let eni = change.customNetworking ? 1 : 0; eni < Math.min(of.maxEnis, change.mostEnis ?? 99); eni += 1)
          addresses += (of.ipv4PerEni - 1) * (one.mode === 'prefix' ? 16 : 1);
        expect(one.maxPods - 2).toBeLessThanOrEqual(addresses);
        expect(one.maxPods).toBeLessThanOrEqual(one.ceiling);
        expect(one.maxPods).toBe(Math.min(addresses + 2, one.ceiling, (change.mostAddressedPods ?? 999) + 2));
        expect(one.mode === 'prefix').toBe(
          change.mode === 'prefix' && of.hypervisor !== 'xen' && (of.bareMetal || of.hypervisor === 'nitro'),
        );
      }),
    );
  });
});

/** The least type above and the greatest below 30 vCPUs of each way to name a size. */
const sizes = [
  ...[
    't1.micro',
    'm7g.medium',
    'm5.large',
    'm5.xlarge',
    'm5.4xlarge',
    'u7i.7xlarge',
    'hpc7a.12xlarge',
    'hs1.8xlarge',
    'a1.metal',
    'mac2-m1ultra.metal',
  ].map((type) => [type, false] as const),
  ...[
    'm5.8xlarge',
    'c5.9xlarge',
    'hpc7a.24xlarge',
    'z1d.metal',
    'c7i.metal-24xl',
    'u7in-16tb.224xlarge',
    'x9z.48xlarge',
  ].map((type) => [type, true] as const),
];
for (const [type, many] of sizes) test(`hasManyVcpus() ${type}: ${many}`, () => expect(hasManyVcpus(type)).toBe(many));

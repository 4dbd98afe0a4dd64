import { expect, test } from 'bun:test';
import { instanceTypes, limitsOf, maxPods } from '../../src/vpc/index.ts';

const nitro = { hypervisor: 'nitro', bareMetal: false } as const;
const rows = [
  { type: 't3.small', limits: { maxEnis: 3, ipv4PerEni: 4, cards: [3], ...nitro } },
  { type: 't3.medium', limits: { maxEnis: 3, ipv4PerEni: 6, cards: [3], ...nitro } },
  { type: 'm5.large', limits: { maxEnis: 3, ipv4PerEni: 10, cards: [3], ...nitro } },
  { type: 'c7i-flex.large', limits: { maxEnis: 3, ipv4PerEni: 10, cards: [3], ...nitro } },
  { type: 'm4.4xlarge', limits: { maxEnis: 8, ipv4PerEni: 30, cards: [8], hypervisor: 'xen', bareMetal: false } },
  { type: 'cr1.8xlarge', limits: { maxEnis: 8, ipv4PerEni: 30, cards: [8], hypervisor: 'unknown', bareMetal: false } },
  { type: 'c5.metal', limits: { maxEnis: 15, ipv4PerEni: 50, cards: [15], hypervisor: 'unknown', bareMetal: true } },
  { type: 'p4d.24xlarge', limits: { maxEnis: 15, ipv4PerEni: 50, cards: [15, 15, 15, 15], ...nitro } },
  { type: 'hpc6id.32xlarge', limits: { maxEnis: 1, ipv4PerEni: 50, cards: [1, 1], ...nitro } },
] as const;

for (const row of rows) {
  test(`limitsOf() ${row.type}`, () => {
    expect(limitsOf(row.type)).toEqual({ instanceType: row.type, ...row.limits });
  });
}

for (const type of ['', 't3', 't3.', 't3.huge', 'nosuch.large', '# One.family', 'x', 't3.small.more', '.large']) {
  test(`limitsOf() knows no type "${type}"`, () => {
    expect(limitsOf(type)).toBeUndefined();
  });
}

test('every entry of the table can be read and is plausible', () => {
  const all = instanceTypes().map((type) => limitsOf(type));
  const wrong = all.filter((l) => l === undefined || !(l.maxEnis >= 1 && l.ipv4PerEni >= 2 && l.cards.length >= 1));
  expect(wrong).toEqual([]);
  expect({
    types: new Set(instanceTypes()).size,
    xen: all.filter((l) => l?.hypervisor === 'xen').length,
    nitro: all.filter((l) => l?.hypervisor === 'nitro').length,
    severalCards: all.filter((l) => (l?.cards.length ?? 0) > 1).length,
  }).toEqual({ types: 1391, xen: 80, nitro: 1149, severalCards: 67 });
});

const pods = [
  { type: 't3.small', pods: 11, custom: 8 },
  { type: 't3.medium', pods: 17, custom: 12 },
  { type: 'm5.large', pods: 29, custom: 20 },
  { type: 'c5.4xlarge', pods: 234, custom: 205 },
  { type: 'p5.48xlarge', pods: 100, custom: 51 },
];
for (const row of pods) {
  test(`maxPods() ${row.type}`, () => {
    const limits = limitsOf(row.type);
    const got = limits && { pods: maxPods(limits), custom: maxPods(limits, { customNetworking: true }) };
    expect(got).toEqual({ pods: row.pods, custom: row.custom });
  });
}

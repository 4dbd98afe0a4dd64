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

/** How many types there are of each shape, ENIs/IPv4 per ENI: a slip in any entry of the table moves two of these. */
const shapes = `
  1/50:1 2/2:9 2/4:40 2/6:3 2/10:2 2/15:1 2/20:4 2/50:9 3/4:4 3/6:4 3/10:93 3/12:4 3/15:2 3/20:18
  3/30:1 4/3:2 4/5:2 4/10:4 4/15:216 4/20:20 4/30:55 4/40:3 4/50:6 4/64:2 5/30:3 5/50:2 6/30:1 7/50:1
  8/30:283 8/40:7 8/50:54 8/64:3 10/30:8 10/40:3 10/50:16 10/64:4 11/30:1 12/30:7 12/50:38 12/64:25
  15/30:1 15/50:263 16/50:9 16/64:68 24/50:14 24/64:75
`;

test('the table has so many types of each shape', () => {
  const counts = new Map<string, number>();
  for (const type of instanceTypes()) {
    const { maxEnis, ipv4PerEni } = limitsOf(type) ?? { maxEnis: 0, ipv4PerEni: 0 };
    const shape = `${maxEnis}/${ipv4PerEni}`;
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  const wanted = shapes.trim().split(/\s+/);
  expect([...counts].map(([shape, count]) => `${shape}:${count}`).sort()).toEqual(wanted.sort());
});

/** Types with several network cards, by ENIs of each card and cards. */
const several = {
  '1x2': `hpc6id.32xlarge`,
  '2x2': `hpc7a.12xlarge hpc7a.24xlarge hpc7a.48xlarge hpc7a.96xlarge hpc8a.96xlarge`,
  '2x16': `trn2.48xlarge`,
  '2x32': `p5.48xlarge p5e.48xlarge`,
  '4x8': `p6-b200.48xlarge`,
  '4x16': `p5en.48xlarge`,
  '4x17': `p6-b300.48xlarge`,
  '5x8': `trn1.32xlarge`,
  '5x16': `trn1n.32xlarge`,
  '8x2': `
    c6in.32xlarge c6in.metal m6idn.32xlarge m6idn.metal m6in.32xlarge m6in.metal r6idn.32xlarge
    r6idn.metal r6in.32xlarge r6in.metal u7in-16tb.224xlarge u7in-24tb.224xlarge u7in-32tb.224xlarge`,
  '10x2': `g6e.24xlarge g7e.24xlarge`,
  '10x4': `g6e.48xlarge g7e.48xlarge`,
  '12x2': `
    c8gb.48xlarge c8gb.metal-48xl c8gn.48xlarge c8gn.metal-48xl c8ib.96xlarge c8ib.metal-96xl
    c8in.96xlarge c8in.metal-96xl g7.48xlarge m8gb.48xlarge m8gb.metal-48xl m8gn.48xlarge
    m8gn.metal-48xl m8ib.96xlarge m8ib.metal-96xl m8idb.96xlarge m8idb.metal-96xl m8idn.96xlarge
    m8idn.metal-96xl m8in.96xlarge m8in.metal-96xl r8gb.48xlarge r8gb.metal-48xl r8gn.48xlarge
    r8gn.metal-48xl r8ib.96xlarge r8ib.metal-96xl r8idb.96xlarge r8idb.metal-96xl r8idn.96xlarge
    r8idn.metal-96xl r8in.96xlarge r8in.metal-96xl`,
  '15x4': `dl1.24xlarge p4d.24xlarge p4de.24xlarge`,
} as const;

test('the table has the network cards of every type with several', () => {
  const found: Record<string, string[]> = {};
  for (const type of instanceTypes()) {
    const { cards, maxEnis } = limitsOf(type) ?? { cards: [], maxEnis: 0 };
    if (cards.length < 2) continue;
    expect(new Set(cards)).toEqual(new Set([maxEnis]));
    const shape = `${maxEnis}x${cards.length}`;
    found[shape] = [...(found[shape] ?? []), type];
  }
  const wanted = Object.entries(several).map(([shape, types]) => [shape, types.trim().split(/\s+/).sort()]);
  expect(
    Object.entries(found)
      .map(([shape, types]) => [shape, types.sort()])
      .sort(),
  ).toEqual(wanted.sort());
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

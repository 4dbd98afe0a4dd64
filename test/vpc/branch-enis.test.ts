import { expect, test } from 'bun:test';
import { branchEnisOf, instanceTypes, limitsOf } from '../../src/vpc/index.ts';

/** As the source has them, one of each kind and every way a type can be an exception. */
const rows = {
  'a1.medium': 10,
  'a1.metal': 54,
  'c5.9xlarge': 54,
  'c6g.medium': 4,
  'c6i.8xlarge': 84,
  'c6i.12xlarge': 114,
  'c6in.32xlarge': 106,
  'c7i-flex.large': 3,
  'c7i-flex.8xlarge': 54,
  'c8gn.48xlarge': 98,
  'c8i.8xlarge': 82,
  'd3.8xlarge': 119,
  'dl1.24xlarge': 62,
  'g4ad.16xlarge': 6,
  'g4dn.16xlarge': 118,
  'g4dn.2xlarge': 39,
  'g5.48xlarge': 115,
  'g6e.48xlarge': 82,
  'i3en.6xlarge': 54,
  'i4i.large': 0,
  'i4i.24xlarge': 105,
  'i7ie.12xlarge': 54,
  'i8ge.12xlarge': 50,
  'inf1.24xlarge': 111,
  'inf2.8xlarge': 84,
  'm5.large': 9,
  'm5.xlarge': 18,
  'm5.2xlarge': 38,
  'm5.4xlarge': 54,
  'm5.16xlarge': 107,
  'mac2.metal': 6,
  'p4d.24xlarge': 62,
  'p5.4xlarge': 58,
  'p5.48xlarge': 120,
  'trn1.32xlarge': 82,
  'u7in-16tb.224xlarge': 106,
  'vt1.3xlarge': 38,
  'x2iedn.4xlarge': 54,
  'x8g.metal-48xl': 107,
  'z1d.6xlarge': 54,
  // No trunk: burstable, xen, an unknown type.
  't3.2xlarge': 0,
  'm4.4xlarge': 0,
  'hpc7g.16xlarge': 0,
  'no.such': 0,
} as const;

test('branchEnisOf() knows every kind of type and the exceptions', () => {
  expect(Object.fromEntries(Object.keys(rows).map((type) => [type, branchEnisOf(type)]))).toEqual(rows);
});

/** Families with a type that takes no trunk: xen, burstable, and those the source does not have. */
const TRUNKLESS = `
  bmn-sf1 c1 c3 c4 cr1 d2 f1 h1 hpc6a hpc6id hpc7a hpc7g hpc8a hs1 i2 i3 i4i m1 m2 m3 m4 p3 r3 r4 t1
  t2 t3 t3a t4g trn2 u-12tb1 u-18tb1 u-24tb1 u-6tb1 u-9tb1 x1 x1e
`;

test('every type takes a plausible number of branches', () => {
  const all = instanceTypes().map((type) => ({ type, branches: branchEnisOf(type) }));
  expect(all.filter(({ branches }) => !Number.isInteger(branches) || branches < 0 || branches > 120)).toEqual([]);
  const old = all.filter(({ type }) => limitsOf(type)?.hypervisor === 'xen' || type.startsWith('t'));
  expect(old.filter(({ type, branches }) => branches > 0 && !type.startsWith('trn'))).toEqual([]);
  const none = all.filter(({ branches }) => branches === 0).map(({ type }) => type.split('.')[0]);
  expect([...new Set(none)]).toEqual(TRUNKLESS.trim().split(/\s+/));
});

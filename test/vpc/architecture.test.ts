import { expect, test } from 'bun:test';
import { architectureOf, instanceTypes } from '../../src/vpc/index.ts';

test('architectureOf() every family of the table that is not x86_64', () => {
  const families = Map.groupBy(instanceTypes(), architectureOf);
  const of = (architecture: ReturnType<typeof architectureOf>): string =>
    [...new Set(families.get(architecture)?.map((type) => type.split('.', 1)[0]))].sort().join(' ');
  expect([of('arm64'), of('arm64_mac'), of('x86_64_mac')]).toEqual([
    'a1 c6g c6gd c6gn c7g c7gd c7gn c8g c8gb c8gd c8gn c9g c9gd g5g hpc7g i4g i8g i8ge im4gn is4gen m6g m6gd m7g m7gd m8g m8gb m8gd m8gn m9g m9gd r6g r6gd r7g r7gd r8g r8gb r8gd r8gn t4g x2gd x8g',
    'mac-m3ultra mac-m4 mac-m4max mac-m4pro mac2 mac2-m1ultra mac2-m2 mac2-m2pro',
    'mac1',
  ]);
});

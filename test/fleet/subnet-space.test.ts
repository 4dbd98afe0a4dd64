import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SubnetSpace } from '../../src/fleet/subnet-space.ts';
import { subnet } from './sample.ts';

describe('SubnetSpace', () => {
  test('keeps the first four addresses and the last, as EC2 does', () => {
    const space = new SubnetSpace(subnet('10.0.0.0/28'));
    expect(space.view).toEqual({ cidr: '10.0.0.0/28', usable: 11, free: 11, freePrefixes: 0 });
    expect(space.takeAddresses(11)).toEqual(Array.from({ length: 11 }, (_, n) => `10.0.0.${n + 4}/32`));
    expect([space.takeAddresses(1), space.view.free]).toEqual([undefined, 0]);
  });

  test('takes single addresses from the low end and prefixes from the high one, so that blocks stay whole', () => {
    const space = new SubnetSpace(subnet('10.0.0.0/25'));
    expect(space.takePrefixes(2)).toEqual(['10.0.0.96/28', '10.0.0.80/28']);
    expect(space.takeAddresses(13)?.at(-1)).toBe('10.0.0.16/32');
    expect(space.view).toEqual({ cidr: '10.0.0.0/25', usable: 123, free: 123 - 32 - 13, freePrefixes: 3 });
  });

  test('gives all or nothing', () => {
    const space = new SubnetSpace(subnet('10.0.0.0/26'));
    expect([space.takePrefixes(3), space.view.freePrefixes]).toEqual([undefined, 2]);
    expect([space.takeAddresses(60), space.view.free]).toEqual([undefined, 59]);
  });

  test('addresses of others take one block after the other, or one of each', () => {
    expect(new SubnetSpace(subnet('10.0.0.0/24', 100)).view.freePrefixes).toBe(8);
    expect(new SubnetSpace(subnet('10.0.0.0/24', 14, true)).view.freePrefixes).toBe(1);
    expect(new SubnetSpace(subnet('10.0.0.0/24', 9_999, true)).view.free).toBe(0);
  });

  test('is right after any history', () => {
    const step = fc.record({
      kind: fc.constantFrom('addresses', 'prefixes', 'back'),
      count: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const space = new SubnetSpace(subnet('10.0.0.0/25'));
        const held: string[] = [];
        for (const { kind, count } of steps) {
          if (kind === 'back') {
            for (const cidr of held.splice(0, count)) space.giveBack(cidr);
            continue;
          }
          const before = space.view;
          const got = kind === 'addresses' ? space.takeAddresses(count) : space.takePrefixes(count);
          const room = kind === 'addresses' ? before.free : before.freePrefixes;
          expect(got?.length).toBe(count <= room ? count : undefined);
          held.push(...(got ?? []));
        }
        // Nobody else has any of them, and what is free is the rest.
        const all = held.flatMap((cidr) => {
          const [address = '', length] = cidr.split('/');
          const last = Number(address.split('.')[3]);
          return Array.from({ length: length === '28' ? 16 : 1 }, (_, n) => last + n);
        });
        expect(new Set(all).size).toBe(all.length);
        expect(all.filter((last) => last < 4 || last === 127)).toEqual([]);
        const blocks = new Set([0, 7, ...all.map((last) => Math.floor(last / 16))]);
        expect(space.view).toMatchObject({ free: 123 - all.length, freePrefixes: 8 - blocks.size });
      }),
    );
  });
});

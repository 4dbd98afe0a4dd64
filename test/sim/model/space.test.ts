import { describe, expect, test } from 'bun:test';
import { addressAt, formatCidr, type Ipv4Cidr } from '../../../src/addr/index.ts';
import { SubnetSpace } from '../../../src/sim/model/space.ts';
import { cidr, ip } from './support.ts';

const counts = (space: SubnetSpace): string => `free ${space.free} open ${space.open} blocks ${space.openBlocks}`;
const texts = (blocks: readonly Ipv4Cidr[]): readonly string[] => blocks.map(formatCidr);

describe('SubnetSpace', () => {
  const sizes = [
    { net: '10.0.0.0/28', is: 'free 11 open 11 blocks 0' },
    { net: '10.0.0.0/27', is: 'free 27 open 27 blocks 0' },
    { net: '10.0.0.0/24', is: 'free 251 open 251 blocks 14' },
    { net: '10.0.0.0/16', is: 'free 65531 open 65531 blocks 4094' },
  ];
  for (const { net, is } of sizes)
    test(`a fresh ${net}: ${is}`, () => expect(counts(new SubnetSpace(cidr(net)))).toBe(is));

  test('addresses are picked in order, all round, and one that was just released comes last', () => {
    const space = new SubnetSpace(cidr('10.0.0.0/28'));
    const taken = space.pick(3);
    for (const address of taken) space.take(address);
    space.release(ip('10.0.0.5'));
    expect([...taken, ...space.pick(9)]).toEqual(
      [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 5].map((index) => addressAt(cidr('10.0.0.0/28'), index)),
    );
  });

  test('one address spoils its /28 for prefixes until it is released', () => {
    const space = new SubnetSpace(cidr('10.0.0.0/26'));
    space.take(ip('10.0.0.20'));
    expect([counts(space), space.isBlockFree(ip('10.0.0.16'))]).toEqual(['free 58 open 58 blocks 1', false]);
    expect(texts(space.pickBlocks(1))).toEqual(['10.0.0.32/28']);
    space.release(ip('10.0.0.20'));
    expect(counts(space)).toBe('free 59 open 59 blocks 2');
  });

  test('a reservation keeps addresses from being picked, not from being free', () => {
    const space = new SubnetSpace(cidr('10.0.0.0/26'));
    space.keep(cidr('10.0.0.16/28'), true);
    expect(counts(space)).toBe('free 59 open 43 blocks 1');
    expect(space.pick(43).some((address) => address.startsWith('10.0.0.2'))).toBe(false);
    expect(texts(space.freeBlocksIn(cidr('10.0.0.16/28'), 5))).toEqual(['10.0.0.16/28']);
    space.keep(cidr('10.0.0.16/28'), false);
    expect(counts(space)).toBe('free 59 open 59 blocks 2');
  });

  test('two reservations in one /28 are given back one by one', () => {
    const space = new SubnetSpace(cidr('10.0.0.0/26'));
    space.keep(cidr('10.0.0.16/30'), true);
    space.keep(cidr('10.0.0.24/29'), true);
    expect(counts(space)).toBe('free 59 open 47 blocks 1');
    space.keep(cidr('10.0.0.16/30'), false);
    expect(counts(space)).toBe('free 59 open 51 blocks 1');
  });

  test('the addresses AWS keeps are not usable, nor is what lies outside', () => {
    const space = new SubnetSpace(cidr('10.0.1.0/24'));
    const usable = ['10.0.0.9', '10.0.1.0', '10.0.1.3', '10.0.1.4', '10.0.1.254', '10.0.1.255', '10.0.2.9'].map(
      (text) => space.isUsable(ip(text)),
    );
    expect(usable).toEqual([false, false, false, true, true, false, false]);
  });
});

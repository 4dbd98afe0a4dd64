import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  formatCidr,
  ipv6CidrContains,
  ipv6FromBigInt,
  ipv6NetworkOf,
  ipv6ToBigInt,
  isIpv6,
  parseIpv6,
  parseIpv6Cidr,
} from '../../src/addr/index.ts';

describe('IPv6 addresses', () => {
  const rows = [
    { text: '2001:DB8:0:0:0:0:0:1', canonical: '2001:db8::1' },
    { text: '::', canonical: '::' },
    { text: '2001:db8:0:1:1:1:1:1', canonical: '2001:db8:0:1:1:1:1:1' },
    { text: '2001:0:0:1:0:0:0:1', canonical: '2001:0:0:1::1' },
  ];
  for (const { text, canonical } of rows)
    test(`parseIpv6() spells ${text} ${canonical}`, () => {
      expect([String(parseIpv6(text)), isIpv6(text)]).toEqual([canonical, text === canonical]);
    });

  for (const text of ['', '10.0.0.1', '1::2::3', 'fe80::1%eth0', '12345::', 'g::'])
    test(`parseIpv6() refuses "${text}" by name`, () => {
      expect(isIpv6(text)).toBe(false);
      expect(() => parseIpv6(text)).toThrow(`"${text}" is not an IPv6 address`);
    });

  for (const text of ['2001:db8::', '2001:db8::/129', '2001:db8::/', '2001:db8::/64/1', '10.0.0.0/8', '/64'])
    test(`parseIpv6Cidr() refuses "${text}" by name`, () => {
      expect(() => parseIpv6Cidr(text)).toThrow(`"${text}" is not an IPv6 CIDR`);
    });

  test('a number and its address are one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
        const address = ipv6FromBigInt(value);
        expect([ipv6ToBigInt(address), isIpv6(address)]).toEqual([value, true]);
      }),
    );
  });

  test('a network holds its own addresses and no others', () => {
    const network = ipv6NetworkOf(parseIpv6Cidr('2600:1f18:0:1:2::7/80'));
    expect(formatCidr(network)).toBe('2600:1f18:0:1:2::/80');
    const held = ['2600:1f18:0:1:2::', '2600:1f18:0:1:2:ffff:ffff:ffff', '2600:1f18:0:1:3::'].map((address) =>
      ipv6CidrContains(network, parseIpv6(address)),
    );
    expect(held).toEqual([true, true, false]);
  });
});

import { describe, expect, test } from 'bun:test';
import { parseMac } from '../../../src/addr/index.ts';
import { linkLocalOf, ROUTER_LINK_LOCAL } from '../../../src/sim/fabric/addresses.ts';
import { netnsHome, nodeNetns, portName, vpcNames } from '../../../src/sim/fabric/names.ts';

describe('names', () => {
  test('a link name of an ENI fits the kernel', () =>
    expect(portName('eni-0123456789abcdef0')).toBe('eni56789abcdef0'));
  test('a namespace is kept below the state of its VPC', () =>
    expect(netnsHome(nodeNetns(vpcNames('v2'), 'node-a'))).toBe('/run/vpc-cni-sim/v2/netns/node-a'));
  for (const name of ['', 'a-b', 'Upper', '1st', 'x'.repeat(13)])
    test(`"${name}" is no VPC name`, () => expect(() => vpcNames(name)).toThrow(`"${name}" is no VPC name`));
  for (const name of ['router', 'internet', '-a', 'a/b', '..'])
    test(`"${name}" is no node name`, () => expect(() => nodeNetns(vpcNames('v'), name)).toThrow('is no node name'));
});

test('linkLocalOf() flips the local bit of the MAC and puts fffe in its middle (RFC 4291, appendix A)', () =>
  expect([String(linkLocalOf(parseMac('34:56:78:9a:bc:de'))), String(ROUTER_LINK_LOCAL)]).toEqual([
    'fe80::3656:78ff:fe9a:bcde',
    'fe80::ec:20ff:fe00:1',
  ]));

import { expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  DEAD_LINK_GROUP,
  formerPrefixes,
  iptablesRules,
  type Link,
  type PacketRulesInput,
  podAlias,
} from '../../src/dataplane/index.ts';

const HASH = '0123456789a';
const link = (name: string, change: Partial<Link> = {}, ifName = 'eth0'): Link => ({
  ...{ index: 7, name, mac: undefined, mtu: 9001, up: true, group: 0 },
  alias: podAlias({ network: 'aws-cni', namespace: 'default', name: 'web', containerId: 'c', ifName }),
  ...change,
});

test("prefixes of links that are pods' and live, beside the one of now, once each and in one order", () => {
  const links = [
    ...['web', 'eni', 'abc', 'web'].map((prefix) => link(`${prefix}${HASH}`)),
    link(`dead${HASH}`, { group: DEAD_LINK_GROUP }),
    // In strict mode, for egress, of somebody else, and of a name that another CNI plugin made.
    link(`vlan${HASH}`),
    link(`v4${HASH}`, {}, 'v4if0'),
    link(`lab${HASH}`, { alias: 'lab' }),
    link(`none${HASH}`, { alias: undefined }),
    link('tap0'),
    link(`long-${HASH}`),
  ];
  expect(formerPrefixes(links, 'eni')).toEqual(['abc', 'web']);
  expect(formerPrefixes(links, 'web')).toEqual(['abc', 'eni']);
  expect(formerPrefixes([], 'eni')).toEqual([]);
});

test('without nft their packets are marked as those of the others are', () => {
  const usual: PacketRulesInput = {
    ...{ primaryLink: 'eth0', primaryAddress: parseIpv4('10.0.1.5'), vethPrefix: 'eni', mark: 0x80 },
    ...{ exemptCidrs: [parseIpv4Cidr('10.0.0.0/16')], externalSnat: false, randomize: 'prng', nodePort: true },
  };
  const naming = (input: PacketRulesInput, prefix: string): readonly string[] =>
    iptablesRules(input)
      .flatMap(({ rules, jumps }) => [...rules, ...jumps])
      .filter((rule) => rule.includes(` -i ${prefix}+ `))
      .map((rule) => rule.replace(prefix, 'PREFIX'));
  const both = { ...usual, formerPrefixes: ['web'] };
  expect(naming(both, 'eni')).toHaveLength(3);
  expect(naming(both, 'web')).toEqual(naming(both, 'eni'));
  expect(naming(usual, 'web')).toEqual([]);
  expect(naming(usual, 'eni')).toEqual(naming(both, 'eni'));
});

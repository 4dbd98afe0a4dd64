import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import { type PacketRulesInput, packetRules, usesMark } from '../../src/dataplane/index.ts';

const usual: PacketRulesInput = {
  primaryLink: 'eth0',
  primaryAddress: parseIpv4('10.0.1.5'),
  vethPrefix: 'eni',
  mark: 0x80,
  exemptCidrs: [parseIpv4Cidr('10.0.0.0/16')],
  externalSnat: false,
  randomize: 'prng',
  nodePort: true,
};
const everywhere = parseIpv4Cidr('0.0.0.0/0');

const rows: readonly { readonly name: string; readonly file: string; readonly change: Partial<PacketRulesInput> }[] = [
  { name: 'as delivered', file: 'default', change: {} },
  { name: 'with a NAT outside', file: 'external-snat', change: { externalSnat: true } },
  { name: 'with a NAT outside and no node ports', file: 'empty', change: { externalSnat: true, nodePort: false } },
  {
    name: 'with excluded CIDRs: once each, as networks, in order',
    file: 'excluded',
    change: {
      exemptCidrs: ['192.168.7.9/16', '10.0.0.0/16', '192.168.0.0/16', '100.64.0.0/10'].map(parseIpv4Cidr),
    },
  },
  {
    name: 'with everything excluded',
    file: 'external-snat',
    change: { exemptCidrs: [...usual.exemptCidrs, everywhere] },
  },
  { name: 'with no VPC CIDR', file: 'no-cidrs', change: { exemptCidrs: [] } },
  { name: 'without node ports', file: 'no-node-port', change: { nodePort: false } },
  { name: 'with ports from a hash', file: 'hashrandom', change: { randomize: 'hashrandom' } },
  { name: 'with ports kept', file: 'none', change: { randomize: 'none' } },
  {
    name: 'with another prefix, link and mark',
    file: 'other-names',
    change: { vethPrefix: 'veth', primaryLink: 'ens5', mark: 0x10000 },
  },
  { name: 'while pods live that have another prefix', file: 'former-prefix', change: { formerPrefixes: ['web'] } },
];

describe('packetRules()', () => {
  for (const { name, file, change } of rows)
    test(name, () => {
      const { script, digest } = packetRules({ ...usual, ...change });
      expect(script.replace(digest, 'DIGEST')).toBe(
        readFileSync(join(import.meta.dir, 'golden', `${file}.nft`), 'utf8'),
      );
      expect(digest).toMatch(/^[0-9a-f]{16}$/);
    });

  test('digest is the same for the same rules and another for any others', () => {
    const digests = new Map(rows.map(({ file, change }) => [file, packetRules({ ...usual, ...change }).digest]));
    expect(new Set(digests.values()).size).toBe(digests.size);
    const turned = [...usual.exemptCidrs, parseIpv4Cidr('100.64.0.0/10')];
    expect(packetRules({ ...usual, exemptCidrs: turned }).digest).toBe(
      packetRules({ ...usual, exemptCidrs: turned.toReversed() }).digest,
    );
  });
});

test('usesMark() unless neither node ports nor our own NAT set it', () => {
  const both = [true, false];
  expect(both.flatMap((nodePort) => both.map((externalSnat) => usesMark({ nodePort, externalSnat })))).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

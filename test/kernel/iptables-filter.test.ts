import { describe, expect } from 'bun:test';
import type { PacketRulesInput } from '../../src/dataplane/index.ts';
import { PacketFilter, removePacketRules } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { installed } from '../support/programs.ts';
import { excluding, programsOf, repairWith, usual } from './traffic.ts';

/** Rules of kube-proxy, and of somebody who likes our words, which nobody may touch. */
const OF_OTHERS = `*mangle
:KUBE-PROXY-CANARY - [0:0]
-A PREROUTING -i eni+ -m comment --comment vpc-cni-host -j ACCEPT
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:VPC-CNI-OF-ANOTHER - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 172.20.0.1/32 -j RETURN
-A POSTROUTING -d 10.9.9.9/32 -m comment --comment vpc-cni-host -j ACCEPT
COMMIT
`;

const CHANGES: readonly Partial<PacketRulesInput>[] = [
  {},
  { externalSnat: true },
  { externalSnat: true, nodePort: false },
  { nodePort: false },
  { randomize: 'hashrandom' },
  { randomize: 'none' },
  { exemptCidrs: [] },
  { vethPrefix: 'v', mark: 0x80000000 },
  excluding('10.0.7.0/24', '0.0.0.0/1', '192.168.1.1/32'),
  excluding('0.0.0.0/0'),
  excluding(...Array.from({ length: 200 }, (_, n) => `172.16.${n}.0/24`)),
];

const rulesIn = (space: TestNetns, kind: string): readonly string[] =>
  lines(space.run(`${kind}-save`))
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''));

const restore = (space: TestNetns, kind: string, input: string): Promise<void> =>
  space.insideWith(async (exec) => {
    await exec.run({ argv: [`${kind}-restore`, '--noflush'], input });
  });

const ofOurs = (rules: readonly string[]): readonly string[] =>
  rules.filter((rule) => rule.includes('VPC-CNI') && !rule.includes('VPC-CNI-OF-ANOTHER'));

describe.each(['iptables-nft', 'iptables-legacy'] as const)('rules in %s', (kind) => {
  kernelTest(
    `${kind}: every form loads over every other, the second look finds nothing to do, all go alone`,
    async () => {
      using space = new TestNetns('forms');
      await restore(space, kind, OF_OTHERS);
      const before = rulesIn(space, kind);
      for (const change of [...CHANGES, ...CHANGES.toReversed()]) {
        await repairWith(kind, space, change);
        const made = rulesIn(space, kind);
        expect([await repairWith(kind, space, change), rulesIn(space, kind)]).toEqual([false, made]);
        expect(made.filter((rule) => !ofOurs([rule]).length)).toEqual([...before]);
      }
      using programs = programsOf(kind);
      await removePacketRules(space.execOnly(programs.directory));
      await removePacketRules(space.execOnly(programs.directory));
      expect(rulesIn(space, kind)).toEqual(before);
    },
  );

  kernelTest(`${kind}: any one rule that goes, comes or moves is put right`, async () => {
    using space = new TestNetns('damage');
    await restore(space, kind, OF_OTHERS);
    await repairWith(kind, space);
    const whole = rulesIn(space, kind);
    const table = (rule: string): string =>
      whole.lastIndexOf('*nat', whole.indexOf(rule)) > whole.lastIndexOf('*mangle', whole.indexOf(rule))
        ? 'nat'
        : 'mangle';
    const rules = ofOurs(whole).filter((rule) => rule.startsWith('-A'));
    expect(rules).toHaveLength(17);
    const damages = [
      ...rules.map((rule) => `*${table(rule)}\n${rule.replace('-A', '-D')}\nCOMMIT\n`),
      '*nat\n-F VPC-CNI-SNAT\nCOMMIT\n',
      '*nat\n-I VPC-CNI-SNAT 1 -j RETURN\nCOMMIT\n',
      '*nat\n-A POSTROUTING -j VPC-CNI-SNAT\nCOMMIT\n',
      '*nat\n-A KUBE-SERVICES -j VPC-CNI-OUTBOUND\nCOMMIT\n',
    ];
    for (const damage of damages) {
      await restore(space, kind, damage);
      expect([damage, await repairWith(kind, space)]).toEqual([damage, true]);
      expect([damage, ...rulesIn(space, kind)]).toEqual([damage, ...whole]);
    }
  });
});

const BOTH = {
  'iptables-nft-save': 'iptables-nft-save',
  'iptables-nft-restore': 'iptables-nft-restore',
  'iptables-legacy-save': 'iptables-legacy-save',
  'iptables-legacy-restore': 'iptables-legacy-restore',
};

for (const { meant, hint, used } of [
  { meant: 'iptables-nft', hint: undefined, used: 'iptables-nft' },
  { meant: 'iptables-legacy', hint: undefined, used: 'iptables-legacy' },
  { meant: 'iptables-nft', hint: 'iptables-legacy', used: 'iptables-legacy' },
  { meant: 'iptables-legacy', hint: 'iptables-nft', used: 'iptables-nft' },
] as const)
  kernelTest(`of two kinds it is ${used}: iptables is ${meant}, the kubelet uses ${hint ?? 'neither'}`, async () => {
    using space = new TestNetns('kind');
    if (hint !== undefined) await restore(space, hint, '*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n');
    using programs = installed({ ...BOTH, iptables: meant });
    const filter = new PacketFilter(space.execOnly(programs.directory));
    expect([await filter.repair(usual), await filter.repair(usual), filter.kind]).toEqual([true, false, 'iptables']);
    const counts = ['iptables-nft', 'iptables-legacy'].map((kind) => [kind, ofOurs(rulesIn(space, kind)).length > 0]);
    expect(Object.fromEntries(counts)).toEqual({
      'iptables-nft': used === 'iptables-nft',
      'iptables-legacy': used === 'iptables-legacy',
    });
    if (hint === undefined) return;
    // The kubelet uses the other kind from now on: nothing is translated twice.
    const other = used === 'iptables-nft' ? 'iptables-legacy' : 'iptables-nft';
    await restore(space, used, '*mangle\n-X KUBE-IPTABLES-HINT\nCOMMIT\n');
    await restore(space, other, '*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n');
    expect([await filter.repair(usual), await filter.repair(usual)]).toEqual([true, false]);
    expect([ofOurs(rulesIn(space, used)), ofOurs(rulesIn(space, other)).length > 0]).toEqual([[], true]);
  });

kernelTest('rules move to nftables once nft is installed, and are wanted nowhere for IPv6 alone', async () => {
  using space = new TestNetns('moves');
  using old = installed({ ...BOTH, iptables: 'iptables-legacy' });
  using now = installed({ ...BOTH, iptables: 'iptables-legacy', nft: 'nft' });
  const before = new PacketFilter(space.execOnly(old.directory));
  expect(await before.repair(usual)).toBe(true);
  const after = new PacketFilter(space.execOnly(now.directory));
  expect([await after.repair(usual), await after.repair(usual), after.kind]).toEqual([true, false, 'nftables']);
  expect(ofOurs(rulesIn(space, 'iptables-legacy'))).toEqual([]);
  expect([await after.repair(undefined), await after.repair(undefined)]).toEqual([true, false]);
  expect(await before.repair(usual)).toBe(true);
  expect([await before.repair(undefined), await before.repair(undefined)]).toEqual([true, false]);
  expect([space.run('nft', 'list', 'tables'), ofOurs(rulesIn(space, 'iptables-legacy'))]).toEqual(['', []]);
});

kernelTest('a host with no packet filter at all is told so', async () => {
  using space = new TestNetns('none');
  using programs = installed({ ip: 'ip' });
  const repair = new PacketFilter(space.execOnly(programs.directory)).repair(usual);
  const failure = await repair.then(
    () => 'made',
    (error: unknown) => error instanceof Error && error.message,
  );
  expect(failure).toContain('nft or iptables-restore is not installed');
  await removePacketRules(space.execOnly(programs.directory));
});

import { describe, expect } from 'bun:test';
import { findAwsNodeRules, removeAwsNodeRules } from '../../src/kernel/index.ts';
import type { Exec } from '../../src/sys/index.ts';
import { awsNodeIptables, awsNodeNftTable } from '../support/aws-node.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';

const NODE = { primaryLink: 'eth0', primaryAddress: '10.0.1.5', vpcCidr: '10.0.0.0/16' } as const;

/** Rules of kube-proxy and of somebody who likes the same words, which nobody may touch. */
const OF_OTHERS = `*mangle
-A PREROUTING -i eni+ -m comment --comment "AWS, secondary ENI" -j ACCEPT
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:MY-AWS-SNAT-CHAIN-0 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 172.20.0.1/32 -m comment --comment "AWS, CONNMARK" -j RETURN
-A POSTROUTING -d 10.9.9.9/32 -m comment --comment "AWS, mine" -j ACCEPT
COMMIT
`;

const withoutCounters = (save: string): readonly string[] =>
  lines(save)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''));

describe.each([
  { kind: 'iptables-nft', connmark: 'nftables' },
  { kind: 'iptables-nft', connmark: 'iptables' },
  { kind: 'iptables-legacy', connmark: 'iptables' },
] as const)('aws-node with $kind and its marks by $connmark', ({ kind, connmark }) => {
  const rules = awsNodeIptables({ ...NODE, excluded: ['192.168.0.0/16'], connmark });

  /** Makes aws-node's rules beside those of others, runs `work`, and compares what is left with those of others. */
  async function withRules(work: (exec: Exec, save: () => Promise<readonly string[]>) => Promise<void>): Promise<void> {
    using space = new TestNetns('chains');
    await space.insideWith(async (exec) => {
      const save = async (): Promise<readonly string[]> => [
        ...withoutCounters((await exec.run({ argv: [`${kind}-save`] })).stdout),
        ...withoutCounters((await exec.run({ argv: ['nft', 'list', 'tables'] })).stdout),
      ];
      const restore = (input: string) => exec.run({ argv: [`${kind}-restore`, '--noflush'], input });
      await restore(OF_OTHERS);
      const before = await save();
      await restore(rules);
      if (connmark === 'nftables')
        await exec.run({ argv: ['nft', '-f', '-'], input: awsNodeNftTable(['10.0.0.0/16']) });
      await work(exec, save);
      expect(await save()).toEqual(before);
    });
  }

  kernelTest(`${kind} ${connmark}: all of it is found, read, removed, and nothing else`, async () => {
    await withRules(async (exec) => {
      const found = await findAwsNodeRules(exec);
      expect(found.nftTable).toBe(connmark === 'nftables');
      expect(found.iptables.map(({ program, count, facts }) => ({ program, count, facts }))).toEqual([
        {
          program: kind,
          count: rules.split('\n').filter((line) => /^(-A|:)/.test(line)).length,
          facts: {
            snat: true,
            excludedCidrs: [{ address: '192.168.0.0', prefixLength: 16 }] as never,
            randomize: 'prng',
            nodePort: true,
            mark: 0x80,
          },
        },
      ]);
      await removeAwsNodeRules(exec, found);
      expect(await findAwsNodeRules(exec)).toEqual({ iptables: [], nftTable: false });
    });
  });

  kernelTest(`${kind} ${connmark}: when the second removal fails the first is put back`, async () => {
    await withRules(async (exec, save) => {
      const full = await save();
      const found = await findAwsNodeRules(exec);
      await exec.run({ argv: ['nft', 'delete', 'table', 'ip', 'aws-cni'], accept: [0, 1] });
      const withoutTable = await save();
      const failed = removeAwsNodeRules(exec, { ...found, nftTable: true }).then(
        () => 'removed',
        (error: unknown) => error instanceof Error && error.message,
      );
      expect(await failed).toContain('nft delete table ip aws-cni failed');
      expect(await save()).toEqual(withoutTable);
      expect(full.length).toBeGreaterThanOrEqual(withoutTable.length);
      await removeAwsNodeRules(exec, { ...found, nftTable: false });
    });
  });
});

kernelTest('a host without such rules has none, and looking makes no table', async () => {
  using space = new TestNetns('bare');
  await space.insideWith(async (exec) => {
    expect(await findAwsNodeRules(exec)).toEqual({ iptables: [], nftTable: false });
    expect((await exec.run({ argv: ['nft', 'list', 'ruleset'] })).stdout).toBe('');
    expect((await exec.run({ argv: ['iptables-legacy-save'] })).stdout).toBe('');
  });
});

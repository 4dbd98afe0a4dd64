import { expect } from 'bun:test';
import { type PacketRulesInput, packetRules } from '../../src/dataplane/index.ts';
import { applyPacketRules, packetRulesDigest, removePacketRules } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { excluding, usual } from './traffic.ts';

const load = (space: TestNetns, change: Partial<PacketRulesInput> = {}): Promise<void> =>
  space.insideWith((exec) => applyPacketRules(exec, packetRules({ ...usual, ...change }).script));

kernelTest('every form of the rules loads over every other, is recognised, and is removed alone', async () => {
  using space = new TestNetns('nft');
  const FOREIGN = 'table ip kube-proxy { chain nat { type nat hook prerouting priority dstnat; }; }\n';
  await space.insideWith((exec) => applyPacketRules(exec, FOREIGN));
  const foreign = space.run('nft', 'list', 'ruleset');
  const digest = async (): Promise<string | undefined> => {
    let found: string | undefined;
    await space.insideWith(async (exec) => {
      found = await packetRulesDigest(exec);
    });
    return found;
  };
  expect(await digest()).toBeUndefined();
  const changes: readonly Partial<PacketRulesInput>[] = [
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
  for (const change of [...changes, ...changes.toReversed()]) {
    await load(space, change);
    const listed = space.run('nft', 'list', 'ruleset');
    expect(await digest()).toBe(packetRules({ ...usual, ...change }).digest);
    await load(space, change);
    expect(space.run('nft', 'list', 'ruleset')).toBe(listed);
  }
  await space.insideWith(removePacketRules);
  await space.insideWith(removePacketRules);
  expect([await digest(), space.run('nft', 'list', 'ruleset')]).toEqual([undefined, foreign]);
});

import { expect } from 'bun:test';
import { PacketFilter, removePacketRules } from '../../src/kernel/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { kernelTest } from '../support/netns.ts';
import { usual } from './traffic.ts';

const chains = async (): Promise<readonly string[]> => {
  const { stdout } = await systemExec.run({ argv: ['iptables-legacy-save'] });
  return stdout.split('\n').flatMap((line) => /^:(VPC-CNI-\S+)/.exec(line)?.[1] ?? []);
};

kernelTest('a kernel without nf_tables gets its rules by legacy iptables, though nft is installed', async () => {
  const filter = new PacketFilter(systemExec);
  expect([await filter.repair(usual), await filter.repair(usual), filter.kind]).toEqual([true, false, 'iptables']);
  expect((await chains()).toSorted()).toEqual([
    'VPC-CNI-ARRIVING',
    'VPC-CNI-OUTBOUND',
    'VPC-CNI-SERVICE',
    'VPC-CNI-SNAT',
  ]);
  await removePacketRules(systemExec);
  expect(await chains()).toEqual([]);
});

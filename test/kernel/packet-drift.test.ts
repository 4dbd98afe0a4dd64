import { expect } from 'bun:test';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import type { PacketRulesInput } from '../../src/dataplane/index.ts';
import { PacketFilter } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { PRIMARY_ADDRESS } from './pod-node.ts';

const INPUT: PacketRulesInput = {
  primaryLink: 'eth0',
  primaryAddress: PRIMARY_ADDRESS,
  vethPrefix: 'eni',
  mark: 0x80,
  exemptCidrs: ['10.0.0.0/16', '192.168.0.0/24'].map(parseIpv4Cidr),
  externalSnat: false,
  randomize: 'prng',
  nodePort: true,
};

/** Reports whether a look at the rules, as another daemon takes it, changes something. */
async function repair(space: TestNetns): Promise<boolean> {
  let changed = false;
  await space.insideWith(async (exec) => {
    changed = await new PacketFilter(exec).repair(INPUT);
  });
  return changed;
}

/** Every way to take one thing out of the table, or to put one in. */
function alterations(space: TestNetns): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  let chain = '';
  for (const line of lines(space.run('nft', '--handle', 'list', 'table', 'ip', 'vpc-cni'))) {
    const [, kind, name = ''] = /^(chain|set|table) (\S+)/.exec(line) ?? [];
    const handle = / # handle (\d+)$/.exec(line)?.[1];
    if (kind === 'chain') {
      chain = name;
      found.push([`flush chain ip vpc-cni ${name}`], [`add rule ip vpc-cni ${name} counter`]);
      found.push([`flush chain ip vpc-cni ${name}`, `delete chain ip vpc-cni ${name}`]);
    } else if (kind === undefined && handle !== undefined)
      found.push([`delete rule ip vpc-cni ${chain} handle ${handle}`]);
    for (const element of /elements = \{ (.*) \}/.exec(line)?.[1]?.split(', ') ?? [])
      found.push([`delete element ip vpc-cni exempt { ${element} }`]);
  }
  return [
    ...found,
    ['flush set ip vpc-cni exempt'],
    ['add element ip vpc-cni exempt { 0.0.0.0/1 }'],
    ['add set ip vpc-cni more { type ipv4_addr ; }'],
    ['add chain ip vpc-cni more'],
    ['flush table ip vpc-cni'],
    ['delete table ip vpc-cni'],
  ];
}

kernelTest('whatever one thing somebody changes in our table is put back, and nothing else is touched', async () => {
  using space = new TestNetns('altered');
  space.run('nft', 'add table ip foreign');
  space.run('nft', 'add chain ip foreign c { type filter hook input priority 0 ; }');
  expect([await repair(space), await repair(space)]).toEqual([true, false]);
  const whole = space.run('nft', 'list', 'ruleset');
  expect(alterations(space).length).toBeGreaterThan(20);
  const count = alterations(space).length;
  for (let n = 0; n < count; n += 1) {
    // Handles are others after each repair.
    const changes = alterations(space)[n] ?? [];
    for (const change of changes) space.run('nft', change);
    expect([changes, await repair(space)]).toEqual([changes, true]);
    expect(lines(space.run('nft', 'list', 'ruleset')).toSorted()).toEqual(lines(whole).toSorted());
    expect(await repair(space)).toBe(false);
  }
});

kernelTest('a change in a table of others is no reason to touch ours', async () => {
  using space = new TestNetns('others');
  await repair(space);
  const before = space.run('nft', '--handle', 'list', 'table', 'ip', 'vpc-cni');
  space.run('nft', 'add table ip6 vpc-cni-other');
  space.run('nft', 'add table ip other');
  expect([await repair(space), space.run('nft', '--handle', 'list', 'table', 'ip', 'vpc-cni')]).toEqual([
    false,
    before,
  ]);
});

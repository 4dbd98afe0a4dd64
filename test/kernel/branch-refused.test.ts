import { expect } from 'bun:test';
import { TestNetns } from '../support/netns.ts';
import { BranchNode, branchEni, branchOf, vlanTest } from './branch-node.ts';
import { outcome, refusals } from './refusals.ts';
import { wholeState } from './whole-state.ts';

for (const [mode, family] of [
  ['strict', 'ipv4'],
  ['standard', 'ipv6'],
] as const)
  vlanTest(
    `a branch ENI in ${mode} mode, ${family}: whatever step the kernel refuses is named, and nothing is left`,
    () => {
      using node = new BranchNode();
      using pod = new TestNetns('pod');
      const wiring = branchOf('nginx', branchEni(7, family), mode);
      node.repair(node.want(mode, []));
      const state = (): readonly string[] => [wholeState(node.space), wholeState(pod)];
      const before = state();
      // For each step only what this project reads by itself: a guest is slow to start programs.
      const seen = (): string => JSON.stringify(node.observe());
      const observed = seen();
      for (const { at, wiring: refused, says } of refusals(wiring)) {
        expect(`${at}: ${outcome(() => node.wire(pod, refused))}`).toStartWith(`${at}: ${says}`);
        expect([at, seen()]).toEqual([at, observed]);
      }
      expect(state()).toEqual(before);
      node.wire(pod, wiring);
    },
  );

vlanTest('a link of somebody else that has the name, or the tag, of a branch ENI is left alone and named', () => {
  using node = new BranchNode();
  using pod = new TestNetns('pod');
  const wiring = branchOf('nginx', branchEni(7), 'strict');
  node.repair(node.want('strict', []));
  const before = wholeState(node.space);
  for (const [name, id, says] of [
    ['vlan.eth.7', 8, 'EEXIST (the link vlan.eth.7 there is somebody else\'s: "mine")'],
    ['mine', 7, 'EEXIST'],
  ] as const) {
    node.space.ip(`link add link eth2 name ${name} type vlan id ${id}`);
    node.space.ip(`link set ${name} alias mine`);
    const taken = wholeState(node.space);
    expect(outcome(() => node.wire(pod, wiring))).toStartWith(
      `NETLINK the kernel refused to make VLAN 7 on eth2: ${says}`,
    );
    expect(wholeState(node.space)).toBe(taken);
    node.space.ip(`link delete ${name}`);
  }
  expect(wholeState(node.space)).toBe(before);
});

import { describe, expect, test } from 'bun:test';
import { type ModuleState, renderModulesDropIn, WANTED_MODULES, wantedModules } from '../../src/hostspec/index.ts';

const LEGACY = ['iptable_nat', 'iptable_mangle'];
const states = (change: Readonly<Record<string, ModuleState>>): Readonly<Record<string, ModuleState>> => ({
  ...Object.fromEntries([...WANTED_MODULES.map(({ module }) => module), ...LEGACY].map((name) => [name, 'loadable'])),
  ...change,
});

describe('wantedModules()', () => {
  for (const { name, change, legacy, filter } of [
    { name: 'both kinds to be had', change: {}, legacy: true, filter: 'nftables' },
    { name: 'nothing telling what the kernel has', change: { nf_tables: 'unknown' }, legacy: true, filter: 'nftables' },
    { name: 'no nf_tables', change: { nf_tables: 'absent' }, legacy: true, filter: 'iptables' },
    { name: 'no nf_tables and no program', change: { nf_tables: 'absent' }, legacy: false, filter: 'nftables' },
    {
      name: 'no nf_tables, and no table of the older filter',
      change: { nf_tables: 'absent', iptable_mangle: 'absent' },
      legacy: true,
      filter: 'nftables',
    },
  ] as const)
    test(`with ${name} those of ${filter}`, () => {
      const names = wantedModules(states(change), legacy).map(({ module }) => module);
      expect(names.filter((module) => /^nf_tables|^nft_/.test(module)).length > 0).toBe(filter === 'nftables');
      expect(names.filter((module) => LEGACY.includes(module)).length).toBe(filter === 'iptables' ? 2 : 0);
      // What pods and stock plugins ask of any kernel.
      expect(names).toEqual(expect.arrayContaining(['veth', 'nf_conntrack', 'xt_comment', '8021q']));
      expect(new Set(names).size).toBe(names.length);
    });
});

test('renderModulesDropIn() names what every kernel must have: systemd would count any other as a failed unit', () => {
  const lines = renderModulesDropIn()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual(['veth', 'nf_conntrack']);
});

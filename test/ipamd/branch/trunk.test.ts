import { expect, test } from 'bun:test';
import { trunkComplaint, trunkReserve } from '../../../src/ipamd/branch/index.ts';

const node = (enabled: boolean, instanceType: string) => ({
  settings: { ENABLE_POD_ENI: enabled },
  identity: { instanceType },
});
const foreign = (why: 'trunk' | 'efa-only') => ({ foreign: [{ card: 0, device: 3, eniId: 'eni-1', why }] });
const NONE = { foreign: [] };

test.each([
  ['it is to come', node(true, 'm5.large'), NONE, 1],
  ['it is there', node(true, 'm5.large'), foreign('trunk'), 0],
  ['another ENI is no trunk', node(true, 'm5.large'), foreign('efa-only'), 1],
  ['nobody wants one', node(false, 'm5.large'), NONE, 0],
  ['the type takes none', node(true, 't3.small'), NONE, 0],
] as const)('a slot is kept for the trunk: %s', (_, parts, pool, slots) => {
  expect(trunkReserve(parts, pool)).toBe(slots);
});

test.each([
  [node(true, 'm5.large'), undefined, 'no trunk ENI is attached to this instance'],
  [node(true, 't3.small'), undefined, 'an instance of type t3.small takes no trunk ENI'],
  [node(true, 'm5.large'), {}, undefined],
  [node(false, 'm5.large'), undefined, undefined],
] as const)('trunkComplaint(%o, %o)', (parts, trunk, reason) => {
  expect(trunkComplaint(parts, trunk)?.details['reason']).toBe(reason);
});

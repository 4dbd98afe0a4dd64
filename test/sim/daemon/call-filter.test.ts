import { describe, expect, test } from 'bun:test';
import { type CallFilter, chooseCalls } from '../../../src/sim/daemon/call-filter.ts';
import type { SimCall } from '../../../src/sim/model/index.ts';

const call = (at: number, caller: string, action: string, code = 'OK'): SimCall => ({
  at,
  caller,
  action,
  code,
  parameters: {},
  result: code,
  ms: 1,
});

const CALLS = [
  call(1, '10.0.0.4', 'PUT /latest/api/token'),
  call(2, 'ASIA1', 'DescribeInstances'),
  call(3, 'ASIA2', 'CreateNetworkInterface', 'RequestLimitExceeded'),
  call(4, 'ASIA1', 'CreateNetworkInterface', 'InsufficientFreeAddressesInSubnet'),
  call(5, 'ASIA1', 'CreateNetworkInterface'),
];
const callersOf = (word: string): ReadonlySet<string> => new Set(word === 'node-a' ? ['ASIA1', '10.0.0.4'] : []);

describe('chooseCalls()', () => {
  const rows: readonly { name: string; filter: CallFilter; at: readonly number[] }[] = [
    { name: 'all', filter: {}, at: [1, 2, 3, 4, 5] },
    { name: 'one action', filter: { action: 'CreateNetworkInterface' }, at: [3, 4, 5] },
    { name: 'an action is no beginning of one', filter: { action: 'Create' }, at: [] },
    { name: 'some actions', filter: { action: '*Inst*' }, at: [2] },
    { name: 'a dot is a dot', filter: { action: 'Create.etworkInterface' }, at: [] },
    { name: 'metadata', filter: { action: 'IMDS' }, at: [1] },
    { name: 'a path', filter: { action: 'PUT /latest/*' }, at: [1] },
    { name: 'an access key', filter: { caller: 'ASIA2' }, at: [3] },
    { name: 'a node, by key and address', filter: { caller: 'node-a' }, at: [1, 2, 4, 5] },
    { name: 'nobody', filter: { caller: 'node-b' }, at: [] },
    { name: 'an outcome', filter: { code: 'OK', action: 'Create*' }, at: [5] },
    { name: 'some outcomes', filter: { code: '*Exceeded' }, at: [3] },
    { name: 'a time', filter: { since: 4 }, at: [4, 5] },
    { name: 'the newest', filter: { last: 2 }, at: [4, 5] },
    { name: 'none of them', filter: { last: 0 }, at: [] },
    { name: 'the newest of the chosen', filter: { caller: 'ASIA1', last: 1, code: '*' }, at: [5] },
  ];
  for (const { name, filter, at } of rows)
    test(name, () => expect(chooseCalls(CALLS, filter, callersOf).map((chosen) => chosen.at)).toEqual([...at]));
});

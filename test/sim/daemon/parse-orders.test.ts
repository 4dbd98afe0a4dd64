import { describe, expect, test } from 'bun:test';
import {
  parseCallFilter,
  parseClockOrder,
  parseDialOrder,
  parseNodeOrder,
  parseSubnetOrder,
  parseThrottleOrder,
  parseTimesOrder,
} from '../../../src/sim/daemon/parse-orders.ts';

/** The value, or why there is none. */
const outcome = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    const { code, details } = Object(error);
    return `${code}: ${details.reason}`;
  }
};

describe('an order is read whole, or refused with everything that is wrong', () => {
  const readers = {
    node: parseNodeOrder,
    subnet: parseSubnetOrder,
    clock: parseClockOrder,
    throttle: parseThrottleOrder,
    times: parseTimesOrder,
    dial: parseDialOrder,
  } as const;
  const rows: readonly (readonly [kind: keyof typeof readers, body: string, found: unknown])[] = [
    ['node', '{"name":"a","type":"t3.small"}', { name: 'a', type: 't3.small' }],
    ['node', '{"name":"a"}', "SIM_ORDER_INVALID: the order must have required property 'type'"],
    [
      'node',
      '{"name":"","type":"t","x":1}',
      'SIM_ORDER_INVALID: the order has no key "x"; /name must NOT have fewer than 1 characters',
    ],
    ['node', '{', 'SIM_ORDER_INVALID: its body is not JSON'],
    ['subnet', '{"strangers":"exhaust","leave":2}', { strangers: 'exhaust', leave: 2 }],
    [
      'subnet',
      '{"strangers":"eat"}',
      'SIM_ORDER_INVALID: /strangers must be equal to one of the allowed values: fragment, exhaust, release',
    ],
    ['clock', '{"advanceMs":5}', { advanceMs: 5 }],
    ['clock', '{}', 'SIM_ORDER_INVALID: the order must NOT have fewer than 1 properties'],
    ['clock', '{"advanceMs":-5}', 'SIM_ORDER_INVALID: /advanceMs must be >= 0'],
    ['throttle', '{"buckets":"off"}', { buckets: 'off' }],
    ['throttle', '[]', 'SIM_ORDER_INVALID: the order must be object'],
    ['times', '{"attachMs":5,"detachMs":[6,7]}', { attachMs: 5, detachMs: [6, 7] }],
    ['times', '{"attachMs":[1,2,3]}', expect.stringContaining('/attachMs must NOT have more than 2 items')],
    ['times', '{}', 'SIM_ORDER_INVALID: the order must NOT have fewer than 1 properties'],
    ['times', '{"detachMs":[7,6]}', 'SIM_ORDER_INVALID: /detachMs: the shortest time is longer than the longest'],
    ['dial', '{"action":"IMDS","lagMs":5}', { action: 'IMDS', lagMs: 5 }],
    ['dial', '{"action":"IMDS","lagMs":-5}', 'SIM_ORDER_INVALID: lagMs is 0 to 600000, not -5'],
  ];
  for (const [kind, body, found] of rows)
    test(`${kind} ${body}`, () => expect(outcome(() => readers[kind]('POST /x', body))).toEqual(found));
});

describe('which calls are asked for', () => {
  const rows: readonly (readonly [query: string, found: unknown])[] = [
    ['', {}],
    ['action=Describe*&code=OK&caller=node-a', { action: 'Describe*', code: 'OK', caller: 'node-a' }],
    ['since=5&last=0', { since: 5, last: 0 }],
    ['since=x', 'SIM_ORDER_INVALID: since is a number'],
    [
      'last=-1&first=2',
      'SIM_ORDER_INVALID: there is no key first; the keys are action, caller, code, since, last; last is a number',
    ],
  ];
  for (const [query, found] of rows)
    test(`?${query}`, () =>
      expect(outcome(() => parseCallFilter('GET /calls', new URLSearchParams(query)))).toEqual(found));
});

import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { recordedParameters, resultOf } from '../../../src/sim/ec2/recorded.ts';
import { stage } from './support.ts';

test('what a call says about its answer: the ids in it, each once, and no more than ten', () => {
  const id = (kind: string, digit: string): string => `${kind}-0${digit.repeat(16)}`;
  const items = (count: number): string =>
    Array.from({ length: count }, (_, n) => `<subnetId>${id('subnet', n.toString(16))}</subnetId>`).join('');
  expect([
    resultOf(`<a>${id('eni', '1')}</a><b>${id('eni-attach', '2')}</b><c>${id('eni', '1')}</c><d>not-an-id</d>`),
    resultOf('<return>true</return>'),
    resultOf(items(11)),
    resultOf(items(2).padEnd(20_000)),
  ]).toEqual([
    `OK ${id('eni', '1')} ${id('eni-attach', '2')}`,
    'OK',
    ['OK', ...Array.from({ length: 10 }, (_, n) => id('subnet', n.toString(16))), '…'].join(' '),
    `OK ${id('subnet', '0')} ${id('subnet', '1')} …`,
  ]);
});

test('parameters that are long or many are cut, and say so', () => {
  const many = Array.from({ length: 150 }, (_, n) => [`T.${n}`, 'x'] as const);
  const wide = Array.from({ length: 9 }, (_, n) => [`T.${n}`, 'x'.repeat(1000)] as const);
  expect([
    recordedParameters([
      ['Action', 'RunInstances'],
      ['UserData', 'c2VjcmV0'],
      ['ClientToken', 'x'.repeat(201)],
    ]),
    Object.keys(recordedParameters(many)).length,
    Object.entries(recordedParameters(wide)).at(-1),
  ]).toEqual([{ UserData: '<sensitiveDataRemoved>', ClientToken: `${'x'.repeat(200)}…` }, 101, ['…', '4 more']]);
});

test('a call tells how long it took, a wait of a dial included', async () => {
  await using s = stage();
  s.dials.set({ action: 'DescribeVpcs', delay: { fixedMs: 250 }, times: 1 });
  const answered = s.client.send(new ec2.DescribeVpcsCommand({}));
  while (s.dials.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await s.clock.advance(250);
  await answered;
  expect(s.vpc.calls()).toMatchObject([{ action: 'DescribeVpcs', ms: 250 }]);
});

import { expect, test } from 'bun:test';
import { Launches } from '../../../src/sim/ec2/launches.ts';
import type { SimInstance } from '../../../src/sim/model/index.ts';
import { faultOf, smallVpc, subnetId } from '../model/support.ts';

test('what a token launched is known for as long as the instances are, and no longer', () => {
  const vpc = smallVpc();
  const launches = new Launches(vpc);
  const launch = (token: string): SimInstance => {
    const instance = vpc.runInstance({ instanceType: 't3.small', subnetId: subnetId(vpc) });
    launches.add([instance], token, 'request');
    return instance;
  };
  const first = launch('first');
  expect(launches.tokenOf(first)).toBe('first');
  expect([launches.find('first', 'request'), launches.find('other', 'request')]).toEqual([[first], undefined]);
  expect(faultOf(() => launches.find('first', 'other'))).toBe('IdempotentParameterMismatch');
  vpc.terminateInstance(first.id);
  expect(faultOf(() => launches.find('first', 'request'))).toBe('IdempotentInstanceTerminated');
  vpc.forgetInstance(first.id);
  expect(faultOf(() => launches.find('first', 'request'))).toBe('IdempotentInstanceTerminated');
  for (let count = 0; count < 1000; count += 1) {
    const { id } = launch(`token ${count}`);
    vpc.terminateInstance(id);
    vpc.forgetInstance(id);
  }
  expect([launches.find('first', 'request'), launches.find('token 0', 'request')]).toEqual([undefined, undefined]);
  expect(launches.tokenOf(first)).toBe('');
});

import { expect, test } from 'bun:test';
import { callersOf } from '../../../src/sim/daemon/callers.ts';
import { credentialsOf } from '../../../src/sim/daemon/credentials.ts';
import { createRoleCredentials } from '../../../src/sim/imds/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';

const NOW = 1_700_000_000_000;

test('an instance calls with every key its role has had, and from each of its addresses', () => {
  const vpc = smallVpc(undefined, { keepCalls: 4 });
  const run = (name: string) =>
    vpc.runInstance({ name, instanceType: 't3.small', subnetId: subnetId(vpc), secondaryCount: 1 });
  const [one, other] = [run('one'), run('other')];
  const roles = createRoleCredentials({ secret: 's' });
  const keys = [roles.of(one, NOW), roles.of(one, NOW + 7_200_000), roles.of(other, NOW)].map(
    (made) => made.accessKeyId,
  );
  const record = (caller: string): void =>
    vpc.recordCall({ at: NOW, caller, action: 'A', parameters: {}, code: 'OK', result: 'OK', ms: 1 });
  for (const caller of ['AKIDEXAMPLE', ...keys]) record(caller);
  expect([...callersOf(vpc, one)]).toEqual([keys[0] ?? '', keys[1] ?? '', '10.0.1.4', '10.0.1.5']);
  expect(callersOf(vpc, undefined).size).toBe(0);
  // What is kept of calls is bounded, and so is what is known of keys.
  for (let count = 0; count < 9; count += 1) record(`key-${count}`);
  expect(vpc.calls().map(({ caller }) => caller)).toEqual(['key-5', 'key-6', 'key-7', 'key-8']);
  expect([...callersOf(vpc, one)]).toEqual(['10.0.1.4', '10.0.1.5']);
});

test('EC2 lets in the holder of the one key and every node by its role', () => {
  const roles = createRoleCredentials({ secret: 's' });
  const made = roles.of({ id: 'i-0123456789abcdef0' }, NOW);
  const find = credentialsOf(roles, { accessKeyId: 'AKIA1', secretAccessKey: 'secret' });
  expect([find('AKIA1', NOW), find(made.accessKeyId, NOW), find('AKIA2', NOW)]).toEqual([
    { secretAccessKey: 'secret' },
    made,
    undefined,
  ]);
});

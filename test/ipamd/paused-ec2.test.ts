import { expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { pausedEc2 } from '../../src/ipamd/paused-ec2.ts';

test('nothing is wrong while every action is asked for', () => {
  expect(pausedEc2([])).toBeUndefined();
});

test('the actions that rest are named, with the reason of the one that is asked again first', () => {
  const error = (action: string): HostError => new HostError('IAM_DENIED', { action, reason: 'no' });
  const condition = pausedEc2([
    { action: 'DeleteNetworkInterface', error: error('DeleteNetworkInterface'), untilMs: 2_000 },
    { action: 'CreateTags', error: error('CreateTags'), untilMs: 1_000 },
  ]);
  expect([condition?.code, condition?.message]).toEqual([
    'EC2_PAUSED',
    'EC2 refuses CreateTags, DeleteNetworkInterface over and over, so the daemon asks again at 1970-01-01T00:00:01.000Z only: EC2 denied CreateTags: no',
  ]);
});

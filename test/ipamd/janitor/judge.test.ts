import { expect, test } from 'bun:test';
import { judge } from '../../../src/ipamd/janitor/index.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const OWNED = { 'node.k8s.amazonaws.com/instance_id': 'i-gone' };
const CREATED = 'node.k8s.amazonaws.com/createdAt';
const ours = { description: 'aws-K8S-i-gone', attachment: undefined };

const rows = [
  ['old', { ...OWNED, [CREATED]: '2026-11-01T11:54:59Z' }, 'remove'],
  ['younger than five minutes', { ...OWNED, [CREATED]: '2026-11-01T11:55:01Z' }, 'leave'],
  ['of the future', { ...OWNED, [CREATED]: '2026-11-01T13:00:00Z' }, 'leave'],
  ['without a date', OWNED, 'stamp'],
  ['with a date nobody can read', { ...OWNED, [CREATED]: 'yesterday' }, 'stamp'],
  ['untagged', { [CREATED]: '2026-01-01T00:00:00Z' }, 'leave'],
  [
    'not to be managed',
    { ...OWNED, [CREATED]: '2026-01-01T00:00:00Z', 'node.k8s.amazonaws.com/no_manage': 'true' },
    'leave',
  ],
] as const;
for (const [name, tags, verdict] of rows)
  test(`judge(): ${name}: ${verdict}`, () => expect(judge({ ...ours, tags }, NOW).kind).toBe(verdict));

test('judge() leaves what another program made, and what is attached', () => {
  const tags = { ...OWNED, [CREATED]: '2026-01-01T00:00:00Z' };
  expect(judge({ ...ours, description: 'vpc endpoint', tags }, NOW).kind).toBe('leave');
  const attachment = {
    id: 'a',
    instanceId: 'i-gone',
    deviceIndex: 1,
    cardIndex: 0,
    state: 'attached',
    deleteOnTermination: true,
  } as const;
  expect(judge({ ...ours, tags, attachment }, NOW).kind).toBe('leave');
});

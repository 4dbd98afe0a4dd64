import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createRoleCredentials, instanceIdOf } from '../../../src/sim/imds/index.ts';
import { stage } from './support.ts';

const HOUR = 3_600_000;
const ROLE = '/latest/meta-data/iam/security-credentials/';

test('the credentials of the role: fresh every hour, good for six', async () => {
  const credentials = createRoleCredentials({ secret: 'of this test' });
  await using s = stage({ credentials });
  const read = async (): Promise<Record<string, string>> => JSON.parse(await s.read(`${ROLE}node-role`));
  expect(await s.read(ROLE)).toBe('node-role');
  expect(await s.read(`${ROLE}other`)).toBe('404');
  const first = await read();
  const made = credentials.of({ id: s.node }, s.clock.now());
  expect(first).toEqual({
    Code: 'Success',
    LastUpdated: '2023-11-14T22:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: made.accessKeyId,
    SecretAccessKey: made.secretAccessKey,
    Token: made.sessionToken,
    Expiration: '2023-11-15T04:00:00Z',
  });
  expect(first['AccessKeyId']).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(first['SecretAccessKey']).toMatch(/^[A-Za-z0-9+/]{40}$/);
  expect(await read()).toEqual(first);
  await s.clock.advance(HOUR);
  const second = await read();
  for (const part of ['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'])
    expect(second[part]).not.toBe(first[part] ?? '');
  expect(JSON.parse(await s.read('/latest/meta-data/iam/info'))).toEqual({
    Code: 'Success',
    LastUpdated: '2023-11-14T23:00:00Z',
    InstanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/node-role',
    InstanceProfileId: s.node.replace('i-0', 'AIPA').toUpperCase(),
  });
});

const ids = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 16, maxLength: 16 })
  .map((digits) => `i-0${digits.join('')}`);
const times = fc.integer({ min: 0, max: 4_000_000_000_000 });

test('what was handed out is found again by its access key, also after it has expired', () => {
  const source = createRoleCredentials({ secret: 's' });
  fc.assert(
    fc.property(ids, times, fc.integer({ min: 0, max: 2000 * HOUR }), (id, then, later) => {
      const credentials = source.of({ id }, then);
      expect(instanceIdOf(credentials.accessKeyId)).toBe(id);
      expect(source.find(credentials.accessKeyId, then + later)).toEqual(credentials);
      expect(credentials.expiresAt - then).toBeGreaterThan(5 * HOUR);
      expect(createRoleCredentials({ secret: 'other' }).of({ id }, then).secretAccessKey).not.toBe(
        credentials.secretAccessKey,
      );
    }),
  );
});

test('other access keys belong to nobody', () => {
  const source = createRoleCredentials({ secret: 's' });
  const keys = ['AKIDEXAMPLE', 'ASIA', '', 'ASIA0000000000000000', `ASIA${'7'.repeat(16)}`, `asia${'a'.repeat(16)}`];
  expect(keys.map((key) => source.find(key, 1_700_000_000_000))).toEqual(keys.map(() => undefined));
});

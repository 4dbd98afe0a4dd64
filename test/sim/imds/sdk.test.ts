import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { execa } from 'execa';
import { createRoleCredentials, instanceIdOf } from '../../../src/sim/imds/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { refusalOf } from '../ec2/support.ts';
import { type Stage, stage } from './support.ts';

const HOUR = 3_600_000;

/** Runs a program as on the node: it has nothing but the metadata service to get credentials from. */
async function onNode(s: Stage): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return execa(process.execPath, [join(import.meta.dir, 'fixture-sdk.ts')], {
    env: {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: s.imds,
      AWS_ENDPOINT_URL_EC2: s.ec2,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      HOME: '/nonexistent',
    },
    extendEnv: false,
    reject: false,
  });
}

const ROLE = 'GET /latest/meta-data/iam/security-credentials/';
const shown = (s: Stage): readonly string[] =>
  s.vpc.calls().map((call) => `${instanceIdOf(call.caller) ?? call.caller} ${call.action} ${call.code}`);

test("the SDK's own provider takes the role's credentials from IMDS, and EC2 knows them", async () => {
  const credentials = createRoleCredentials({ secret: 'of this simulator' });
  // The provider compares the expiry, and EC2 the time of the signature, with the time of this machine.
  await using s = stage({
    clock: systemClock,
    credentials,
    ec2Options: { clock: systemClock, credentials: credentials.find },
  });
  expect(JSON.parse((await onNode(s)).stdout)).toEqual(['10.0.1.0/24', '10.0.2.0/28']);
  expect(shown(s)).toEqual([
    '127.0.0.1 PUT /latest/api/token OK',
    `127.0.0.1 ${ROLE} OK`,
    `127.0.0.1 ${ROLE}node-role OK`,
    `${s.node} DescribeSubnets OK`,
  ]);
});

test('credentials another simulator has made open nothing', async () => {
  await using s = stage({
    clock: systemClock,
    ec2Options: { clock: systemClock, credentials: createRoleCredentials({ secret: 'of another' }).find },
  });
  expect((await onNode(s)).stderr).toContain('AuthFailure');
  expect(shown(s).at(-1)).toBe('- DescribeSubnets AuthFailure');
});

test('an earlier generation works until its time is over', async () => {
  const credentials = createRoleCredentials({ secret: 's' });
  await using s = stage({ ec2Options: { clock: systemClock, credentials: credentials.find } });
  const askWith = async (age: number): Promise<string> => {
    const made = credentials.of({ id: s.node }, Date.now() - age);
    const client = new EC2Client({ region: s.vpc.region, endpoint: s.ec2, maxAttempts: 1, credentials: { ...made } });
    try {
      return await refusalOf(client.send(new DescribeVpcsCommand({})));
    } finally {
      client.destroy();
    }
  };
  expect([await askWith(0), await askWith(HOUR), await askWith(4 * HOUR), await askWith(6 * HOUR + 1)]).toEqual([
    'none',
    'none',
    'none',
    'RequestExpired 400',
  ]);
});

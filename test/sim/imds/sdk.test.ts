import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { execa } from 'execa';
import { instanceIdOf } from '../../../src/sim/imds/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { stage } from './support.ts';

test("the SDK's own provider takes the role's credentials from IMDS and calls EC2 with them", async () => {
  // The provider compares the expiry with the time of this machine.
  await using s = stage({ clock: systemClock });
  const { stdout } = await execa(process.execPath, [join(import.meta.dir, 'fixture-sdk.ts')], {
    env: {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: s.imds,
      AWS_ENDPOINT_URL_EC2: s.ec2,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      HOME: '/nonexistent',
    },
    extendEnv: false,
  });
  expect(JSON.parse(stdout)).toEqual(['10.0.1.0/24', '10.0.2.0/28']);
  expect(
    s.vpc.calls().map((call) => `${instanceIdOf(call.caller) ?? call.caller} ${call.action} ${call.code}`),
  ).toEqual([
    '127.0.0.1 PUT /latest/api/token OK',
    '127.0.0.1 GET /latest/meta-data/iam/security-credentials/ OK',
    '127.0.0.1 GET /latest/meta-data/iam/security-credentials/node-role OK',
    `${s.node} DescribeSubnets OK`,
  ]);
});

import { expect, test } from 'bun:test';
import { ROLE, signedStage } from '../sim/ec2/signed-stage.ts';
import { STORIES } from '../sim/ec2/stories/index.ts';
import { storyStage } from '../sim/ec2/stories/stage.ts';
import { awsEc2, cliCommand, cliMissing } from '../support/aws-cli.ts';

if (cliMissing !== undefined) process.stderr.write(`the AWS CLI's tests skip: ${cliMissing}\n`);

/** Members of answers that came after Debian 12's CLI (2.9.19, of January 2023); a newer one shows them. */
const NEWER_THAN_CLI = [
  'AvailabilityZoneId',
  'GroupId',
  'IsPrimaryIpv6',
  'Operator',
  'Return',
  'RevokedSecurityGroupRules',
  'SecurityGroupArn',
  'SecurityGroupRuleArn',
];

type Json = { readonly [name: string]: unknown };

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the SDK answered, without the newer members that the CLI does not show in the same place. */
function asCliKnows(expected: unknown, found: unknown): unknown {
  if (Array.isArray(expected))
    return expected.map((one, index) => asCliKnows(one, Array.isArray(found) ? found[index] : undefined));
  if (!isJson(expected)) return expected;
  const shown: Json = isJson(found) ? found : {};
  const kept = Object.entries(expected).filter(([name]) => name in shown || !NEWER_THAN_CLI.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, asCliKnows(value, shown[name])]));
}

/** Times in one spelling. */
function withTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, child: unknown) => {
    const isTime = typeof child === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)$/.test(child);
    return isTime ? new Date(child).toISOString() : child;
  });
}

for (const story of STORIES) {
  test.skipIf(cliMissing !== undefined)(`the AWS CLI tells the story of ${story.name} as the SDK does`, async () => {
    await using sdk = storyStage();
    await using cli = storyStage();
    for (const step of story.steps) {
      const words = [cliCommand(step.action), '--cli-input-json', JSON.stringify(step.input(cli))];
      const caller = { endpointUrl: cli.url, region: cli.vpc.region };
      const [expected, found] = await Promise.all([sdk.send(step.action, step.input(sdk)), awsEc2(caller, words)]);
      const value = found.kind === 'answer' ? withTimes(found.value) : found.text;
      expect({ [step.action]: value }).toEqual({ [step.action]: asCliKnows(withTimes(expected), value) });
      for (const stage of [sdk, cli]) await stage.clock.advance(step.passing ?? 0);
    }
  });
}

test.skipIf(cliMissing !== undefined)('the AWS CLI is let in with the right secret and token only', async () => {
  await using stage = signedStage();
  const caller = { endpointUrl: stage.url, region: stage.region };
  const calls = [
    { ...caller, ...ROLE },
    { ...caller, ...ROLE, secretAccessKey: 'guess' },
  ].map((one) => awsEc2(one, ['describe-availability-zones']));
  const [right, wrong] = await Promise.all(calls);
  expect(right?.kind).toBe('answer');
  expect(wrong).toEqual({
    kind: 'failure',
    text: expect.stringContaining(
      'An error occurred (AuthFailure) when calling the DescribeAvailabilityZones operation',
    ),
  });
});

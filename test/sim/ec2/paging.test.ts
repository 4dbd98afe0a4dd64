import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { type StoryStage, storyStage } from './stories/stage.ts';
import { refusalOf } from './support.ts';

/** A stage with twelve more ENIs, and its first page of five. */
async function firstPage(stage: StoryStage) {
  for (let n = 0; n < 12; n += 1) stage.vpc.createEni({ subnetId: stage.subnet });
  return page(stage, {});
}

function page(stage: StoryStage, more: ec2.DescribeNetworkInterfacesCommandInput) {
  return stage.client.send(new ec2.DescribeNetworkInterfacesCommand({ MaxResults: 5, ...more }));
}

const idsOf = ({ NetworkInterfaces = [] }: ec2.DescribeNetworkInterfacesCommandOutput): readonly string[] =>
  NetworkInterfaces.map(({ NetworkInterfaceId = '' }) => NetworkInterfaceId);

test('the token of a page gives the same next page every time, also of another size', async () => {
  await using stage = storyStage();
  const { NextToken } = await firstPage(stage);
  const second = await page(stage, { NextToken });
  expect(idsOf(await page(stage, { NextToken }))).toEqual([...idsOf(second)]);
  expect(idsOf(await page(stage, { NextToken, MaxResults: 6 })).slice(0, 5)).toEqual([...idsOf(second)]);
  expect(second.NetworkInterfaces).toHaveLength(5);
});

test('what comes and goes between two pages makes no other ENI appear twice or not at all', async () => {
  await using stage = storyStage();
  const seen: string[] = [...idsOf(await firstPage(stage))];
  const all = stage.vpc.enis().map(({ id }) => id);
  let { NextToken } = await page(stage, {});
  // The last of the page, which the token goes by, and one of the first.
  const free = seen.filter((id) => stage.vpc.eni(id).attachment === undefined);
  for (const id of [free[0] ?? '', free.at(-1) ?? '']) stage.vpc.deleteEni(id);
  for (let n = 0; n < 3; n += 1) stage.vpc.createEni({ subnetId: stage.subnet });
  while (NextToken !== undefined) {
    const next = await page(stage, { NextToken });
    seen.push(...idsOf(next));
    NextToken = next.NextToken;
  }
  expect(seen.filter((id) => all.includes(id)).sort()).toEqual([...all].sort());
});

test('a token is refused when it is garbled, of another action, or of other filters', async () => {
  await using stage = storyStage();
  const { NextToken = '' } = await firstPage(stage);
  const refused = 'InvalidNextToken 400';
  for (const garbled of [
    '',
    'x',
    NextToken.slice(1),
    NextToken.slice(0, -4),
    Buffer.from('["a","b"]').toString('base64'),
  ])
    expect([garbled, await refusalOf(page(stage, { NextToken: garbled }))]).toEqual([garbled, refused]);
  const Filters = [{ Name: 'status', Values: ['available'] }];
  expect(await refusalOf(page(stage, { NextToken, Filters }))).toBe(refused);
  const subnets = stage.client.send(new ec2.DescribeSubnetsCommand({ NextToken }));
  expect(await refusalOf(subnets)).toBe(refused);
});

test('each listing says which sizes of a page it takes', async () => {
  await using stage = storyStage();
  const sizes = async (action: string, more: object = {}): Promise<string> => {
    const outcomes = await Promise.all(
      [4, 5, 100, 101, 255, 256, 1000, 1001].map(async (MaxResults) => {
        const refusal = await refusalOf(stage.send(action, { MaxResults, ...more }));
        return refusal === 'none' ? [MaxResults] : [];
      }),
    );
    return outcomes.flat().join();
  };
  const usual = '5,100,101,255,256,1000';
  expect({
    DescribeInstances: await sizes('DescribeInstances'),
    DescribeInstanceTypes: await sizes('DescribeInstanceTypes'),
    DescribeNetworkInterfaces: await sizes('DescribeNetworkInterfaces'),
    DescribeTrunkInterfaceAssociations: await sizes('DescribeTrunkInterfaceAssociations'),
    GetSubnetCidrReservations: await sizes('GetSubnetCidrReservations', { SubnetId: stage.subnet }),
  }).toEqual({
    DescribeInstances: usual,
    DescribeInstanceTypes: '5,100',
    DescribeNetworkInterfaces: usual,
    DescribeTrunkInterfaceAssociations: '5,100,101,255',
    GetSubnetCidrReservations: usual,
  });
});

test('a list of ids comes in pages, but not of instances and network interfaces', async () => {
  await using stage = storyStage();
  const page = (action: string, ids: object): Promise<string> =>
    refusalOf(stage.send(action, { MaxResults: 5, ...ids }));
  expect([
    await page('DescribeNetworkInterfaces', { NetworkInterfaceIds: [stage.spare] }),
    await page('DescribeInstances', { InstanceIds: [stage.node] }),
    await page('DescribeSubnets', { SubnetIds: [stage.subnet] }),
    await page('DescribeInstanceTypes', { InstanceTypes: ['m5.large'] }),
  ]).toEqual(['InvalidParameterCombination 400', 'InvalidParameterCombination 400', 'none', 'none']);
});

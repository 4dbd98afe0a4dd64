import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { EniUnit } from '../../src/aws/index.ts';
import { HostError } from '../../src/errors/index.ts';
import type { Garble } from '../../src/sim/dials/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from './simulated-ec2.ts';

let sim: SimulatedEc2;
beforeEach(() => {
  sim = startSimulatedEc2();
});
afterEach(async () => {
  await sim[Symbol.asyncDispose]();
});

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (answer) => answer,
    (error: unknown) => (error instanceof HostError ? `${error.code}: ${error.message}` : error),
  );
const creation = () => ({
  subnetId: sim.subnet.id,
  securityGroups: [],
  holding: { unit: 'address' as EniUnit, count: 1 },
  description: 'x',
  tags: {},
  clientToken: crypto.randomUUID(),
});

/** What changes something and says so with ids or addresses, and what lists. */
const REQUESTS: readonly (readonly [string, string, (eniId: string) => Promise<unknown>])[] = [
  ['createEni()', 'CreateNetworkInterface', () => sim.ec2.createEni(creation())],
  [
    'assignAddresses()',
    'AssignPrivateIpAddresses',
    (eniId) => sim.ec2.assignAddresses({ eniId, subnetId: undefined, count: 1 }),
  ],
  ['describeEnis()', 'DescribeNetworkInterfaces', () => sim.ec2.describeEnis({ instanceId: sim.instance.id })],
  ['describeEni()', 'DescribeNetworkInterfaces', (eniId) => sim.ec2.describeEni({ eniId })],
  [
    'describeSubnets()',
    'DescribeSubnets',
    () => sim.ec2.describeSubnets({ vpcId: sim.vpc.id, availabilityZone: sim.subnet.availabilityZone }),
  ],
  ['describeInstanceType()', 'DescribeInstanceTypes', () => sim.ec2.describeInstanceType({ instanceType: 't3.small' })],
];

const GARBLES: readonly Garble[] = ['xml', 'empty', 'types'];

for (const garble of GARBLES)
  test.each(REQUESTS.map((row) => [row[0], row] as const))(
    `an answer to %s that is nonsense (${garble}) is none, and no empty one either`,
    async (_, [, action, request]) => {
      const [eni] = sim.vpc.enis();
      sim.dials.set({ action, garble });
      expect(await codeOf(request(eni?.id ?? ''))).toEqual(
        expect.stringMatching(new RegExp(`^EC2_BAD_ANSWER: .*${action}`)),
      );
      sim.dials.clear();
      expect(await codeOf(request(eni?.id ?? ''))).not.toEqual(expect.stringContaining('EC2_'));
    },
  );

test('what was asked for is done all the same', async () => {
  sim.dials.set({ action: 'CreateNetworkInterface', garble: 'xml', times: 1 });
  const before = sim.vpc.enis().length;
  await codeOf(sim.ec2.createEni(creation()));
  expect(sim.vpc.enis().length).toBe(before + 1);
  expect(sim.vpc.calls().at(-1)?.result).toEndWith('and the answer was garbled');
});

import { expect, test } from 'bun:test';
import { loadSettings, type Settings } from '../../../src/config/index.ts';
import { Janitor } from '../../../src/ipamd/janitor/index.ts';
import { createLogger } from '../../../src/log/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from '../../aws/simulated-ec2.ts';

const INSTANCE = 'node.k8s.amazonaws.com/instance_id';
const CREATED = 'node.k8s.amazonaws.com/createdAt';
const CLUSTER = 'cluster.k8s.amazonaws.com/name';
const LONG_AGO = '2026-01-01T00:00:00Z';

const settingsOf = (flags: Readonly<Record<string, string>>): Settings => loadSettings({ flags }).settings;

/** `meanwhile` happens between its two looks. */
function janitorOf(
  { vpc, instance, ec2 }: SimulatedEc2,
  settings: Settings,
  meanwhile: (ms: number) => unknown = () => undefined,
): Janitor {
  return new Janitor({
    ec2,
    clock: { ...systemClock, sleep: async (ms) => void (await meanwhile(ms)) },
    logger: createLogger({ level: 'error', program: 'test' }),
    signal: new AbortController().signal,
    random: () => 0,
    settings,
    identity: { vpcId: vpc.id, instanceId: instance.id },
  });
}

test('sweep() deletes what is leaked, dates what has no date, and leaves everything else', async () => {
  await using sim = startSimulatedEc2();
  const { vpc, subnet } = sim;
  const make = (tags: Readonly<Record<string, string>>, description = 'aws-K8S-i-gone') =>
    vpc.createEni({ subnetId: subnet.id, description, tags }).id;
  const leaked = make({ [INSTANCE]: 'i-gone', [CREATED]: LONG_AGO, [CLUSTER]: 'c' });
  const undated = make({ [INSTANCE]: 'i-gone', [CLUSTER]: 'c' });
  const young = make({ [INSTANCE]: 'i-new', [CREATED]: new Date().toISOString(), [CLUSTER]: 'c' });
  const untagged = make({});
  const ofOthers = make({ [INSTANCE]: 'i-gone', [CREATED]: LONG_AGO, [CLUSTER]: 'other' });
  const janitor = janitorOf(sim, settingsOf({ CLUSTER_NAME: 'c' }));
  await janitor.sweep();
  const left = vpc.enis().map(({ id }) => id);
  expect(left).not.toContain(leaked);
  expect(left).toEqual(expect.arrayContaining([undated, young, untagged, ofOthers]));
  expect(Date.parse(vpc.eni(undated).tags[CREATED] ?? '')).toBeGreaterThan(Date.now() - 60_000);
  // Two looks, one stamp, one deletion; the turn after it finds nothing to do.
  const calls = () => Object.fromEntries(sim.ec2.calls);
  expect(calls()).toEqual({ DescribeNetworkInterfaces: 2, CreateTags: 1, DeleteNetworkInterface: 1 });
  await janitor.sweep();
  expect(calls()).toEqual({ DescribeNetworkInterfaces: 3, CreateTags: 1, DeleteNetworkInterface: 1 });
});

test('an ENI that seems old and reaches its node within five minutes stays: a clock was wrong', async () => {
  await using sim = startSimulatedEc2();
  const { vpc, subnet, instance } = sim;
  const make = () =>
    vpc.createEni({ subnetId: subnet.id, description: 'aws-K8S-i', tags: { [INSTANCE]: 'i-1', [CREATED]: LONG_AGO } })
      .id;
  const [leaked, underWay] = [make(), make()];
  const waited: number[] = [];
  const attach = (ms: number): Promise<string> => {
    waited.push(ms);
    return sim.ec2.attachEni({ eniId: underWay, instanceId: instance.id, deviceIndex: 1, cardIndex: 0 });
  };
  await janitorOf(sim, settingsOf({}), attach).sweep();
  const left = vpc.enis().map(({ id }) => id);
  expect([waited, left.includes(leaked), left.includes(underWay)]).toEqual([[300_000], false, true]);
  expect(sim.ec2.calls.get('DeleteNetworkInterface')).toBe(1);
});

test('a cluster without a name: every leaked ENI of the VPC', async () => {
  await using sim = startSimulatedEc2();
  const { vpc, subnet } = sim;
  const tags = { [INSTANCE]: 'i-gone', [CREATED]: LONG_AGO };
  const leaked = vpc.createEni({ subnetId: subnet.id, description: 'aws-K8S-i-gone', tags });
  await janitorOf(sim, settingsOf({})).sweep();
  expect(vpc.enis().map(({ id }) => id)).not.toContain(leaked.id);
});

test('isWanted(): not where nothing may be changed, and not where it is turned off', () => {
  expect(Janitor.isWanted(settingsOf({}))).toBe(true);
  for (const key of ['DISABLE_LEAKED_ENI_CLEANUP', 'DISABLE_NETWORK_RESOURCE_PROVISIONING', 'ENABLE_IMDS_ONLY_MODE'])
    expect(Janitor.isWanted(settingsOf({ [key]: 'true' }))).toBe(false);
});

import { describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AssignPrivateIpAddressesCommand,
  AssociateTrunkInterfaceCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  type CreateNetworkInterfaceCommandInput,
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
  type NetworkInterface,
} from '@aws-sdk/client-ec2';
import { SCENARIOS } from '../../src/sim/index.ts';
import { Cli } from '../support/sim-cli.ts';
import { ec2Client, outcome } from '../support/sim-ec2.ts';

/** A running scenario and the SDK's view of it. */
interface Scene {
  readonly cli: Cli;
  readonly url: string;
  readonly client: EC2Client;
  readonly imds: string;
  readonly instanceId: string;
  readonly subnets: readonly string[];
}

const create = (scene: Scene, more: Partial<CreateNetworkInterfaceCommandInput> = {}): Promise<unknown> =>
  outcome(
    scene.client.send(new CreateNetworkInterfaceCommand({ SubnetId: scene.subnets[0] ?? '', ...more })),
    ({ NetworkInterface: made }) => made?.NetworkInterfaceId,
  );

async function enis(scene: Scene): Promise<readonly NetworkInterface[]> {
  return (await scene.client.send(new DescribeNetworkInterfacesCommand())).NetworkInterfaces ?? [];
}

const attach = (scene: Scene, eniId: unknown, deviceIndex = 1): Promise<unknown> =>
  outcome(
    scene.client.send(
      new AttachNetworkInterfaceCommand({
        InstanceId: scene.instanceId,
        NetworkInterfaceId: String(eniId),
        DeviceIndex: deviceIndex,
      }),
    ),
  );

/** How many ENIs the metadata service shows. */
async function macs(scene: Scene): Promise<number> {
  const token = await fetch(`${scene.imds}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
  });
  const headers = { 'x-aws-ec2-metadata-token': await token.text() };
  const answer = await fetch(`${scene.imds}/latest/meta-data/network/interfaces/macs/`, { headers });
  return (await answer.text()).split('\n').length;
}

/** Lets no time pass there but what a test asks for: how long the test itself takes then changes nothing. */
const stopClock = (scene: Scene): Promise<unknown> => scene.cli.json(['clock', '--stop']);
const pass = (scene: Scene, time: string): Promise<unknown> => scene.cli.json(['clock', '--advance', time]);

/** Lets so much time pass and waits until the ENI has a state. Looks at the status, which no bucket throttles. */
async function untilState(scene: Scene, eniId: unknown, state: string, after: string): Promise<void> {
  await pass(scene, after);
  const status = async (): Promise<string> => JSON.stringify(await scene.cli.json(['status']));
  const wanted = new RegExp(`"id":"${eniId}"[^}]*"state":"${state}"`);
  for (const deadline = performance.now() + 20_000; !wanted.test(await status()); )
    if (performance.now() > deadline) throw new Error(`${eniId} is not ${state} after ${after}`);
}

const untilAttached = (scene: Scene, eniId: unknown, after: string): Promise<void> =>
  untilState(scene, eniId, 'attached', after);

/** What is special about each, seen by a client that knows nothing of the simulator. */
const EFFECTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'api-error': async (scene) => {
    expect([await create(scene), await create(scene)]).toEqual(['InternalError', 'InternalError']);
    const eniId = await create(scene);
    expect([await attach(scene, eniId), await attach(scene, eniId)]).toEqual(['Unavailable', 'OK']);
  },
  'clock-skew': async ({ url }) => {
    const credentials = {
      accessKeyId: 'AKIASIMULATOR0000001',
      secretAccessKey: 'a-secret-that-everybody-may-know-0000001',
    };
    const ask = (client: EC2Client): Promise<unknown> => outcome(client.send(new DescribeVpcsCommand()));
    const ahead = { ...credentials, secretAccessKey: 'another-secret' };
    expect([await ask(ec2Client(url, { credentials })), await ask(ec2Client(url, { credentials: ahead }))]).toEqual([
      'RequestExpired',
      'AuthFailure',
    ]);
  },
  denied: async (scene) => {
    const [primary] = await enis(scene);
    const assign = new AssignPrivateIpAddressesCommand({
      NetworkInterfaceId: primary?.NetworkInterfaceId ?? '',
      SecondaryPrivateIpAddressCount: 1,
    });
    expect([await create(scene), await outcome(scene.client.send(assign))]).toEqual([
      'UnauthorizedOperation',
      'UnauthorizedOperation',
    ]);
  },
  'exhausted-subnet': async (scene) => {
    const { Subnets = [] } = await scene.client.send(new DescribeSubnetsCommand());
    expect(Subnets.map(({ AvailableIpAddressCount }) => AvailableIpAddressCount)).toEqual([3, 251]);
    expect(await create(scene, { SecondaryPrivateIpAddressCount: 3 })).toBe('InsufficientFreeAddressesInSubnet');
    expect(await create(scene, { SecondaryPrivateIpAddressCount: 2 })).toStartWith('eni-');
  },
  'fragmented-subnet': async (scene) => {
    expect(await create(scene, { Ipv4PrefixCount: 1 })).toBe('InsufficientCidrBlocks');
    expect(await create(scene, { SecondaryPrivateIpAddressCount: 9 })).toStartWith('eni-');
    await scene.cli.sim(['subnet', 'release', '10.0.0.0/24']);
    expect(await create(scene, { Ipv4PrefixCount: 1 })).toStartWith('eni-');
  },
  'imds-lag': async (scene) => {
    expect(await macs(scene)).toBe(1);
    await stopClock(scene);
    const eniId = await create(scene);
    await attach(scene, eniId);
    await untilAttached(scene, eniId, '1500ms');
    await pass(scene, '4999ms');
    expect(await macs(scene)).toBe(1);
    await pass(scene, '1ms');
    expect(await macs(scene)).toBe(2);
  },
  ipv6: async (scene) => {
    const [first, second] = await enis(scene);
    expect([first?.Ipv6Addresses?.length, first?.Ipv6Prefixes?.length, second?.Ipv6Addresses?.length]).toEqual([
      1, 1, 1,
    ]);
    expect(first?.Ipv6Prefixes?.[0]?.Ipv6Prefix).toMatch(/^2600:1f.*\/80$/);
  },
  'lost-answer': async (scene) => {
    const before = (await enis(scene)).length;
    expect(await create(scene)).not.toStartWith('eni-');
    expect((await enis(scene)).length).toBe(before + 1);
    expect(await create(scene)).toStartWith('eni-');
  },
  'multi-card': async (scene) => {
    const found = (await enis(scene)).map((eni) => [
      eni.Attachment?.NetworkCardIndex,
      eni.Attachment?.DeviceIndex,
      eni.InterfaceType,
      eni.PrivateIpAddresses?.length,
    ]);
    expect(found).toEqual([
      [0, 0, 'interface', 1],
      [1, 1, 'interface', 3],
      [2, 1, 'efa-only', 0],
    ]);
  },
  prefixes: async (scene) => {
    const prefixes = (await enis(scene)).map((eni) => eni.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix));
    expect(prefixes).toEqual([['10.0.0.128/28'], undefined]);
  },
  'slow-api': async (scene) => {
    for (let count = 0; count < 5; count += 1) await scene.client.send(new DescribeVpcsCommand());
    const calls: readonly { readonly ms: number }[] = JSON.parse((await scene.cli.sim(['calls', '--json'])).stdout);
    expect(Math.max(...calls.map(({ ms }) => ms))).toBeGreaterThan(50);
  },
  'slow-attach': async (scene) => {
    const eniId = await create(scene);
    await stopClock(scene);
    await attach(scene, eniId);
    await pass(scene, '5999ms');
    const attachment = async () =>
      (await enis(scene)).find(({ NetworkInterfaceId }) => NetworkInterfaceId === eniId)?.Attachment;
    expect((await attachment())?.Status).toBe('attaching');
    await untilAttached(scene, eniId, '4001ms');
    const attached = await attachment();
    expect(attached?.Status).toBe('attached');
    await scene.client.send(new DetachNetworkInterfaceCommand({ AttachmentId: attached?.AttachmentId }));
    await pass(scene, '7999ms');
    expect((await attachment())?.Status).toBe('detaching');
    await untilState(scene, eniId, 'available', '7001ms');
    expect(await attachment()).toBeUndefined();
  },
  'stale-metadata': async (scene) => {
    const gone = await create(scene);
    await scene.client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: String(gone) }));
    expect((await enis(scene)).map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toContain(String(gone));
    const eniId = await create(scene);
    await attach(scene, eniId);
    await untilAttached(scene, eniId, '1500ms');
    expect(await macs(scene)).toBe(1);
    await scene.cli.sim(['dial', 'IMDS', '--clear']);
    expect(await macs(scene)).toBe(2);
  },
  throttle: async (scene) => {
    await stopClock(scene);
    const sixTimes = async (): Promise<readonly string[]> => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => create(scene)));
      return outcomes.map((one) => String(one).replace(/^eni-.*/, 'made')).sort();
    };
    const refused = 'RequestLimitExceeded';
    expect(await sixTimes()).toEqual([...Array<string>(4).fill(refused), 'made', 'made']);
    await pass(scene, '2s');
    expect(await sixTimes()).toEqual([...Array<string>(5).fill(refused), 'made']);
  },
  trunk: async (scene) => {
    const trunk = (await enis(scene)).find(({ InterfaceType }) => InterfaceType === 'trunk');
    const { SecurityGroups = [] } = await scene.client.send(new DescribeSecurityGroupsCommand());
    const pods = SecurityGroups.find(({ GroupName }) => GroupName === 'pods');
    expect(pods?.IpPermissions?.map(({ IpProtocol, FromPort }) => [IpProtocol, FromPort])).toEqual([
      ['tcp', 80],
      ['icmp', -1],
    ]);
    const branch = await create(scene, { InterfaceType: 'branch', Groups: [pods?.GroupId ?? ''] });
    const associate = new AssociateTrunkInterfaceCommand({
      TrunkInterfaceId: trunk?.NetworkInterfaceId ?? '',
      BranchInterfaceId: String(branch),
      VlanId: 7,
    });
    expect(
      await outcome(scene.client.send(associate), ({ InterfaceAssociation }) => InterfaceAssociation?.VlanId),
    ).toBe(7);
  },
};

describe('each scenario is started by name and seen by the SDK', () => {
  test('and none is left out', () => expect(Object.keys(EFFECTS).sort()).toEqual([...SCENARIOS.keys()].sort()));
  for (const [name, effect] of Object.entries(EFFECTS))
    test(name, async () => {
      await using cli = new Cli();
      const up = await cli.json(['up', '--api-only', '--scenario', name]);
      expect(up['ok']).toBe(true);
      const { subnets, nodes } = await cli.json(['status']);
      const url = String(up['ec2']);
      await effect({
        cli,
        url,
        client: ec2Client(url),
        imds: String(up['imds']),
        instanceId: Object(nodes)[0].instanceId,
        subnets: Object(subnets).map(({ id }: { id: string }) => id),
      });
    }, 60_000);
});

test('a scenario that is wrong or not there is refused with every finding, before anything starts', async () => {
  await using cli = new Cli();
  const path = join(tmpdir(), `${cli.name}.json`);
  writeFileSync(path, JSON.stringify({ sead: 1, nodes: [{ name: 'A', type: 't3.small' }], dials: [{}] }));
  try {
    const up = await cli.sim(['up', '--api-only', '--scenario', path, '--json']);
    const check = await cli.sim(['scenario', 'check', path, '--json']).catch(() => undefined);
    expect([up.code, JSON.parse(up.stdout).error.code]).toEqual([2, 'SIM_SCENARIO_INVALID']);
    expect(check?.code).toBe(2);
  } finally {
    rmSync(path);
  }
  const missing = await cli.sim(['up', '--api-only', '--scenario', 'no-such', '--json']);
  expect([missing.code, JSON.parse(missing.stdout).error.code]).toEqual([2, 'SIM_SCENARIO_MISSING']);
  expect((await cli.sim(['status'])).stderr).toContain('SIM_NOT_RUNNING');
}, 60_000);

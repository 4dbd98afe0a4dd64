import { expect, test } from 'bun:test';
import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import { systemExec } from '../../src/sys/index.ts';
import { Cli } from '../support/sim-cli.ts';
import { ec2Client } from '../support/sim-ec2.ts';

interface Node {
  readonly name: string;
  readonly instanceId: string;
  readonly state: string;
  readonly enis: readonly { readonly id: string; readonly deviceIndex: number; readonly state: string }[];
}

const nodesOf = async (cli: Cli): Promise<readonly Node[]> =>
  JSON.parse((await cli.sim(['node', 'list', '--json'])).stdout);
const stateOf = async (cli: Cli): Promise<unknown> => (await nodesOf(cli)).map(({ name, state }) => [name, state]);
const netns = async (cli: Cli): Promise<readonly string[]> =>
  (await systemExec.run({ argv: ['ip', 'netns'] })).stdout
    .split('\n')
    .flatMap((line) => (line.startsWith(`${cli.name}-`) ? [(line.split(' ')[0] ?? '').slice(cli.name.length + 1)] : []))
    .sort();

test('a reboot ends processes and empties /run; files, ENIs and addresses stay, secondary links come back bare', async () => {
  await using cli = new Cli();
  const { ec2 } = await cli.json(['up', '--nodes', '1', '--attach-ms', '0']);
  const client = ec2Client(String(ec2));
  const { subnets } = await cli.json(['status']);
  const { NetworkInterface } = await client.send(
    new CreateNetworkInterfaceCommand({ SubnetId: Object(subnets)[0].id }),
  );
  const [node] = await nodesOf(cli);
  await client.send(
    new AttachNetworkInterfaceCommand({
      InstanceId: node?.instanceId ?? '',
      NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId ?? '',
      DeviceIndex: 1,
    }),
  );
  // Processes of all nodes are this machine's: one no other test has.
  const nap = `1000.${process.pid}`;
  const text = async (...words: readonly string[]): Promise<string> =>
    (await cli.exec('node-a', ...words)).stdout.trim();
  const bootId = (): Promise<string> => text('cat', '/proc/sys/kernel/random/boot_id');
  const links = async (): Promise<readonly string[]> =>
    (await text('ip', '-brief', '-4', 'address'))
      .split('\n')
      .map((line) => line.replace(/@\S+/, '').replace(/\s+/g, ' ').trim());
  for (let tries = 0; !(await text('ls', '/sys/class/net')).includes('eth1'); tries += 1) {
    if (tries > 200) throw new Error('eth1 did not come');
    await Bun.sleep(20);
  }
  await text('sh', '-c', `ip link set eth1 up; ip address add 10.0.0.5/24 dev eth1; sleep ${nap} >/dev/null 2>&1 &`);
  await text('sh', '-c', 'for d in etc opt usr var run; do echo kept > /$d/mark; done');
  const before = await bootId();
  expect(await links()).toEqual(['lo UNKNOWN 127.0.0.1/8', 'eth0 UP 10.0.0.4/24', 'eth1 UP 10.0.0.5/24']);
  expect((await cli.sim(['node', 'reboot', 'node-a'])).stdout).toBe('node-a is up again\n');
  expect(await links()).toEqual(['lo UNKNOWN 127.0.0.1/8', 'eth0 UP 10.0.0.4/24']);
  expect(await text('sh', '-c', 'cat /etc/mark /opt/mark /usr/mark /var/mark; ls /run/mark 2>&1 | tail -c 26')).toBe(
    'kept\nkept\nkept\nkept\nNo such file or directory',
  );
  expect(await text('ls', '/sys/class/net')).toContain('eth1');
  const after = await bootId();
  expect([after !== before, /^[0-9a-f-]{36}$/.test(after)]).toEqual([true, true]);
  expect((await cli.exec('node-a', 'pgrep', '-f', `^sleep ${nap}`)).stdout).toBe('');
  expect((await nodesOf(cli))[0]?.enis.map(({ deviceIndex, state }) => [deviceIndex, state])).toEqual([
    [0, 'attached'],
    [1, 'attached'],
  ]);
  const ping = await cli.exec('node-a', 'ping', '-c', '1', '-W', '2', '198.51.100.1');
  expect(ping.code).toBe(0);
}, 90_000);

test('a node on which nothing runs, so that nothing holds a reboot up, still has its link afterwards', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '1']);
  const links: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    await cli.sim(['node', 'reboot', 'node-a']);
    const { stdout } = await cli.exec('node-a', 'ip', '-brief', '-4', 'address', 'show', 'eth0');
    links.push(stdout.split(/\s+/)[2] ?? '');
  }
  expect(links).toEqual(['10.0.0.4/24', '10.0.0.4/24', '10.0.0.4/24']);
}, 60_000);

test('terminate keeps the record and the ENIs that are not marked; remove takes both', async () => {
  await using cli = new Cli();
  const { ec2 } = await cli.json(['up', '--nodes', '0']);
  const client = ec2Client(String(ec2));
  await cli.json(['node', 'add', 'one']);
  const enis = async (): Promise<unknown> =>
    (await client.send(new DescribeNetworkInterfacesCommand())).NetworkInterfaces?.map(({ Status }) => Status);
  const [one] = await nodesOf(cli);
  const { subnets } = await cli.json(['status']);
  // As a CNI does, which died before it could attach it.
  await client.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: Object(subnets)[0].id,
      TagSpecifications: [
        {
          ResourceType: 'network-interface',
          Tags: [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: one?.instanceId ?? '' }],
        },
      ],
    }),
  );
  expect([await enis(), await netns(cli)]).toEqual([
    ['in-use', 'available'],
    ['internet', 'one', 'router'],
  ]);
  expect((await cli.sim(['node', 'terminate', 'one'])).stdout).toBe('one is terminated\n');
  expect([await stateOf(cli), await enis(), await netns(cli)]).toEqual([
    [['one', 'terminated']],
    ['available'],
    ['internet', 'router'],
  ]);
  const described = await client.send(new DescribeInstancesCommand());
  expect(described.Reservations?.flatMap(({ Instances }) => Instances?.map(({ State }) => State?.Name))).toEqual([
    'terminated',
  ]);
  expect((await cli.sim(['node', 'terminate', 'one'])).code).toBe(0);
  expect((await cli.sim(['node', 'reboot', 'one'])).stderr).toContain('IncorrectInstanceState');
  await cli.json(['node', 'add', 'one']);
  expect((await cli.sim(['node', 'remove', one?.instanceId ?? ''])).code).toBe(0);
  expect([await stateOf(cli), await enis()]).toEqual([[['one', 'running']], ['in-use']]);
  await cli.sim(['node', 'remove', 'one']);
  expect([await stateOf(cli), await enis(), await netns(cli)]).toEqual([[], [], ['internet', 'router']]);
}, 90_000);

test('instances of the EC2 API are machines too, called by their Name tag where it can be a name', async () => {
  await using cli = new Cli();
  const { ec2 } = await cli.json(['up', '--nodes', '1']);
  const client = ec2Client(String(ec2));
  const { subnets } = await cli.json(['status']);
  const run = async (name: string): Promise<string> => {
    const { Instances } = await client.send(
      new RunInstancesCommand({
        ImageId: 'ami-00000000000000000',
        InstanceType: 't3.small',
        SubnetId: Object(subnets)[0].id,
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] }],
      }),
    );
    return Instances?.[0]?.InstanceId ?? '';
  };
  const ids = [await run('worker'), await run('node-a'), await run('Not A Name')];
  await waitUntilInstanceRunning({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { InstanceIds: ids });
  const names = ['worker', ids[1] ?? '', ids[2] ?? ''];
  expect((await nodesOf(cli)).map(({ name }) => name)).toEqual(['node-a', ...names]);
  expect(await netns(cli)).toEqual(['internet', 'node-a', 'router', ...names].sort());
  const address = async (node: string): Promise<string> =>
    (await cli.exec(node, 'ip', '-brief', '-4', 'address', 'show', 'eth0')).stdout.split(/\s+/)[2] ?? '';
  expect(await Promise.all(names.map(address))).toEqual(['10.0.0.5/24', '10.0.0.6/24', '10.0.0.7/24']);
  const bootId = async (): Promise<string> =>
    (await cli.exec('worker', 'cat', '/proc/sys/kernel/random/boot_id')).stdout;
  const before = await bootId();
  await client.send(new RebootInstancesCommand({ InstanceIds: [ids[0] ?? ''] }));
  for (let tries = 0; [before, ''].includes(await bootId()); tries += 1) {
    if (tries > 100) throw new Error('it did not boot again');
    await Bun.sleep(50);
  }
  await client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  await waitUntilInstanceTerminated({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { InstanceIds: ids });
  for (let tries = 0; (await netns(cli)).length > 3; tries += 1) {
    if (tries > 200) throw new Error(`machines stay: ${await netns(cli)}`);
    await Bun.sleep(20);
  }
}, 120_000);

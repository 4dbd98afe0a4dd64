import { expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
} from '@aws-sdk/client-ec2';
import { systemExec } from '../../src/sys/index.ts';
import { Cli } from '../support/sim-cli.ts';
import { ec2Client, outcome } from '../support/sim-ec2.ts';

test('dials are set, shown, seen by the SDK and cleared; wrong ones are refused with every reason', async () => {
  await using cli = new Cli();
  const { ec2 } = await cli.json(['up', '--api-only', '--nodes', '0']);
  const client = ec2Client(String(ec2));
  const vpcs = (): Promise<unknown> => outcome(client.send(new DescribeVpcsCommand()));
  expect(await cli.json(['dial', 'DescribeVpcs', '--error', 'InternalError', '--times', '1'])).toEqual({
    dials: [{ action: 'DescribeVpcs', error: 'InternalError', times: 1 }],
    throttle: 'ec2',
    times: { attachMs: 1500, detachMs: 1000 },
  });
  expect([await vpcs(), await vpcs()]).toEqual(['InternalError', 'OK']);
  await cli.sim(['dial', '*', '--bucket', '2/0']);
  expect([await vpcs(), await vpcs(), await vpcs()]).toEqual(['OK', 'OK', 'RequestLimitExceeded']);
  expect((await cli.sim(['dial'])).stdout).toMatch(
    /^ACTION +EFFECT +WHEN\n\* +bucket 2\/0 +always\nthrottling is as EC2/,
  );
  expect(await cli.json(['dial', '--clear'])).toEqual({
    dials: [],
    throttle: 'ec2',
    times: { attachMs: 1500, detachMs: 1000 },
  });
  expect(await cli.json(['dial', 'throttle', 'off'])).toEqual({
    dials: [],
    throttle: 'off',
    times: { attachMs: 1500, detachMs: 1000 },
  });
  const rows = [
    { words: ['DescribeVpc', '--deny'], code: 'SIM_ORDER_INVALID' },
    { words: ['DescribeVpcs', '--delay', 'long'], code: 'SIM_ORDER_INVALID' },
    { words: ['DescribeVpcs', '--error', 'A', '--lost'], code: 'SIM_ORDER_INVALID' },
    { words: ['DescribeVpcs', '--deny', '--probability', '2'], code: 'SIM_ORDER_INVALID' },
    { words: ['DescribeVpcs', '--bucket', '5'], code: 'USAGE' },
    { words: ['DescribeVpcs', '--lag', 'x'], code: 'USAGE' },
    { words: ['DescribeVpcs'], code: 'USAGE' },
    { words: ['--deny'], code: 'USAGE' },
    { words: ['throttle', 'on'], code: 'USAGE' },
    { words: ['DescribeVpcs', 'twice', '--deny'], code: 'USAGE' },
    { words: ['attach-time'], code: 'USAGE' },
    { words: ['attach-time', 'long'], code: 'USAGE' },
    { words: ['attach-time', '5', '--deny'], code: 'USAGE' },
    { words: ['detach-time', '7-6'], code: 'SIM_ORDER_INVALID' },
    { words: ['detach-time', '999999'], code: 'SIM_ORDER_INVALID' },
  ];
  const found: unknown[] = [];
  for (const { words } of rows) found.push({ words, code: Object((await cli.json(['dial', ...words]))['error']).code });
  expect(found).toEqual(rows);
  expect(await cli.json(['dial'])).toEqual({ dials: [], throttle: 'off', times: { attachMs: 1500, detachMs: 1000 } });
}, 60_000);

test('how long attaches and detaches take is dialled, by command and by HTTP, and seen by the SDK', async () => {
  await using cli = new Cli();
  const { ec2, admin } = await cli.json(['up', '--api-only', '--nodes', '1', '--attach-ms', '0']);
  const client = ec2Client(String(ec2));
  await cli.json(['clock', '--stop']);
  const [subnet] = (await client.send(new DescribeSubnetsCommand())).Subnets ?? [];
  const [node] = (await client.send(new DescribeInstancesCommand())).Reservations?.[0]?.Instances ?? [];
  const made = await client.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet?.SubnetId }));
  const NetworkInterfaceId = made.NetworkInterface?.NetworkInterfaceId;
  const state = async (): Promise<string | undefined> =>
    (await client.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [`${NetworkInterfaceId}`] })))
      .NetworkInterfaces?.[0]?.Attachment?.Status;
  /** The states when almost so much time has passed, and when all of it has. */
  const around = async (ms: number): Promise<unknown> => {
    await cli.json(['clock', '--advance', `${ms - 1}ms`]);
    const before = await state();
    await cli.json(['clock', '--advance', '1ms']);
    for (const deadline = performance.now() + 5000; (await state()) === before; )
      if (performance.now() > deadline) throw new Error(`still ${before} after ${ms} ms`);
    return [before, await state()];
  };
  expect(await cli.json(['dial', 'attach-time', '7000-7000'])).toMatchObject({
    times: { attachMs: [7000, 7000], detachMs: 1000 },
  });
  const attached = await client.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: node?.InstanceId, DeviceIndex: 1 }),
  );
  // Too late for the attach that is under way.
  const put = await fetch(`${admin}/times`, { method: 'PUT', body: '{"attachMs":9000,"detachMs":4000}' });
  expect(await put.json()).toEqual({ attachMs: 9000, detachMs: 4000 });
  expect(await around(7000)).toEqual(['attaching', 'attached']);
  await client.send(new DetachNetworkInterfaceCommand({ AttachmentId: attached.AttachmentId }));
  expect(await around(4000)).toEqual(['detaching', undefined]);
  expect((await cli.sim(['dial'])).stdout).toContain('attaching takes 9000 ms, detaching 4000 ms\n');
  expect((await cli.sim(['status'])).stdout).toMatch(/^times +attaching takes 9000 ms, detaching 4000 ms$/m);
}, 60_000);

test('calls are chosen, counted and asserted', async () => {
  await using cli = new Cli();
  const { ec2 } = await cli.json(['up', '--api-only', '--nodes', '0']);
  const client = ec2Client(String(ec2));
  await cli.sim(['dial', 'DescribeSubnets', '--deny', '--times', '1']);
  await outcome(client.send(new DescribeSubnetsCommand()));
  await outcome(client.send(new DescribeSubnetsCommand()));
  await outcome(client.send(new DescribeVpcsCommand()));
  const rows = [
    { words: ['--count'], code: 0, stdout: '3\n' },
    { words: ['--action', 'DescribeSubnets', '--expect', '2'], code: 0, stdout: '2\n' },
    { words: ['--action', 'Describe*', '--code', 'UnauthorizedOperation', '--expect', '1'], code: 0, stdout: '1\n' },
    { words: ['--caller', 'TESTER', '--since', '1h', '--count'], code: 0, stdout: '3\n' },
    { words: ['--since', '2100-01-01', '--count'], code: 0, stdout: '0\n' },
    { words: ['--last', '1', '--count'], code: 0, stdout: '1\n' },
    { words: ['--since', 'lately'], code: 2, stdout: '' },
    { words: ['--expect', '2'], code: 1, stdout: '' },
  ];
  const found: unknown[] = [];
  for (const { words } of rows) {
    const { code, stdout } = await cli.sim(['calls', ...words]);
    found.push({ words, code, stdout });
  }
  expect(found).toEqual(rows);
  expect((await cli.sim(['calls', '--action', 'DescribeVpcs', '--expect', '2'])).stderr).toContain(
    'SIM_CALLS_DIFFER: expected 2 DescribeVpcs calls, found 1',
  );
  expect((await cli.sim(['calls', '--clear', '--count'])).stdout).toBe('3\n');
  expect((await cli.sim(['calls', '--expect', '0'])).code).toBe(0);
}, 60_000);

test('the clock is moved, set and stopped', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--api-only', '--nodes', '0']);
  const { aheadMs } = await cli.json(['clock', '--advance', '1h30m']);
  expect(aheadMs).toBeGreaterThanOrEqual(5_400_000);
  expect(await cli.json(['clock', '--set', '2040-05-06T07:08:09Z', '--stop'])).toMatchObject({
    now: '2040-05-06T07:08:09.000Z',
    ticking: false,
  });
  expect(await cli.json(['clock'])).toMatchObject({ now: '2040-05-06T07:08:09.000Z' });
  expect(await cli.json(['clock', '--start'])).toMatchObject({ ticking: true });
  const codes: unknown[] = [];
  for (const words of [
    ['--advance', '-1h'],
    ['--set', 'noon'],
    ['--stop', '--start'],
  ])
    codes.push((await cli.sim(['clock', ...words])).code);
  expect(codes).toEqual([2, 2, 2]);
}, 60_000);

test('"sim exec" without a command is a shell on the node, on a terminal and without', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '1']);
  const words = [...cli.argv(['exec']), 'node-a'] as const;
  const input = 'echo answer-$((40 + 2)); ip -brief -4 address show eth0; exit 7\n';
  const accept = [7];
  const plain = await systemExec.run({ argv: words, input, accept });
  expect(plain.stdout).toMatch(/^answer-42\neth0\S+ +UP +10\.0\.0\.4\/24 *\n$/);
  const terminal = await systemExec.run({ argv: ['script', '-qec', words.join(' '), '/dev/null'], input, accept });
  expect(terminal.stdout).toContain('node-a# ');
  expect(terminal.stdout).toMatch(/answer-42\r?\n/);
}, 60_000);

test('"sim pod exec" without a command is a shell in the pod, and a command is run there', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '1']);
  // Debian's containernetworking-plugins.
  const ipam = { type: 'host-local', subnet: '172.20.0.0/24' };
  const conflist = JSON.stringify({ cniVersion: '1.0.0', name: 'stock', plugins: [{ type: 'ptp', ipam }] });
  const script =
    'mkdir -p /opt/cni /etc/cni/net.d && cp -rT /usr/lib/cni /opt/cni/bin && echo "$0" > /etc/cni/net.d/10.conflist';
  expect((await cli.exec('node-a', 'sh', '-c', script, conflist)).code).toBe(0);
  const added = await cli.json(['pod', 'add', 'node-a', 'web-1']);
  expect(added).toMatchObject({ ok: true });
  const input = 'echo answer-$((40 + 2)); ip -brief -4 address show eth0; exit 7\n';
  const shell = await systemExec.run({ argv: [...cli.argv(['pod', 'exec']), 'node-a', 'web-1'], input, accept: [7] });
  expect(shell.stdout).toMatch(/^answer-42\neth0\S+ +UP +172\.20\.0\.2\/24 *\n$/);
  const command = await cli.sim(['pod', 'exec'], ['node-a', 'web-1', '--', 'sh', '-c', 'ip -o -4 route; exit 3']);
  expect([command.code, command.stdout]).toEqual([3, expect.stringContaining('172.20.0.1 dev eth0')]);
  expect((await cli.sim(['pod', 'exec'], ['node-a', 'nobody', '--', 'true'])).code).toBe(1);
}, 60_000);

test('a signal to "sim exec" is the command\'s to answer, and so is the exit status', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--nodes', '1']);
  const waits = (signal: string): string =>
    `trap "echo had ${signal}; exit 7" ${signal}; echo ready; while :; do sleep 0.05; done`;
  const found: unknown[] = [];
  for (const signal of ['TERM', 'HUP', 'INT'] as const) {
    const argv = [...cli.argv(['exec']), 'node-a', '--', 'sh', '-c', waits(signal)];
    const child = Bun.spawn(argv, { stdin: 'ignore', stdout: 'pipe' });
    let said = '';
    for await (const chunk of child.stdout) {
      if (said === '') child.kill(`SIG${signal}`);
      said += new TextDecoder().decode(chunk);
    }
    found.push([said, await child.exited]);
  }
  expect(found).toEqual(['TERM', 'HUP', 'INT'].map((signal) => [`ready\nhad ${signal}\n`, 7]));
}, 60_000);

test('a node is launched with what its options say', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--api-only', '--nodes', '0']);
  const file = join(tmpdir(), `${cli.name}-user-data`);
  writeFileSync(file, '#!/bin/sh\necho hello\n');
  const options = ['--instance-type', 'm5.large', '--subnet', 'us-east-1b', '--user-data', file, '--hop-limit', '1'];
  const added = await cli.json(['node', 'add', 'x', ...options, '--secondary-addresses', '2', '--prefixes', '1']);
  rmSync(file);
  expect(Object(added['enis'])[0]).toMatchObject({
    addresses: ['10.0.1.4', '10.0.1.5', '10.0.1.6'],
    prefixes: [expect.stringMatching(/^10\.0\.1\.\d+\/28$/)],
  });
  const token = await fetch(`${added['imds']}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
  });
  const headers = { 'x-aws-ec2-metadata-token': await token.text() };
  const userData = await fetch(`${added['imds']}/latest/user-data`, { headers });
  expect(await userData.text()).toBe('#!/bin/sh\necho hello\n');
  const codes: unknown[] = [];
  for (const words of [
    ['--prefixes', 'x'],
    ['--user-data', '/no/such'],
    ['--security-group', 'none'],
    ['--prefixes', '99'],
  ])
    codes.push(Object((await cli.json(['node', 'add', 'y', ...words]))['error']).code);
  expect(codes).toEqual(['USAGE', 'USAGE', 'SIM_REFUSED', 'SIM_ORDER_INVALID']);
  expect(JSON.parse((await cli.sim(['node', 'list', '--json'])).stdout).length).toBe(1);
}, 60_000);

test('strangers take addresses of a subnet and give them back', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--api-only', '--nodes', '0']);
  const free: unknown[] = [];
  for (const words of [
    ['exhaust', 'us-east-1a', '--leave', '2'],
    ['release', '10.0.0.0/24'],
    ['fragment', '10.0.0.0/24'],
    ['release', '10.0.0.0/24'],
  ])
    free.push((await cli.json(['subnet', ...words]))['free']);
  expect(free).toEqual([2, 251, 237, 251]);
  expect(Object((await cli.json(['subnet', 'fragment', '10.9.0.0/24']))['error']).code).toBe('SIM_REFUSED');
}, 60_000);

test('a word too many, an unknown command, an unknown node: wrong usage is told, never passed over', async () => {
  await using cli = new Cli();
  await cli.json(['up', '--api-only', '--nodes', '1']);
  const rows = [
    { words: ['up', 'down'], code: 'USAGE', exit: 2 },
    { words: ['status', 'node-a'], code: 'USAGE', exit: 2 },
    { words: ['node', 'list', 'node-a'], code: 'USAGE', exit: 2 },
    { words: ['nodes'], code: 'USAGE', exit: 2 },
    { words: ['pod', 'list', 'node-x'], code: 'SIM_NODE_MISSING', exit: 1 },
    { words: ['dial', 'CreateTags', '--deny', '--clear'], code: 'USAGE', exit: 2 },
    { words: ['dial', 'throttle', 'off', '--deny'], code: 'USAGE', exit: 2 },
    { words: ['dial', 'CreateTag', '--clear'], code: 'SIM_ORDER_INVALID', exit: 2 },
    { words: ['node', 'add', 'i-0123456789abcdef0'], code: 'USAGE', exit: 2 },
    { words: ['clock', '--set', '2030-02-30'], code: 'USAGE', exit: 2 },
    { words: ['clock', '--set', '3030-01-01'], code: 'SIM_ORDER_INVALID', exit: 2 },
    { words: ['node', 'add', 'y', '--user-data', '/dev/zero'], code: 'USAGE', exit: 2 },
    { words: ['up', '--scenario', 'ipv6', '--nodes', '2', '--instance-type', 'm5.large'], code: 'USAGE', exit: 2 },
    { words: ['up', '--scenario', 'ipv6', '--nodes', '1'], code: 'USAGE', exit: 2 },
  ];
  const found: unknown[] = [];
  for (const { words } of rows) {
    const { code, stdout } = await cli.sim([...words, '--json']);
    found.push({ words, code: Object(JSON.parse(stdout)['error']).code, exit: code });
  }
  expect(found).toEqual(rows);
  expect((await cli.json(['clock', '--set', '2130-01-01']))['now']).toStartWith('2130-01-01T00:00:0');
}, 60_000);

import { expect, test } from 'bun:test';
import { systemExec } from '../../src/sys/index.ts';
import { machineState } from '../support/machine-state.ts';
import { Cli } from '../support/sim-cli.ts';

const TO_TEXT = `
  const answer = await fetch(process.argv[1], JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(answer.status + ' ' + (await answer.text()));`;

test('sim up gives nodes with metadata, EC2 and internet; sim down leaves nothing, and again nothing', async () => {
  const before = await machineState();
  await using cli = new Cli();
  const up = await cli.json(['up', '--nodes', '2']);
  expect(up).toEqual({
    ok: true,
    name: cli.name,
    ec2: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    imds: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    nodes: [
      { name: 'node-a', address: '10.0.0.4', imds: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      { name: 'node-b', address: '10.0.0.5', imds: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
    ],
  });
  const fetchIn = async (...words: readonly string[]): Promise<string> =>
    (await cli.exec('node-b', process.execPath, '-e', TO_TEXT, ...words)).stdout;
  const token = await fetchIn(
    'http://169.254.169.254/latest/api/token',
    JSON.stringify({ method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } }),
  );
  expect([
    await fetchIn('http://198.51.100.1/'),
    (await fetchIn('http://192.0.2.10/')).slice(0, 1),
    await fetchIn(
      'http://169.254.169.254/latest/meta-data/local-ipv4',
      JSON.stringify({ headers: { 'x-aws-ec2-metadata-token': token.slice(4) } }),
    ),
    (await cli.exec('node-a', 'cat', '/etc/vpc-cni/conf.d/00-simulator.env')).stdout,
    (await cli.exec('node-a', 'sh', '-c', 'exit 7')).code,
  ]).toEqual(['200 10.0.0.5\n', '4', '200 10.0.0.5', 'AWS_ENDPOINT_URL_EC2=http://192.0.2.10\n', 7]);
  expect([(await cli.sim(['down'])).stdout, (await cli.sim(['down'])).stdout]).toEqual([
    `${cli.name} is gone\n`,
    `there is nothing of ${cli.name}\n`,
  ]);
  expect(await machineState()).toBe(before);
}, 60_000);

test('a killed daemon is noticed, and sim down and sim up still clean up after it', async () => {
  const before = await machineState();
  await using cli = new Cli();
  await cli.sim(['up', '--nodes', '1']);
  const { pid } = await cli.json(['status']);
  // Programs left running on a node must go with it. Processes of all nodes are this machine's: these no other test has.
  const nap = `1000.${process.pid}`;
  const leave = () => cli.exec('node-a', 'sh', '-c', `sleep ${nap} >/dev/null 2>&1 &`);
  const left = async (): Promise<string> =>
    (await systemExec.run({ argv: ['pgrep', '-f', `^sleep ${nap}`], accept: [0, 1] })).stdout;
  await leave();
  expect(await left()).not.toBe('');
  process.kill(Number(pid), 'SIGKILL');
  const status = await cli.sim(['status', '--json']);
  expect([status.code, JSON.parse(status.stdout).error.code]).toEqual([1, 'SIM_NOT_RUNNING']);
  expect([(await cli.sim(['up', '--nodes', '1'])).code, await left()]).toEqual([0, '']);
  await leave();
  const again = await cli.json(['up']);
  expect([again['ok'], JSON.parse(JSON.stringify(again['error'])).code]).toEqual([false, 'SIM_ALREADY_RUNNING']);
  process.kill(Number((await cli.json(['status']))['pid']), 'SIGKILL');
  expect((await cli.sim(['down'])).stdout).toBe(`${cli.name} is gone\n`);
  expect([await machineState(), await left()]).toEqual([before, '']);
}, 60_000);

test('nodes come and go, and refusals leave the VPC as it was', async () => {
  await using cli = new Cli();
  await cli.sim(['up', '--nodes', '1']);
  const nodes = async (): Promise<unknown> =>
    JSON.parse(JSON.stringify((await cli.json(['status']))['nodes'])).map((node: { name: string; address: string }) => [
      node.name,
      node.address,
    ]);
  const added = await cli.json(['node', 'add', 'far', '--subnet', 'us-east-1b', '--instance-type', 'm5.large']);
  expect([added['address'], await nodes()]).toEqual([
    '10.0.1.4',
    [
      ['node-a', '10.0.0.4'],
      ['far', '10.0.1.4'],
    ],
  ]);
  const rows = [
    { words: ['node', 'add', 'far'], code: 'SIM_NODE_EXISTS' },
    { words: ['node', 'add', 'router'], code: 'USAGE' },
    { words: ['node', 'add', 'x', '--instance-type', 'nope.large'], code: 'SIM_REFUSED' },
    { words: ['node', 'add', 'x', '--subnet', 'mars'], code: 'SIM_REFUSED' },
    { words: ['node', 'remove', 'x'], code: 'SIM_NODE_MISSING' },
    { words: ['pod', 'list', '--nonsense'], code: 'USAGE' },
    { words: ['dial', 'DescribeInstances'], code: 'USAGE' },
  ];
  const failures: string[] = [];
  for (const { words } of rows) {
    const { error } = await cli.json(words);
    failures.push(JSON.parse(JSON.stringify(error)).code);
  }
  expect(failures).toEqual(rows.map(({ code }) => code));
  expect((await cli.sim(['node', 'remove', 'far'])).code).toBe(0);
  expect([await nodes(), (await systemExec.run({ argv: ['ip', 'netns'] })).stdout.includes(`${cli.name}-far`)]).toEqual(
    [[['node-a', '10.0.0.4']], false],
  );
}, 60_000);

test('a node whose machine cannot be made leaves nothing in the VPC, and its name is free again', async () => {
  await using cli = new Cli();
  await cli.sim(['up', '--nodes', '0']);
  const netns = `${cli.name}-far`;
  const found = async (): Promise<unknown> => {
    const { nodes, availableEnis, subnets } = await cli.json(['status']);
    return [nodes, availableEnis, Object(subnets)[0].free];
  };
  await systemExec.run({ argv: ['ip', 'netns', 'add', netns] });
  try {
    expect(Object((await cli.json(['node', 'add', 'far']))['error']).code).toBe('SIM_NETNS_TAKEN');
    expect([await found(), JSON.parse((await cli.sim(['node', 'list', '--json'])).stdout)]).toEqual([
      [[], [], 251],
      [],
    ]);
  } finally {
    await systemExec.run({ argv: ['ip', 'netns', 'delete', netns] });
  }
  expect((await cli.json(['node', 'add', 'far']))['state']).toBe('running');
}, 60_000);

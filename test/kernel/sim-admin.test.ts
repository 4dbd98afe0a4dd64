import { expect, test } from 'bun:test';
import { connect, createServer } from 'node:net';
import { machineState } from '../support/machine-state.ts';
import { Cli } from '../support/sim-cli.ts';

const NOBODY = '65534';

/** Asks as another user, by curl. */
async function askAs(uid: string, ...words: readonly string[]): Promise<string> {
  const argv = ['setpriv', `--reuid=${uid}`, '--clear-groups', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}'];
  const child = Bun.spawn([...argv, ...words]);
  return await new Response(child.stdout).text();
}

test('orders are taken from the own user alone, and from no web page', async () => {
  await using cli = new Cli();
  const { admin } = await cli.json(['up', '--api-only', '--nodes', '1']);
  const rows = [
    { name: 'somebody looks', uid: NOBODY, words: [`${admin}/status`], code: '200' },
    { name: 'somebody gives an order', uid: NOBODY, words: ['-X', 'DELETE', `${admin}/calls`], code: '403' },
    { name: 'we do', uid: '0', words: ['-X', 'DELETE', `${admin}/calls`], code: '200' },
    { name: 'a web page', uid: '0', words: ['-H', 'Origin: http://localhost', `${admin}/status`], code: '403' },
    { name: 'another host name', uid: '0', words: ['-H', 'Host: rebound.example', `${admin}/status`], code: '403' },
    { name: 'no such order', uid: '0', words: ['-X', 'PUT', `${admin}/status`], code: '400' },
    {
      name: 'an unknown key',
      uid: '0',
      words: ['-d', '{"name":"x","instanceType":"t3.small"}', `${admin}/nodes`],
      code: '400',
    },
    { name: 'no JSON', uid: '0', words: ['-d', 'x', `${admin}/dials`], code: '400' },
    { name: 'a name where there is none', uid: '0', words: [`${admin}/status/x`], code: '400' },
    { name: 'one node is not asked for', uid: '0', words: [`${admin}/nodes/node-a`], code: '400' },
    { name: 'a broken name', uid: '0', words: ['-X', 'DELETE', `${admin}/nodes/%ff`], code: '400' },
    { name: 'the dial of no action', uid: '0', words: ['-X', 'DELETE', `${admin}/dials/CreateTag`], code: '400' },
    { name: 'the dial of an action', uid: '0', words: ['-X', 'DELETE', `${admin}/dials/CreateTags`], code: '200' },
  ];
  const codes: unknown[] = [];
  for (const { name, uid, words } of rows) codes.push([name, await askAs(uid, ...words)]);
  expect(codes).toEqual(rows.map(({ name, code }) => [name, code]));
}, 60_000);

/** What a port answers to these very bytes. */
function answerTo(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.on('data', (data) => (answer += String(data)));
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

test('a request without a Host header, as HTTP/1.0 allows, is answered like any other', async () => {
  await using cli = new Cli();
  const { admin, ec2, imds } = await cli.json(['up', '--api-only', '--nodes', '1']);
  const answers: string[] = [];
  for (const url of [admin, ec2, imds])
    answers.push(await answerTo(String(url), 'GET /status HTTP/1.0\r\nConnection: close\r\n\r\n'));
  expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
    'HTTP/1.1 403 Forbidden',
    'HTTP/1.1 403 Forbidden',
    'HTTP/1.1 401 Unauthorized',
  ]);
  expect(answers.map((answer) => answer.includes('<script'))).toEqual([false, false, false]);
}, 60_000);

test('without machines there are APIs and no namespace, and what needs a machine says so', async () => {
  const before = await machineState();
  await using cli = new Cli();
  await cli.json(['up', '--api-only', '--nodes', '2']);
  const own = (line: string): boolean => !line.includes(`/run/vpc-cni-sim/${cli.name}`);
  // Its state directory is a mount of its own; nothing else is.
  expect((await machineState()).split('\n').filter(own).join('\n')).toBe(before);
  const failures: unknown[] = [];
  for (const [words, rest] of [
    [['exec'], ['--json', 'node-a', '--', 'true']],
    [
      ['pod', 'add'],
      ['--json', 'node-a', 'p'],
    ],
  ] as const)
    failures.push(JSON.parse((await cli.sim(words, rest)).stdout).error.code);
  expect(failures).toEqual(['SIM_API_ONLY', 'SIM_API_ONLY']);
  await cli.sim(['down']);
  expect(await machineState()).toBe(before);
}, 60_000);

test('a port that is taken, a port there is none, too many nodes: each is refused, and nothing is left', async () => {
  const before = await machineState();
  const taken = createServer();
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => resolve(Object(taken.address())['port'])),
  );
  await using cli = new Cli();
  const rows = [
    { words: ['--ec2-port', `${port}`], code: 'SIM_PORT_TAKEN', exit: 1 },
    { words: ['--imds-port', `${port}`], code: 'SIM_PORT_TAKEN', exit: 1 },
    { words: ['--admin-port', `${port}`], code: 'SIM_PORT_TAKEN', exit: 1 },
    { words: ['--admin-port', '70000'], code: 'USAGE', exit: 2 },
    { words: ['--ec2-port', 'x'], code: 'USAGE', exit: 2 },
    { words: ['--nodes', '1000000'], code: 'USAGE', exit: 2 },
    { words: ['--instance-type', 'nope.large'], code: 'USAGE', exit: 2 },
    { words: ['--api-only', '--nodes', '300'], code: 'USAGE', exit: 2 },
  ];
  const found: unknown[] = [];
  for (const { words } of rows) {
    const { code, stdout } = await cli.sim(['up', ...words, '--json']);
    found.push({ words, code: JSON.parse(stdout).error.code, exit: code });
  }
  taken.close();
  expect(found).toEqual(rows);
  expect(await machineState()).toBe(before);
}, 60_000);

test('of two that start the same VPC at once one wins and the other is told', async () => {
  await using cli = new Cli();
  const both = await Promise.all([1, 2].map(() => cli.json(['up', '--api-only', '--nodes', '0'])));
  expect(both.map((answer) => answer['ok'] || Object(answer['error']).code).sort()).toEqual([
    'SIM_ALREADY_RUNNING',
    true,
  ]);
}, 60_000);

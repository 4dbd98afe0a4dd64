import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCniCall } from '../../src/cniproto/index.ts';
import { runPlugin } from '../../src/plugin/index.ts';

const CONF = { cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni', mtu: '9001' };
const ENV = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/p1',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web',
  CNI_PATH: '/opt/cni/bin',
};
const RESULT = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0' }], ips: [] };

let runtimeDir = '';
beforeEach(() => {
  runtimeDir = mkdtempSync(join(tmpdir(), 'vpc-cni-plugin-'));
});
afterEach(() => rmSync(runtimeDir, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
}

async function call(
  command: string | undefined,
  given: { readonly stdin?: string; readonly env?: object; readonly patienceMs?: number } = {},
): Promise<Outcome> {
  let stdout = '';
  const code = await runPlugin({
    plugin: 'aws-cni',
    env: { ...ENV, ...(command === undefined ? {} : { CNI_COMMAND: command }), ...given.env },
    stdin: async () => given.stdin ?? JSON.stringify(CONF),
    stdout: async (text) => {
      stdout += text;
    },
    stderr: async () => undefined,
    runtimeDir,
    ...(given.patienceMs === undefined ? {} : { patienceMs: given.patienceMs }),
  });
  return { code, stdout };
}

/** A daemon that gives every call the same answer and keeps the bodies it got. */
function daemon(answer: { readonly status?: number; readonly body: string }) {
  const bodies: unknown[] = [];
  const server = Bun.serve({
    unix: join(runtimeDir, 'cni.sock'),
    fetch: async (request) => {
      bodies.push(await request.json());
      return new Response(answer.body, { status: answer.status ?? 200 });
    },
  });
  return { bodies, [Symbol.dispose]: () => void server.stop(true) };
}

function spooled(): readonly unknown[] {
  const folder = join(runtimeDir, 'spool');
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

describe('runPlugin() without a daemon', () => {
  test('answers VERSION itself', async () => {
    expect(await call('VERSION', { stdin: '' })).toEqual({
      code: 0,
      stdout: '{"cniVersion":"1.1.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n',
    });
  });

  test.each([
    ['{"cniVersion":"0.4.0"}', '0.4.0'],
    ['{"cniVersion":"1.0.0"}', '1.0.0'],
    ['{"cniVersion":"0.2.0"}', '1.1.0'],
    ['{"cniVersion":7}', '1.1.0'],
    ['[', '1.1.0'],
  ])('answers VERSION %s in %s', async (stdin, version) => {
    const { code, stdout } = await call('VERSION', { stdin });
    expect([code, JSON.parse(stdout).cniVersion]).toEqual([0, version]);
  });

  test('says nothing on stdout when no runtime calls it', async () => {
    expect(await call(undefined)).toEqual({ code: 0, stdout: '' });
  });

  const rows = [
    {
      name: 'missing variables',
      given: { env: { CNI_NETNS: '', CNI_IFNAME: '' } },
      code: 4,
      text: 'CNI_NETNS, CNI_IFNAME',
    },
    { name: 'wrong JSON', given: { stdin: '{' }, code: 6, text: 'stdin is not valid JSON' },
    { name: 'an empty stdin', given: { stdin: '' }, code: 6, text: 'stdin is not valid JSON' },
    { name: 'an unknown version', given: { stdin: '{"cniVersion":"2.0.0","name":"n"}' }, code: 1, text: '2.0.0' },
    { name: 'no network name', given: { stdin: '{"cniVersion":"1.0.0"}' }, code: 7, text: 'name is missing' },
  ] as const;
  for (const row of rows) {
    test(`refuses ${row.name} with code ${row.code}`, async () => {
      const { code, stdout } = await call('ADD', row.given);
      const error = JSON.parse(stdout);
      expect([code, error.code, error.msg.includes(row.text)]).toEqual([1, row.code, true]);
    });
  }

  test('a command the configuration is too old for is refused in the version of the configuration', async () => {
    const { code, stdout } = await call('STATUS', { stdin: JSON.stringify(CONF) });
    const { cniVersion, code: number } = JSON.parse(stdout);
    expect([code, cniVersion, number]).toEqual([1, '1.0.0', 1]);
  });

  const absent = [
    { command: 'ADD', version: '1.0.0', code: 11 },
    { command: 'CHECK', version: '1.0.0', code: 11 },
    { command: 'STATUS', version: '1.1.0', code: 50 },
    { command: 'GC', version: '1.1.0', code: 11 },
  ] as const;
  for (const row of absent) {
    test(`${row.command} fails with ${row.code}`, async () => {
      const stdin = JSON.stringify({ ...CONF, cniVersion: row.version });
      const { code, stdout } = await call(row.command, { stdin, patienceMs: 0 });
      const { cniVersion, code: number, details } = JSON.parse(stdout);
      expect([code, cniVersion, number, details.split(':')[0]]).toEqual([1, row.version, row.code, 'DAEMON_DOWN']);
    });
  }

  test('a DEL that no daemon could ever serve is refused and not kept', async () => {
    const { code, stdout } = await call('DEL', { env: { CNI_IFNAME: 'a/b' } });
    expect([code, JSON.parse(stdout).code, readdirSync(runtimeDir)]).toEqual([1, 4, []]);
  });

  test('a DEL is kept for later, readable by root only, in the order of time', async () => {
    expect(await call('DEL', { patienceMs: 0, env: { CNI_NETNS: '' } })).toEqual({ code: 0, stdout: '' });
    expect(await call('DEL', { patienceMs: 0, env: { CNI_CONTAINERID: 'c2' } })).toEqual({ code: 0, stdout: '' });
    const calls = spooled().map(parseCniCall);
    expect(calls.map(({ command, netns }) => [command, netns]).sort()).toEqual([
      ['DEL', ''],
      ['DEL', '/run/netns/p1'],
    ]);
    const modes = readdirSync(join(runtimeDir, 'spool')).map(
      (name) => statSync(join(runtimeDir, 'spool', name)).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o600]);
  });

  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ level, command, container_id }) => [level, command, container_id]);

  test('what goes wrong is a line in the file the configuration names', async () => {
    const file = join(runtimeDir, 'logs/plugin.log');
    const conf = { ...CONF, pluginLogFile: file, pluginLogLevel: 'info' };
    await call('DEL', { patienceMs: 0, stdin: JSON.stringify(conf) });
    await call('ADD', { patienceMs: 0, stdin: JSON.stringify(conf) });
    await call('DEL', { patienceMs: 0, stdin: JSON.stringify({ ...conf, pluginLogLevel: 'error' }) });
    expect(lines(file)).toEqual([
      ['warn', 'DEL', 'c1'],
      ['error', 'ADD', 'c1'],
    ]);
  });

  test('a log that cannot be written fails no call', async () => {
    writeFileSync(join(runtimeDir, 'logs'), '');
    const conf = { ...CONF, pluginLogFile: join(runtimeDir, 'logs/plugin.log') };
    expect(await call('DEL', { patienceMs: 0, stdin: JSON.stringify(conf) })).toEqual({ code: 0, stdout: '' });
  });

  test('a DEL that can be kept nowhere fails with 5', async () => {
    writeFileSync(join(runtimeDir, 'spool'), '');
    const { code, stdout } = await call('DEL', { patienceMs: 0 });
    expect([code, JSON.parse(stdout).code]).toEqual([1, 5]);
  });
});

describe('runPlugin() with a daemon', () => {
  test('sends what the daemon reads, and prints its result', async () => {
    using ipamd = daemon({ body: JSON.stringify(RESULT) });
    expect(await call('ADD')).toEqual({ code: 0, stdout: JSON.stringify(RESULT) });
    expect(ipamd.bodies.map(parseCniCall)).toEqual([
      {
        command: 'ADD',
        containerId: 'c1',
        netns: '/run/netns/p1',
        ifName: 'eth0',
        path: '/opt/cni/bin',
        plugin: 'aws-cni',
        args: { podNamespace: 'prod', podName: 'web' },
        config: { cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni', mtu: 9001 },
      },
    ]);
  });

  test('prints nothing after a DEL', async () => {
    using _ipamd = daemon({ body: '{}' });
    expect(await call('DEL')).toEqual({ code: 0, stdout: '' });
  });

  test('prints the error of the daemon as it is', async () => {
    const body = '{"cniVersion":"1.0.0","code":103,"msg":"full","details":"ENI_LIMIT: …"}';
    using _ipamd = daemon({ status: 503, body });
    expect(await call('ADD')).toEqual({ code: 1, stdout: body });
  });

  test('makes an error object of an answer that is none', async () => {
    using _ipamd = daemon({ status: 500, body: 'oops' });
    const { code, stdout } = await call('ADD');
    expect([code, JSON.parse(stdout).code, JSON.parse(stdout).msg]).toEqual([
      1,
      100,
      'unexpected failure: ipamd answered "oops"',
    ]);
  });

  test('waits for one that is starting', async () => {
    const pending = call('ADD');
    using _ipamd = daemon({ body: JSON.stringify(RESULT) });
    expect(await pending).toEqual({ code: 0, stdout: JSON.stringify(RESULT) });
  });

  test('sends the request again when the daemon dies in the middle', async () => {
    const died = Promise.withResolvers<void>();
    const dying = Bun.listen({
      unix: join(runtimeDir, 'cni.sock'),
      socket: {
        data: (socket) => {
          socket.terminate();
          dying.stop(true);
          died.resolve();
        },
      },
    });
    const pending = call('ADD');
    await died.promise;
    rmSync(join(runtimeDir, 'cni.sock'), { force: true });
    using ipamd = daemon({ body: JSON.stringify(RESULT) });
    expect(await pending).toEqual({ code: 0, stdout: JSON.stringify(RESULT) });
    expect(ipamd.bodies.length).toBe(1);
  });
});

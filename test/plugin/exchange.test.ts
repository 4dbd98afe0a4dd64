import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchange } from '../../src/plugin/exchange.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpc-cni-exchange-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const socket = (): string => join(folder, 'cni.sock');
const failure = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    return await work;
  } catch (error) {
    const { code, message }: { readonly code?: unknown; readonly message?: unknown } = Object(error);
    return code ?? message;
  }
};

test('a request and an answer longer than any buffer arrive whole', async () => {
  const long = 'ü'.repeat(300_000);
  const server = Bun.serve({
    unix: socket(),
    fetch: async (request) => {
      const { method, url, headers } = request;
      const told = [method, new URL(url).pathname, headers.get('content-type'), headers.get('connection')];
      return Response.json({ told, sent: await request.text() });
    },
  });
  const { ok, body } = await exchange(socket(), long);
  expect(ok).toBe(true);
  expect(JSON.parse(body)).toEqual({ told: ['POST', '/cni/v1', 'application/json', 'close'], sent: long });
  await server.stop(true);
});

test('nobody there, and a socket that nobody serves any more, are told apart', async () => {
  expect(await failure(exchange(socket(), '{}'))).toBe('ENOENT');
  const left = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  Bun.spawnSync([process.execPath, '-e', left, socket()]);
  expect(await failure(exchange(socket(), '{}'))).toBe('ECONNREFUSED');
});

test('a daemon that dies in the middle of its answer has not answered', async () => {
  const dying = Bun.listen({
    unix: socket(),
    socket: {
      data: (connection) => {
        connection.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"ips"');
      },
    },
  });
  expect(await failure(exchange(socket(), '{}'))).toBe('it closed the connection before it had answered');
  dying.stop(true);
});

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { serveSocket } from '../../src/ipamd/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-server-'));
const path = join(folder, 'cni.sock');
const served: unknown[] = [];
let server: ReturnType<typeof serveSocket> | undefined;

beforeAll(() => {
  const routes = {
    outlook: () => undefined,
    status: () => {
      throw new HostError('INTERNAL', { reason: 'nobody asks here' });
    },
    serve: async (request: unknown) => {
      served.push(request);
      if (Object(request).command === 'ADD') throw new HostError('ENI_LIMIT', { pods: 1 });
      return undefined;
    },
  };
  server = serveSocket(path, routes, { bodyMs: 200 });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const HEAD = 'POST /cni/v1 HTTP/1.1\r\nHost: a\r\n';

/** Sends bytes and returns all that comes until the other side closes; `drip` is sent again and again meanwhile. */
function send(bytes: string | Uint8Array, drip?: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const client = connect(path, () => client.write(bytes));
  const timer = drip === undefined ? undefined : setInterval(() => client.write(drip), 20);
  client.on('data', (part) => {
    answer += String(part);
    // A refused client is told so; whether the connection is kept is the server's business.
    if (/\r\n\r\n/.test(answer)) client.end();
  });
  client.on('error', () => undefined);
  client.on('close', () => {
    clearInterval(timer);
    resolve(answer);
  });
  return promise;
}

const post = (body: string, head = HEAD): string => `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

describe('serveSocket()', () => {
  test('is for root alone', () => expect(statSync(path).mode & 0o777).toBe(0o600));

  test('answers a call, with an empty object where there is nothing to say', async () => {
    expect(await send(post('{"command":"DEL"}'))).toEndWith('\r\n\r\n{}');
  });

  test('a refusal is a CNI error of the version that was spoken', async () => {
    const answer = await send(post('{"command":"ADD","config":{"cniVersion":"0.4.0"}}'));
    expect(statusOf(answer)).toBe(503);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ cniVersion: '0.4.0', code: 103 });
  });

  const JUNK: readonly (readonly [string, string | Uint8Array, number])[] = [
    ['no HTTP', '\x00\x01\x02 junk\r\n\r\n', 400],
    ['bytes that are no text', new Uint8Array(4096).map((_, index) => 255 - (index % 251)), 400],
    ['another path', post('{}', 'POST /cni/v2 HTTP/1.1\r\nHost: a\r\n'), 404],
    ['another method', 'GET /cni/v1 HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['no JSON', post('{"command":'), 400],
    ['a body over the limit', `${HEAD}Content-Length: 1048577\r\n\r\n${'x'.repeat(1024 * 1024 + 1)}`, 413],
    ['a head over the limit', `${HEAD}A: ${'x'.repeat(200_000)}\r\n\r\n`, 431],
  ];
  test.each(JUNK)('refuses %s and serves on', async (_, bytes, status) => {
    const before = served.length;
    const answer = await send(bytes);
    // Bytes that are no HTTP are hung up on, or answered with 400: both are refusals.
    expect([status, 0]).toContain(statusOf(answer));
    expect(served).toHaveLength(before);
    expect(await send(post('{"command":"DEL"}'))).toEndWith('{}');
  });

  test.each([
    ['says nothing more', undefined],
    ['sends a byte now and then', ' '],
  ] as const)('a client that never ends its request and %s is refused in time', async (_, drip) => {
    const before = served.length;
    const answer = await send(`${HEAD}Content-Length: 5000\r\n\r\n{"command":`, drip);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('CNI_DECODE');
    expect(answer).toContain('it has not ended after 0.2 s');
    expect(served).toHaveLength(before);
  });
});

import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { observeStatus } from '../../src/inspect/index.ts';
import { createFiles, systemExec } from '../../src/sys/index.ts';
import { SERVING } from './sample.ts';

let root = '';
let socket = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'status-'));
  socket = join(root, 'cni.sock');
});
afterEach(() => rmSync(root, { recursive: true }));

/** A daemon that answers every request the same. */
function serve(answer: () => Response): AsyncDisposable {
  const server = Bun.serve({ unix: socket, fetch: answer });
  return { [Symbol.asyncDispose]: () => server.stop(true) };
}

const observe = () => observeStatus({ files: createFiles(root), exec: systemExec, socket });
const nothing = {
  ready: false,
  daemon: null,
  installed: null,
  conflist: { path: '/etc/cni/net.d/10-aws.conflist', present: false },
  unit: null,
};

test('observeStatus() puts the daemon and the host together', async () => {
  await using _daemon = serve(() => Response.json(SERVING));
  mkdirSync(join(root, 'opt/vpc-cni'), { recursive: true });
  symlinkSync('/opt/vpc-cni/0.1.0', join(root, 'opt/vpc-cni/current'));
  symlinkSync('0.0.9', join(root, 'opt/vpc-cni/previous'));
  mkdirSync(join(root, 'etc/cni/net.d'), { recursive: true });
  writeFileSync(join(root, 'etc/cni/net.d/10-aws.conflist'), '{}');
  expect(await observe()).toEqual({
    ready: true,
    daemon: SERVING,
    installed: { version: '0.1.0', directory: '/opt/vpc-cni/current', previous: '0.0.9' },
    conflist: { path: '/etc/cni/net.d/10-aws.conflist', present: true },
    unit: null,
    problem: null,
  });
});

test('observeStatus() lets keys of a newer daemon through', async () => {
  await using _daemon = serve(() => Response.json({ ...SERVING, ready: false, prefixes: 3 }));
  const { ready, daemon } = await observe();
  expect([ready, daemon?.pid]).toEqual([false, 4242]);
});

const { pool: _, ...withoutPool } = SERVING;
const failures = [
  { name: 'no socket', answer: undefined, code: 'DAEMON_DOWN', reason: 'the socket does not exist' },
  { name: 'an error', answer: () => new Response(null, { status: 503 }), code: 'DAEMON_ANSWER', reason: 'HTTP 503' },
  { name: 'a text', answer: () => new Response('hello'), code: 'DAEMON_ANSWER', reason: 'a text that is not JSON' },
  {
    name: 'a document without its pool',
    answer: () => Response.json(withoutPool),
    code: 'DAEMON_ANSWER',
    reason: "status must have required property 'pool'",
  },
  {
    name: 'a state nobody knows',
    answer: () =>
      Response.json({
        ...SERVING,
        enis: [{ ...SERVING.enis[0], addresses: [{ address: '10.0.0.11', state: 'lost' }] }],
      }),
    code: 'DAEMON_ANSWER',
    reason: 'status/enis/0/addresses/0/state must be equal to one of the allowed values',
  },
];
for (const row of failures) {
  test(`observeStatus() tells of ${row.name}`, async () => {
    await using _daemon = row.answer === undefined ? undefined : serve(row.answer);
    const { problem, ...rest } = await observe();
    expect(rest).toEqual(nothing);
    expect([problem?.code, problem?.details['reason']]).toEqual([row.code, row.reason]);
  });
}

const remedies = [
  { name: 'not installed', installed: false, remedy: 'install it with "vpc-cni install"' },
  {
    name: 'installed where no systemd runs',
    installed: true,
    remedy: 'start it with "vpc-cni install" and read /run/vpc-cni/ipamd.log',
  },
];
for (const row of remedies) {
  test(`observeStatus() gives the way out for a daemon ${row.name}`, async () => {
    mkdirSync(join(root, 'opt/vpc-cni'), { recursive: true });
    if (row.installed) symlinkSync('/opt/vpc-cni/0.1.0', join(root, 'opt/vpc-cni/current'));
    expect((await observe()).problem?.remedy).toBe(row.remedy);
  });
}

test('observeStatus() tells of a socket nobody listens on', async () => {
  const left = Bun.spawn(
    [
      process.execPath,
      '-e',
      `Bun.serve({ unix: ${JSON.stringify(socket)}, fetch: () => new Response() }); process.kill(process.pid, 'SIGKILL')`,
    ],
    { stderr: 'ignore' },
  );
  await left.exited;
  const { problem } = await observe();
  expect([problem?.code, problem?.details['reason']]).toEqual(['DAEMON_DOWN', 'nobody listens on the socket']);
});

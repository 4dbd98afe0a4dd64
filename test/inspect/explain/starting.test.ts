import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/commands/explain.ts';
import { callCommand } from '../../commands/call.ts';
import { SERVING } from '../sample.ts';

test('"explain node" of a daemon that starts says so, and what it waits for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'explain-starting-'));
  const status = { ...SERVING, ready: false, phase: 'starting', reason: 'reading the instance metadata' };
  await using server = Bun.serve({
    unix: join(directory, 'cni.sock'),
    fetch: ({ url }) => (url.includes('outlook') ? new Response('starting', { status: 503 }) : Response.json(status)),
  });
  const { code, stderr } = await callCommand(run, { argv: ['node'], env: { VPC_CNI_RUNTIME_DIR: directory } });
  expect([code, stderr.split('\n')[0], server.pendingRequests]).toEqual([
    1,
    'ENGINE_STARTING: ipamd is starting: reading the instance metadata',
    0,
  ]);
  rmSync(directory, { recursive: true });
});

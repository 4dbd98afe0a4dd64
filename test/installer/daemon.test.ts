import { expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { stopDaemon } from '../../src/installer/daemon.ts';
import { install } from '../../src/installer/index.ts';
import { parseSupervisorState } from '../../src/installer/parse-supervisor.ts';
import { isAlive, signalProcess } from '../../src/sys/index.ts';
import { serveMetadata } from './metadata.ts';
import { silent, type TemporaryHost, temporaryHost } from './temporary-host.ts';

const FIXTURE = join(import.meta.dir, 'fixtures/node.ts');

/** A host whose executable is the real supervisor over a daemon that does `ipamd`. */
function hostWith(ipamd: string, endpoint: string): TemporaryHost {
  const temporary = temporaryHost(endpoint);
  const run = (word: string): string => `exec ${process.execPath} ${FIXTURE} ${word} ${temporary.root} "$0"`;
  const script = `#!/bin/sh\ncase $1 in\nsupervise) ${run('supervise')};;\nipamd) ${ipamd.replace('SERVE', run('ipamd'))};;\nesac\n`;
  writeFileSync(temporary.executable, script);
  chmodSync(temporary.executable, 0o755);
  return temporary;
}

test('install --stage all starts a supervised daemon, waits for it, and a second run does nothing', async () => {
  await using imds = serveMetadata();
  using temporary = hostWith('SERVE', `http://127.0.0.1:${imds.port}`);
  const { host, request } = temporary;
  try {
    const report = await install(request({ stage: 'all' }), silent);
    expect(report.steps.slice(-3).map(({ step }) => step.kind)).toEqual([
      'start-daemon',
      'await-ready',
      'await-conflist',
    ]);
    expect((await install(request({ stage: 'all' }), silent)).steps).toEqual([]);

    // Another build is another daemon; and one restart is enough.
    writeFileSync(temporary.executable, '# changed\n', { flag: 'a' });
    const again = await install(request({ stage: 'all' }), silent);
    expect(again.steps.map(({ step }) => step.kind)).toEqual([
      'keep-payload',
      'make-link',
      'copy-program',
      'write-manifest',
      'restart-daemon',
      'await-ready',
      'await-conflist',
    ]);
    expect((await install(request({ stage: 'all' }), silent)).steps).toEqual([]);
  } finally {
    const state = parseSupervisorState(host.files.read('/run/vpc-cni/supervisor.json') ?? '');
    await stopDaemon(host, 'supervisor');
    for (const id of [state?.supervisor, state?.child]) expect(id ? isAlive(id) : 'never noted').toBe(false);
  }
});

test('install fails at once with the last words of a daemon that dies', async () => {
  await using imds = serveMetadata();
  const words = '{"level":"error","msg":"cannot start","error":{"message":"no role on this instance"}}';
  using temporary = hostWith(`echo starting; echo '${words}'; exit 1`, `http://127.0.0.1:${imds.port}`);
  const { host, request, root } = temporary;
  try {
    const failed = await install(request({ stage: 'all' }), silent).catch((error: unknown) => error);
    expect(failed instanceof HostError && { code: failed.code, message: failed.message }).toEqual({
      code: 'IPAMD_NOT_READY',
      message: `ipamd ended with exit code 1: cannot start: no role on this instance (${root}/run/vpc-cni/ipamd.log)`,
    });
  } finally {
    await stopDaemon(host, 'supervisor');
  }
});

test('stopDaemon() leaves a process alone that only has the number of ours', async () => {
  using temporary = temporaryHost();
  const { host } = temporary;
  host.files.ensureDirectory('/run/vpc-cni', 0o700);
  const stranger = Bun.spawn(['sleep', '60']);
  try {
    const noted = { supervisor: { pid: stranger.pid, startTime: '1' }, child: null, ends: 0, lastEnd: null };
    host.files.replace({ path: '/run/vpc-cni/supervisor.json', text: JSON.stringify(noted), mode: 0o600 });
    await stopDaemon(host, 'supervisor');
    signalProcess(noted.supervisor, 'SIGKILL');
    expect(stranger.exitCode).toBeNull();
  } finally {
    stranger.kill();
    await stranger.exited;
  }
});

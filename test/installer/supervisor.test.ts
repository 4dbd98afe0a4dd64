import { expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { restartPause, superviseDaemon } from '../../src/installer/index.ts';
import { parseSupervisorState } from '../../src/installer/parse-supervisor.ts';
import { isAlive, signalProcess } from '../../src/sys/index.ts';
import { temporaryHost } from './temporary-host.ts';

const DEADLINE_MS = 10_000;

async function until<T>(look: () => T | undefined): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come about in time');
    await Bun.sleep(5);
  }
}

test('restartPause() is nothing at first, then doubles up to a bound', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 20].map(restartPause)).toEqual([0, 100, 200, 400, 800, 1600, 2000, 2000]);
});

function supervised(script: string) {
  const temporary = temporaryHost();
  const { host, executable } = temporary;
  host.files.ensureDirectory('/run/vpc-cni', 0o700);
  writeFileSync(executable, `#!/bin/sh\n${script}\n`);
  chmodSync(executable, 0o755);
  const stop = new AbortController();
  const { files, clock } = host;
  const ended = superviseDaemon({ executable, env: process.env, files, clock, stop: stop.signal });
  const state = () => parseSupervisorState(files.read('/run/vpc-cni/supervisor.json') ?? '');
  return { temporary, ended, stop, state };
}

test('superviseDaemon() starts a killed daemon again and hands the stop on', async () => {
  const { temporary, ended, stop, state } = supervised('while :; do sleep 0.05; done');
  using _temporary = temporary;
  const first = await until(() => state()?.child ?? undefined);
  signalProcess(first, 'SIGKILL');
  const second = await until(() => (state()?.ends === 1 ? (state()?.child ?? undefined) : undefined));
  expect(second.pid).not.toBe(first.pid);
  expect(state()?.lastEnd).toMatchObject({ code: null, signal: 'SIGKILL' });
  stop.abort();
  await ended;
  expect(isAlive(second)).toBe(false);
  expect(state()).toMatchObject({ child: null, ends: 2, lastEnd: { signal: 'SIGTERM' } });
});

test('superviseDaemon() goes on while its state cannot be written, and writes it when it can', async () => {
  using temporary = temporaryHost();
  const { host, executable } = temporary;
  host.files.ensureDirectory('/run/vpc-cni', 0o700);
  writeFileSync(executable, '#!/bin/sh\nwhile :; do sleep 0.05; done\n');
  chmodSync(executable, 0o755);
  let refused = 0;
  const files: typeof host.files = {
    ...host.files,
    replace: (file) => {
      if (refused < 3) {
        refused += 1;
        throw new Error('no space left');
      }
      host.files.replace(file);
    },
  };
  // Pauses are skipped but for a turn of the loop.
  const clock = { ...host.clock, sleep: () => Bun.sleep(1) };
  const stop = new AbortController();
  const ended = superviseDaemon({ executable, env: process.env, files, clock, stop: stop.signal });
  await until(() => parseSupervisorState(files.read('/run/vpc-cni/supervisor.json') ?? '')?.child ?? undefined);
  expect(refused).toBe(3);
  stop.abort();
  await ended;
});

test('superviseDaemon() does not repeat a start with a wrong configuration', async () => {
  const { temporary, ended, state } = supervised('exit 2');
  using _temporary = temporary;
  expect(await ended).toBe(2);
  expect(state()).toMatchObject({ child: null, ends: 1, lastEnd: { code: 2, signal: null } });
});

test('parseSupervisorState() trusts nothing that is not a whole state', () => {
  const id = { pid: 4711, startTime: '99' };
  const whole = { supervisor: id, child: null, ends: 0, lastEnd: null };
  expect(parseSupervisorState(JSON.stringify(whole))).toEqual(whole);
  for (const text of ['', '{}', '[]', 'null', JSON.stringify({ ...whole, supervisor: { pid: -1, startTime: '1' } })]) {
    expect(parseSupervisorState(text)).toBeUndefined();
  }
});

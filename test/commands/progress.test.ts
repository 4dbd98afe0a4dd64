import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { interruptible } from '../../src/commands/interrupt.ts';
import { createProgress } from '../../src/commands/step-progress.ts';
import { describeRemoval, renderStep } from '../../src/hostspec/index.ts';
import { install, uninstall } from '../../src/installer/index.ts';
import { startUnitOf } from '../../src/installer/start-unit.ts';
import { systemClock } from '../../src/sys/index.ts';
import { silent, temporaryHost, treeOf } from '../installer/temporary-host.ts';

/** Progress of a run whose user presses Ctrl-C after so many steps. */
function endedAfter(steps: number) {
  let left = steps;
  const finished = (): void => {
    left -= 1;
    if (left !== 0) return;
    // One wish: timeout(1) sends its signal twice, too. Once the first was heard, which takes a turn of the loop.
    process.once('SIGINT', () => process.kill(process.pid, 'SIGTERM'));
    process.kill(process.pid, 'SIGINT');
  };
  return interruptible({ started: () => undefined, finished, waiting: () => undefined, end: () => undefined });
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a run that is ended by a signal', () => {
  for (const steps of [1, 8, 20])
    test(`takes an installation back after ${steps} steps`, async () => {
      using host = temporaryHost();
      const before = treeOf(host.root);
      const progress = endedAfter(steps);
      const { waiting } = progress;
      const run = install(host.request(), {
        started: (step) => progress.started(renderStep(step)),
        finished: (step, ms) => progress.finished(renderStep(step), ms),
        waiting,
      });
      expect(await failureOf(run)).toMatchObject({
        code: 'INSTALL_INCOMPLETE',
        message: expect.stringMatching(
          / failed: SIGINT ended this run; everything before it was taken back, nothing of this run/,
        ),
      });
      progress.end();
      expect(treeOf(host.root)).toEqual(before);
      await install(host.request(), silent);
    });

  test('says what a removal has left, and another one goes on', async () => {
    using host = temporaryHost();
    const before = treeOf(host.root);
    await install(host.request(), silent);
    const progress = endedAfter(4);
    const request = { host: host.host, ec2: 'keep' } as const;
    const run = uninstall(request, {
      started: (step) => progress.started(describeRemoval(step)),
      finished: (step, ms) => progress.finished(describeRemoval(step), ms),
    });
    expect(await failureOf(run)).toMatchObject({
      code: 'UNINSTALL_INCOMPLETE',
      message: expect.stringMatching(/ failed: SIGINT ended this run; still to do: remove /),
    });
    progress.end();
    await uninstall(request, { started: () => undefined, finished: () => undefined });
    expect(treeOf(host.root)).toEqual(before);
  });

  test('does not wait for a unit that takes long to start', async () => {
    using host = temporaryHost();
    const progress = endedAfter(1);
    progress.started('a step');
    progress.finished('a step', 0);
    const exec = {
      run: async ({ argv, signal }: { argv: readonly string[]; signal?: AbortSignal }) => {
        if (argv[1] === 'start') await systemClock.sleep(60_000, signal);
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    const readiness = async (): Promise<undefined> => undefined;
    const start = { verb: 'start', timeoutMs: 60_000, onReason: progress.waiting, readiness } as const;
    expect(await failureOf(startUnitOf({ ...host.host, exec }, start))).toMatchObject({ code: 'INTERRUPTED' });
    progress.end();
  });

  test('ends as usual while nothing was done yet', () => {
    const from = join(import.meta.dir, '../../src/commands/interrupt.ts');
    const script = `
      const { interruptible } = await import(${JSON.stringify(from)});
      interruptible({ end() {} });
      process.kill(process.pid, 'SIGTERM');
      await Bun.sleep(10_000);`;
    expect(Bun.spawnSync([process.execPath, '-e', script]).signalCode).toBe('SIGTERM');
  });
});

test('what takes long before the first step is told after a second', async () => {
  const said: string[] = [];
  const context = { argv: [], env: {}, executable: '', stdout: () => undefined, isTty: false };
  const before = 'looking at this host';
  const progress = createProgress({ ...context, stderr: (text) => said.push(text) }, { before });
  await Bun.sleep(1_100);
  progress.end();
  expect(said).toEqual(['… looking at this host (1 s)\n']);
});

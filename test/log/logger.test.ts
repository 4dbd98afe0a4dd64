import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { systemExec } from '../../src/sys/index.ts';

const LOGGER = join(import.meta.dir, '../../src/log/index.ts');

/** Runs a program that logs, with stderr as the shell says. */
const logging = (script: string, redirection: string) =>
  systemExec.run({
    argv: [
      'sh',
      '-c',
      `exec "$0" -e "$1" ${redirection}`,
      process.execPath,
      `import { createLogger } from '${LOGGER}'; const log = createLogger({ level: 'info', program: 'p' }); ${script}; console.log('went on');`,
    ],
    timeoutMs: 20_000,
  });

test('a disk without room for a line keeps nobody from going on', async () => {
  expect((await logging(`for (let n = 0; n < 5; n++) log.error('x')`, '2>/dev/full')).stdout).toBe('went on\n');
});

test('a pipe that nobody reads, or that is closed, neither', async () => {
  const { stdout } = await logging(`log.info('y'.repeat(200_000)); log.info('z')`, '2>&-');
  expect(stdout).toBe('went on\n');
});

test('each line is a JSON object', async () => {
  const { stderr } = await logging(`log.warn('one', { n: 1 }); log.debug('two'); log.info('three')`, '');
  expect(
    stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { level: 'warn', program: 'p', n: 1, msg: 'one' },
    { level: 'info', msg: 'three' },
  ]);
});

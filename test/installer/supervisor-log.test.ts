import { expect, test } from 'bun:test';
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { keepLogShort } from '../../src/installer/supervisor-log.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type TemporaryHost, temporaryHost } from './temporary-host.ts';

const LOG = '/run/vpc-cni/ipamd.log';
const BEFORE = '/run/vpc-cni/ipamd.before.log';
const MEGABYTE = 1024 * 1024;

/** A log of so many bytes in a temporary host, and what is in the files of it. */
function logOf({ host }: TemporaryHost, bytes: number) {
  host.files.ensureDirectory('/run/vpc-cni', 0o700);
  appendFileSync(host.files.hostPath(LOG), 'a'.repeat(bytes));
  const size = (path: string): number | 'absent' => {
    const fact = host.files.fact(path);
    return fact.kind === 'file' ? fact.size : 'absent';
  };
  return { sizes: () => [size(LOG), size(BEFORE)] };
}

test('a log that has become long begins anew, and who writes to it goes on', async () => {
  using temporary = temporaryHost();
  const { files } = temporary.host;
  const { sizes } = logOf(temporary, MEGABYTE);
  const daemon = openSync(files.hostPath(LOG), 'a');
  const [clock, stop] = [new ManualClock(), new AbortController()];
  const ended = keepLogShort({ files, clock, stop: stop.signal });
  await clock.pass(60_000, async () => undefined);
  expect(sizes()).toEqual([MEGABYTE, 'absent']);
  for (const round of [1, 2]) {
    writeSync(daemon, 'b'.repeat(8 * MEGABYTE));
    await clock.pass(60_000, () => Bun.sleep(0));
    expect(sizes()).toEqual([0, (round === 1 ? 9 : 8) * MEGABYTE + (round === 1 ? 0 : 5)]);
    writeSync(daemon, 'line\n');
    expect(files.read(LOG)).toBe('line\n');
  }
  closeSync(daemon);
  stop.abort();
  await ended;
});

test('where there is no room for a copy nothing is lost', async () => {
  using temporary = temporaryHost();
  const { files } = temporary.host;
  const { sizes } = logOf(temporary, 9 * MEGABYTE);
  const full = {
    ...files,
    copy: () => {
      throw new Error('no space left');
    },
  };
  const [clock, stop] = [new ManualClock(), new AbortController()];
  const ended = keepLogShort({ files: full, clock, stop: stop.signal });
  await clock.pass(60_000, () => Bun.sleep(0));
  expect(sizes()).toEqual([9 * MEGABYTE, 'absent']);
  stop.abort();
  await ended;
});

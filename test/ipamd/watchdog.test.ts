import { describe, expect, test } from 'bun:test';
import { beatEveryMs, CallsUnderWay, keepTelling } from '../../src/ipamd/watchdog.ts';
import { createLogger } from '../../src/log/index.ts';
import { systemClock, withTemporaryDirectory } from '../../src/sys/index.ts';

describe('beatEveryMs()', () => {
  const rows = [
    { name: 'no watchdog', usec: undefined, forPid: undefined, every: undefined },
    { name: 'a third of the time', usec: '30000000', forPid: undefined, every: 10_000 },
    { name: 'for this process', usec: '3000000', forPid: '7', every: 1_000 },
    { name: 'meant for our parent', usec: '3000000', forPid: '8', every: undefined },
    { name: 'none at all', usec: '0', forPid: '7', every: undefined },
    { name: 'no number', usec: 'soon', forPid: '7', every: undefined },
  ];
  for (const { name, every, ...environment } of rows)
    test(name, () => {
      expect(beatEveryMs({ ...environment, pid: 7 })).toBe(every);
    });
});

test('a call that is not answered for longer than any can take is found, one that ended is not', async () => {
  let now = 0;
  const calls = new CallsUnderWay({ monotonic: () => now });
  const hanging = Promise.withResolvers<void>();
  const tracked = calls.track('ADD', () => hanging.promise);
  await calls.track('DEL', async () => undefined);
  now = 120_000;
  calls.check();
  now = 120_001;
  expect(() => calls.check()).toThrow('a call of ADD is not answered for 120 s');
  hanging.resolve();
  await tracked;
  calls.check();
});

/** Prints a line for each of three datagrams. */
const RECEIVER = String.raw`
use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die;
$| = 1; print "bound\n"; for (1 .. 3) { recv(S, $m, 4096, 0); print "$m\n"; }`;

test('systemd is told after each proof, and not while the proof fails', () =>
  withTemporaryDirectory(async (directory) => {
    const notifySocket = `${directory}/notify`;
    const receiver = Bun.spawn(['perl', '-e', RECEIVER, notifySocket], { stdout: 'pipe' });
    const chunks = receiver.stdout[Symbol.asyncIterator]();
    const line = async (): Promise<string> => new TextDecoder().decode((await chunks.next()).value);
    expect(await line()).toBe('bound\n');
    const stop = new AbortController();
    const proofs = ['fails', 'holds', 'fails', 'holds'];
    const proved: string[] = [];
    const proof = async (): Promise<void> => {
      const next = proofs.shift();
      if (next === undefined) return stop.abort();
      proved.push(next);
      if (next === 'fails') throw new Error('no progress');
    };
    const logger = createLogger({ level: 'error', program: 'test' });
    const telling = keepTelling({ notifySocket, everyMs: 1, proof, clock: systemClock, logger, signal: stop.signal });
    await telling;
    let told = '';
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      told += new TextDecoder().decode(next.value);
    await receiver.exited;
    expect({ proved, told: told.split('\n').filter((text) => text !== '') }).toEqual({
      proved: ['fails', 'holds', 'fails', 'holds'],
      // The last one is of the look that found the end of the list.
      told: ['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1'],
    });
  }));

import { expect, test } from 'bun:test';
import { createJournalLogger, Journal } from '../../src/log/index.ts';
import { withTemporaryDirectory } from '../../src/sys/index.ts';

/** Takes datagrams once it is told to, one a line; neither Bun nor Node can. */
const RECEIVER = String.raw`
use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die;
$| = 1; print "bound\n"; <STDIN>;
while (defined(recv(S, $m, 262144, 0))) { ($t) = $m =~ /^MESSAGE=(.*)$/m; print "$t\n"; }`;

interface Receiver {
  readonly line: () => Promise<string>;
  readonly listen: () => Promise<void>;
}

async function withReceiver(work: (journal: Journal, receiver: Receiver) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const path = `${directory}/socket`;
    const child = Bun.spawn(['perl', '-e', RECEIVER, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let text = '';
    const chunks = child.stdout[Symbol.asyncIterator]();
    const line = async (): Promise<string> => {
      while (!text.includes('\n')) {
        const { value, done } = await chunks.next();
        if (done === true) throw new Error('the receiver has ended');
        text += new TextDecoder().decode(value);
      }
      const [first = '', ...rest] = text.split('\n');
      text = rest.join('\n');
      return first;
    };
    const listen = async (): Promise<void> => {
      child.stdin.write('go\n');
      await child.stdin.flush();
    };
    try {
      expect(await line()).toBe('bound');
      await work(new Journal(path), { line, listen });
    } finally {
      child.kill();
      await child.exited;
    }
  });
}

test('lines below the level are not sent, others are', () =>
  withReceiver(async (journal, { line, listen }) => {
    await listen();
    const logger = createJournalLogger({ level: 'warn', program: 'test' }, journal);
    logger.debug('no');
    logger.info('no');
    logger.warn('first', { n: 1 });
    logger.error('second');
    expect([await line(), await line()]).toEqual(['first (n=1)', 'second']);
  }));

test('a journal that does not read holds nobody up, and is told afterwards how many lines were lost', () =>
  withReceiver(async (journal, { line, listen }) => {
    const logger = createJournalLogger({ level: 'info', program: 'test' }, journal);
    // More than any kernel queues for one socket.
    const sent = 5_000;
    for (let n = 1; n <= sent; n += 1) logger.info('line', { n });
    await listen();
    const seen: string[] = [await line()];
    // As soon as one was read there is room for the note.
    for (;;) {
      logger.info('after');
      const last = seen.at(-1) ?? '';
      if (last.startsWith('lines were lost')) break;
      seen.push(await line());
    }
    const lost = Number(/lost=(\d+)/.exec(seen.at(-1) ?? '')?.[1]);
    const kept = seen.filter((text) => text.startsWith('line ')).length;
    const afterwards = seen.filter((text) => text === 'after').length;
    expect(kept + afterwards).toBeGreaterThan(0);
    expect(lost).toBeGreaterThanOrEqual(sent - kept);
  }));

test('an entry larger than a datagram can be is sent short', () =>
  withReceiver(async (journal, { line, listen }) => {
    await listen();
    createJournalLogger({ level: 'info', program: 'test' }, journal).info('x'.repeat(4_000_000));
    expect((await line()).length).toBe(1_000);
  }));

test('a journal that is not there is no failure', () => {
  createJournalLogger({ level: 'info', program: 'test' }, new Journal('/nowhere/socket')).error('nobody hears');
});

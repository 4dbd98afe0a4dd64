import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { MOST_VIEWERS, Viewers } from '../../src/dashboard/viewers.ts';
import { until } from '../support/e2e.ts';
import { ManualClock } from '../support/manual-clock.ts';

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe('Viewers', () => {
  test('a new one gets the whole first, then what is told', async () => {
    const viewers = new Viewers(new ManualClock(), () => 'whole ');
    const reader = viewers.open()?.getReader();
    viewers.tell('one ');
    viewers.tell('two ');
    const heard = [await reader?.read(), await reader?.read(), await reader?.read()].map((read) => text(read?.value));
    expect(heard).toEqual(['whole ', 'one ', 'two ']);
  });

  test('one that goes is counted no more', async () => {
    const viewers = new Viewers(new ManualClock(), () => 'whole');
    const reader = viewers.open()?.getReader();
    expect(viewers.count).toBe(1);
    await reader?.cancel();
    expect(viewers.count).toBe(0);
  });

  test('more than the most are turned away, until one goes', async () => {
    const viewers = new Viewers(new ManualClock(), () => 'whole');
    const streams = Array.from({ length: MOST_VIEWERS }, () => viewers.open());
    expect(viewers.open()).toBeUndefined();
    await streams[0]?.cancel();
    expect(viewers.open()).toBeDefined();
  });

  test('one that is slow misses what is told, and then gets the whole as it is by then', async () => {
    let told = 0;
    const viewers = new Viewers(new ManualClock(), () => `whole at ${told}`);
    const reader = viewers.open()?.getReader();
    for (; told < 100; told += 1) viewers.tell(`told ${told}`);
    const heard: string[] = [];
    while (heard.at(-1) !== 'whole at 100') heard.push(text((await reader?.read())?.value));
    expect(heard.length).toBeLessThan(12);
    viewers.tell('again');
    expect(text((await reader?.read())?.value)).toBe('again');
  });

  test('one that takes nothing for a minute is let go; the others stay', async () => {
    const clock = new ManualClock();
    const viewers = new Viewers(clock, () => 'whole');
    const slow = viewers.open()?.getReader();
    const quick = viewers.open()?.getReader();
    for (let told = 0; told < 100; told += 1) {
      viewers.tell('x');
      await quick?.read();
    }
    await clock.pass(61_000, async () => undefined);
    viewers.tell('x');
    expect(viewers.count).toBe(1);
    await expect(slow?.closed).rejects.toThrow('takes nothing');
  });

  test('close() ends all', () => {
    const viewers = new Viewers(new ManualClock(), () => 'whole');
    viewers.open();
    viewers.open();
    viewers.close();
    expect(viewers.count).toBe(0);
  });

  test('nothing piles up for a client that does not read its socket', async () => {
    const viewers = new Viewers(new ManualClock(), () => 'whole');
    using server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response(viewers.open()) });
    const socket = connect(server.port ?? 0, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the viewer to be there', () => (viewers.count === 1 ? true : undefined));
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const message = 'x'.repeat(100_000);
    for (let told = 0; told < 2_000; told += 1) {
      viewers.tell(message);
      await Bun.sleep(0);
    }
    Bun.gc(true);
    // 200 MB were told; what the kernel takes for the connection and what waits for it is a few.
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
    socket.destroy();
    await until('the viewer to be gone', () => (viewers.count === 0 ? true : undefined));
  });
});

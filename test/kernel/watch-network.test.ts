import { expect } from 'bun:test';
import { readdirSync, readlinkSync } from 'node:fs';
import { parseMac } from '../../src/addr/index.ts';
import { type NetworkEvent, watchNetwork } from '../../src/kernel/index.ts';
import { until } from '../support/e2e.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

/** Descriptors of sockets this process holds. */
const sockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;

kernelTest('links and addresses that come and go are told of, and nothing else is', async () => {
  using net = new TestNetns('watch');
  const stop = new AbortController();
  const events: NetworkEvent[] = [];
  const failures: unknown[] = [];
  watchNetwork({
    netns: net.netns,
    signal: stop.signal,
    tell: (some) => events.push(...some),
    ended: (error) => failures.push(error),
  });
  const seen = (what: string, found: (event: NetworkEvent) => boolean) =>
    until(what, async () => (events.some(found) ? true : undefined));
  const mac = parseMac('02:00:00:00:00:77');
  net.ip(`link add eni1 address ${mac} type veth peer name other`);
  await seen(
    'the new link',
    (event) => event.kind === 'link' && event.name === 'eni1' && event.mac === mac && !event.gone,
  );
  expect(events.some(({ kind }) => kind === 'address')).toBe(false);
  net.ip('addr add 10.0.0.9/24 dev eni1');
  await seen('the address', (event) => event.kind === 'address' && !event.gone);
  net.ip('addr del 10.0.0.9/24 dev eni1');
  await seen('its end', (event) => event.kind === 'address' && event.gone);
  net.ip('link del eni1');
  await seen('the end of the link', (event) => event.kind === 'link' && event.gone && event.mac === mac);
  events.length = 0;
  net.ip('rule add from 10.0.0.9 table 9');
  net.ip('link add last type veth peer name last2');
  await seen('a later link', (event) => event.kind === 'link');
  expect(events.filter(({ kind }) => kind !== 'link')).toEqual([]);
  stop.abort();
  expect(failures).toEqual([]);
});

kernelTest('a stop ends the subscription and closes its socket', async () => {
  using net = new TestNetns('watch-stop');
  const before = sockets();
  const events: NetworkEvent[] = [];
  for (let n = 0; n < 5; n++) {
    const stop = new AbortController();
    const failures: unknown[] = [];
    watchNetwork({
      netns: net.netns,
      signal: stop.signal,
      tell: (some) => events.push(...some),
      ended: (error) => failures.push(error),
    });
    expect(sockets()).toBeGreaterThan(before);
    stop.abort();
    await until('the socket to close', async () => (sockets() <= before ? true : undefined));
    expect(failures).toEqual([]);
  }
  net.ip('link add late type veth peer name late2');
  await Bun.sleep(50);
  expect(events).toEqual([]);
});

kernelTest('more than the socket can keep at once is no failure, and is told of', async () => {
  using net = new TestNetns('watch-many');
  const stop = new AbortController();
  let told = 0;
  const failures: unknown[] = [];
  watchNetwork({
    netns: net.netns,
    signal: stop.signal,
    tell: (some) => {
      told += some.length;
    },
    ended: (error) => failures.push(error),
  });
  // In one synchronous run: nobody reads meanwhile.
  const commands = Array.from({ length: 600 }, (_, n) => `link add many${n} type veth peer name y${n}`).join('\n');
  Bun.spawnSync(['ip', '-n', net.name, '-batch', '-'], { stdin: Buffer.from(commands) });
  await until('events', async () => (told > 0 ? true : undefined));
  expect(failures).toEqual([]);
  const before = told;
  await Bun.sleep(50);
  net.ip('link add after type veth peer name after2');
  await until('an event after the flood', async () => (told > before ? true : undefined));
  stop.abort();
});

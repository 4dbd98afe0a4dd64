import { expect } from 'bun:test';
import { parseMac } from '../../src/addr/index.ts';
import { RouteSocket, waitForLink } from '../../src/kernel/index.ts';
import { systemClock, type Timers } from '../../src/sys/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const mac = parseMac('02:00:00:00:00:77');
const ADD = `link add eni1 address ${mac} type veth peer name other`;
const going = (): AbortSignal => new AbortController().signal;
/** Time stands still: nothing wakes who waits but an event. */
const still: Timers = { ...systemClock, monotonic: () => 0, after: () => () => undefined };
/** Each pause is over at once, and takes as long as it was to take. */
function hurrying(): Timers {
  let now = 0;
  const after = (ms: number, work: () => void): (() => void) => {
    now += ms;
    return systemClock.after(0, work);
  };
  return { ...systemClock, monotonic: () => now, after };
}

kernelTest('the event of a new link ends the wait for it', async () => {
  using net = new TestNetns('link');
  using socket = new RouteSocket(net.netns);
  const found = waitForLink({ socket, netns: net.netns, mac, clock: still, timeoutMs: 1_000, signal: going() });
  net.ip('link add eni0 type veth peer name other0');
  net.ip(ADD);
  expect(await found).toMatchObject({ name: 'eni1', mac });
});

kernelTest('links of pods that come meanwhile are no reason to look', async () => {
  using net = new TestNetns('link-pods');
  using socket = new RouteSocket(net.netns);
  let pauses = 0;
  const after = (): (() => void) => {
    pauses += 1;
    return () => undefined;
  };
  const clock = { ...still, after };
  const found = waitForLink({ socket, netns: net.netns, mac, clock, timeoutMs: 1_000, signal: going() });
  for (let pod = 0; pod < 5; pod++) net.ip(`link add pod${pod} type veth peer name peer${pod}`);
  net.ip(ADD);
  await found;
  expect(pauses).toBe(1);
});

kernelTest('a link that has been there before is found without any', async () => {
  using net = new TestNetns('link-there');
  using socket = new RouteSocket(net.netns);
  net.ip(ADD);
  expect(await waitForLink({ socket, mac, clock: still, timeoutMs: 1_000, signal: going() })).toMatchObject({ mac });
});

kernelTest('an event that is lost costs a pause, not the link', async () => {
  using net = new TestNetns('link-lost');
  using socket = new RouteSocket(net.netns);
  // The events of another namespace: none comes.
  const found = waitForLink({ socket, mac, clock: hurrying(), timeoutMs: 600_000, signal: going() });
  net.ip(ADD);
  expect(await found).toMatchObject({ name: 'eni1' });
});

kernelTest('a link that never comes is told of with those that are there', async () => {
  using net = new TestNetns('link-none');
  using socket = new RouteSocket(net.netns);
  const found = waitForLink({ socket, netns: net.netns, mac, clock: hurrying(), timeoutMs: 1_000, signal: going() });
  expect(await found.catch((error: unknown) => error)).toMatchObject({ code: 'LINK_MISSING', details: { mac } });
});

kernelTest('a stop ends the wait', async () => {
  using net = new TestNetns('link-stop');
  using socket = new RouteSocket(net.netns);
  const stop = new AbortController();
  const signal = stop.signal;
  const found = waitForLink({ socket, netns: net.netns, mac, clock: still, timeoutMs: 1_000, signal });
  stop.abort(new Error('told to stop'));
  expect(await found.catch(String)).toBe('Error: told to stop');
});

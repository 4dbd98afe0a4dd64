import { expect } from 'bun:test';
import { parseIp } from '../../src/addr/index.ts';
import { DEAD_LINK_GROUP } from '../../src/dataplane/index.ts';
import { Reaper } from '../../src/ipamd/reaper.ts';
import { applyPacketRules, RouteSocket } from '../../src/kernel/index.ts';
import type { Logger } from '../../src/log/index.ts';
import { type Exec, systemExec } from '../../src/sys/index.ts';
import { connectionsOf } from '../support/connections.ts';
import { until } from '../support/e2e.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const [A, B] = [parseIp('10.9.0.1'), parseIp('10.9.0.2')];
const FOLLOWED = 'table ip t { chain c { type filter hook input priority 0; ct state new accept; }; }\n';

/** A host with two addresses of pods and a dead link, and a reaper on it. */
class ReaperHost implements Disposable {
  readonly space = new TestNetns('host');
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly stop = new AbortController();
  readonly parts;

  constructor() {
    const { space, clock, told, stop } = this;
    for (const address of [A, B]) space.ip(`addr add ${address}/32 dev lo`);
    const exec: Exec = {
      run: (request) => systemExec.run({ ...request, argv: ['ip', 'netns', 'exec', space.name, ...request.argv] }),
    };
    const silent = (): void => undefined;
    const logger: Logger = { debug: silent, info: silent, warn: (line) => told.push(line), error: silent };
    const { netns } = space;
    this.parts = { clock, exec, logger, signal: stop.signal, netns, socket: new RouteSocket(netns) };
  }

  /** One connection of each address, and a link whose pod is gone. */
  async prepare(): Promise<void> {
    await this.space.insideWith((exec) => applyPacketRules(exec, FOLLOWED));
    this.space.ip('link add eni1 type veth peer name gone');
    this.space.ip(`link set eni1 group ${DEAD_LINK_GROUP}`);
    await this.talk(A, B);
    expect(await this.seen()).toEqual([`${A} > ${A}`, `${B} > ${B}`, 'eni1']);
  }

  async talk(...addresses: readonly string[]): Promise<void> {
    for (const address of addresses) this.space.run('ping', '-nqc1', '-I', address, address);
  }

  /** What is left: connections and links. */
  async seen(): Promise<readonly string[]> {
    const links: readonly { readonly ifname: string }[] = JSON.parse(this.space.ip('-json link show type veth'));
    const names = links.flatMap(({ ifname }) => (ifname === 'eni1' ? [ifname] : []));
    return [...(await connectionsOf(this.space)), ...names];
  }

  [Symbol.dispose](): void {
    this.parts.socket[Symbol.dispose]();
    this.space[Symbol.dispose]();
  }
}

/** Ends once no more than so much is left. */
async function reaped(host: ReaperHost, count: number): Promise<void> {
  await until('the reaper to be done', async () => ((await host.seen()).length <= count ? true : undefined));
}

kernelTest('a second after a DEL its link is removed, and then its connections are forgotten', async () => {
  using host = new ReaperHost();
  await host.prepare();
  const reaper = new Reaper(host.parts);
  reaper.later(A);
  await host.clock.pass(999, async () => undefined);
  expect(await host.seen()).toHaveLength(3);
  await host.clock.pass(1, () => reaped(host, 1));
  expect(await host.seen()).toEqual([`${B} > ${B}`]);
  reaper.later(B);
  reaper.later();
  await host.clock.pass(1_000, () => reaped(host, 0));
  expect(host.told).toEqual([]);
});

kernelTest('an address given again at once has no connections, and none of another is touched', async () => {
  using host = new ReaperHost();
  await host.prepare();
  const reaper = new Reaper(host.parts);
  reaper.later(A);
  // Who comes second has to wait as long.
  await Promise.race([reaper.clear(A), reaper.clear(A)]);
  expect(await host.seen()).toEqual([`${B} > ${B}`, 'eni1']);
  // It is the next pod's from now on: what is still to be done for the one before must not cut it off.
  await host.talk(A);
  await host.clock.pass(2_000, () => reaped(host, 2));
  await reaper.clear(A);
  expect(await host.seen()).toEqual([`${A} > ${A}`, `${B} > ${B}`]);
});

kernelTest(
  'a daemon that is told to stop forgets first, and the next one what the last was killed before',
  async () => {
    using host = new ReaperHost();
    await host.prepare();
    const first = new Reaper(host.parts);
    first.later(A);
    host.stop.abort();
    await first.stop();
    expect(await host.seen()).toEqual([`${B} > ${B}`, 'eni1']);
    const next = new Reaper({ ...host.parts, signal: new AbortController().signal }, [B]);
    await next.clear(B);
    expect(await host.seen()).toEqual(['eni1']);
  },
);

kernelTest('where the kernel cannot, it is said once, and nobody waits', async () => {
  using host = new ReaperHost();
  await host.prepare();
  const reaper = new Reaper({ ...host.parts, netns: { ...host.space.netns, fd: -1 } });
  for (const address of [A, B]) {
    reaper.later(address);
    await reaper.clear(address);
  }
  expect(host.told).toEqual(['connections of pods that are gone stay until they time out']);
});

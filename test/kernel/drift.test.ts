import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { damages, difference, FOREIGN, readAll, showAll } from '../support/damages.ts';
import type { DriftNode } from '../support/drift-node.ts';
import { until } from '../support/e2e.ts';
import { lines, TestNetns } from '../support/netns.ts';
import { INTERNET, TestNode, wiringOf } from './pod-node.ts';

const PODS = [
  { name: 'nginx', address: '10.0.1.20', device: 0 },
  { name: 'sample-pod', address: '10.0.1.90', device: 1 },
] as const;
const WIRINGS = PODS.map(({ name, address, device }) => wiringOf(name, { address, table: device === 0 ? 254 : 2 }));
const HOST_END = WIRINGS[0]?.veth.host.name ?? '';

const PLAN: DriftNode = {
  enis: [
    { device: 0, mac: '02:00:00:00:01:00', address: '10.0.1.5' },
    { device: 1, mac: '02:00:00:00:01:01', address: '10.0.1.77' },
  ],
  subnet: '10.0.1.0/24',
  vpc: '10.0.0.0/16',
  pods: PODS,
};

const root = process.getuid?.() === 0;

describe.skipIf(!root)('what somebody takes away of ours', () => {
  const node = root ? new TestNode() : undefined;
  const spaces = root ? PODS.map(({ name }) => new TestNetns(name)) : [];
  let printed = '';
  let keeper: ReturnType<typeof Bun.spawn> | undefined;

  const space = (): TestNetns => {
    if (node === undefined) throw new Error('there is no node without root');
    return node.space;
  };
  const sh = (script: string): string => space().run('sh', '-c', script);
  const state = (): readonly string[] => readAll(sh(showAll(HOST_END)));
  const repairs = (kind: string): number => lines(printed).filter((line) => line === kind).length;
  /** Starts what keeps the network, and returns once it has looked at all of it. */
  const keep = async (): Promise<void> => {
    printed = '';
    const program = join(import.meta.dir, '../support/drift-node.ts');
    const argv = ['ip', 'netns', 'exec', space().name, process.execPath, program, JSON.stringify(PLAN)];
    const child = Bun.spawn(argv, { stdout: 'pipe', stderr: 'inherit' });
    keeper = child;
    void (async () => {
      for await (const some of child.stdout) printed += Buffer.from(some).toString();
    })();
  };
  const restored = (what: string, whole: readonly string[]): Promise<true> => {
    let left: readonly string[] = [];
    return until(
      `all to be as before: ${what}`,
      () => {
        left = difference(whole, state());
        return left.length === 0 ? true : undefined;
      },
      { everyMs: 5, last: () => left },
    );
  };

  beforeAll(async () => {
    for (const [index, { address, device }] of PODS.entries()) {
      const [pod, wiring] = [spaces[index], WIRINGS[index]];
      if (pod === undefined || wiring === undefined) throw new Error('unreachable');
      node?.deliver(address, device === 0 ? 'eth0' : 'eth1');
      node?.wire(pod, wiring);
    }
    for (const words of FOREIGN) sh(words);
    await keep();
    await until('packet rules', () => (repairs('packet-rules') > 0 ? true : undefined));
  });
  afterAll(() => {
    keeper?.kill();
    for (const each of [...spaces, node]) each?.[Symbol.dispose]();
  });

  test(
    'comes back object by object while pods talk, and nothing else changes',
    async () => {
      const whole = state();
      const talking = spaces.map(({ name }) =>
        Bun.spawn(['ip', 'netns', 'exec', name, 'ping', '-nqi0.05', '-W1', INTERNET], { stdout: 'pipe' }),
      );
      const all = damages({
        text: (...argv) => space().run(...argv),
        hostEnd: HOST_END,
        podAddress: PODS[0].address,
        stray: '10.0.1.251',
      });
      expect(all.length).toBeGreaterThan(30);
      for (const damage of all) {
        // A route of ours may have gone with another one: then there is nothing to take.
        sh(`${damage} || true`);
        await restored(damage, whole);
      }
      // "ip netns exec" becomes the program it starts.
      for (const ping of talking) ping.kill('SIGINT');
      const told = await Promise.all(talking.map(({ stdout }) => new Response(stdout).text()));
      const lost = told.map((text) => Number(/ ([\d.]+)% packet loss/.exec(text)?.[1]));
      expect(lost.filter((share) => !(share < 50))).toEqual([]);
      for (const kind of ['link', 'address', 'route', 'rule', 'packet-rules', 'sysctl'])
        expect([kind, repairs(kind) > 0]).toEqual([kind, true]);
    },
    { timeout: 60_000 },
  );

  test(
    'also what no event tells of, within the slow look; ports of others in a list stay',
    async () => {
      const whole = state();
      sh(`cd /proc/sys/net; echo 0 > ipv4/tcp_early_demux; echo 5000 > ipv4/ip_local_reserved_ports
        echo 2 > ipv6/conf/${HOST_END}/accept_ra; echo 0 > ipv6/conf/${HOST_END}/accept_redirects
        echo 1 > ipv6/conf/${HOST_END}/forwarding`);
      await until('all to be put back', () => {
        const left = difference(whole, state());
        return left.length === 2 && left.some((line) => line === '+ 5000,61678-61679') ? true : undefined;
      });
      sh('echo 61678-61679 > /proc/sys/net/ipv4/ip_local_reserved_ports');
    },
    { timeout: 40_000 },
  );

  test(
    'is told of when it does not end, is repaired five times a second then, and a new start changes nothing',
    async () => {
      const whole = state();
      const loop = 'while :; do ip rule del priority 1024 2>/dev/null || sleep 0.005; done';
      const fight = Bun.spawn(['ip', 'netns', 'exec', space().name, 'timeout', '25', 'sh', '-c', loop]);
      await until('a fight', () => (lines(printed).includes('! NETWORK_CONTESTED') ? true : undefined));
      const before = repairs('rule');
      await Bun.sleep(2_000);
      expect(repairs('rule') - before).toBeLessThanOrEqual(13);
      fight.kill();
      await restored('the fight', whole);
      await until('peace', () => (lines(printed).at(-1) === '!' ? true : undefined));
      keeper?.kill();
      await keeper?.exited;
      await keep();
      // Its first look comes after a second; a repair would be printed.
      await Bun.sleep(3_000);
      expect([printed, difference(whole, state())]).toEqual(['', []]);
    },
    { timeout: 60_000 },
  );
});

import { expect } from 'bun:test';
import { diffNetwork, packetRules } from '../../src/dataplane/index.ts';
import { applySteps, observeNetwork, PacketFilter } from '../../src/kernel/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { ping, TestNode, wiringOf } from './pod-node.ts';
import { outcome } from './refusals.ts';
import { usual } from './traffic.ts';

const B = wiringOf('sample-pod', { address: '10.0.1.90', table: 2 });

kernelTest(
  'what the kernel refuses of the host is named, all else is done, and it is done once it can be',
  async () => {
    using node = new TestNode();
    using pod = new TestNetns('pod');
    const { space, socket } = node;
    node.deliver('10.0.1.90', 'eth1');
    node.wire(pod, B);
    const wanted = { ...node.wanted, podRules: B.hostRules, podRoutes: [B.hostRoute] };
    const repair = (): number => {
      const steps = diffNetwork(wanted, observeNetwork(socket));
      applySteps(socket, steps);
      return steps.length;
    };
    // The ENI comes back by a link that takes no packets of 9001 bytes.
    space.ip('link set eth1 down');
    space.ip('link set eth1 name base mtu 1500 address 02:00:00:00:01:09 up');
    space.ip('link add link base name eth1 address 02:00:00:00:01:01 type macvlan');
    space.ip('rule flush');
    for (const words of ['priority 32766 table main', 'priority 32767 table default']) space.ip(`rule add ${words}`);
    space.ip('route del 10.0.1.90');
    const says = /^NETLINK the kernel refused to set link eth1: EINVAL/;
    expect([outcome(repair), outcome(repair)]).toEqual([expect.stringMatching(says), expect.stringMatching(says)]);
    expect(lines(space.ip('rule')).filter((line) => line.endsWith(' proto 90'))).toEqual([
      '512: from all to 10.0.1.90 lookup main proto 90',
      '1024: from all fwmark 0x80/0x80 lookup main proto 90',
      '1536: from 10.0.1.90 lookup 2 proto 90',
      '32765: from 10.0.1.77 lookup 2 proto 90',
    ]);
    expect(space.ip('route show 10.0.1.90')).toContain(B.veth.host.name);
    space.ip('link set base mtu 9001');
    expect([outcome(repair), repair()]).toEqual(['no error', 0]);
    expect(space.ip('-o link show eth1')).toContain('mtu 9001');
    expect(lines(space.ip('route show table 2'))).toHaveLength(2);
    expect(await ping(pod, '10.0.1.1')).toBe('reached');
  },
);

kernelTest('packet rules that nft refuses leave those that are there as they are, and are named', async () => {
  using space = new TestNetns('owned');
  const filter = new PacketFilter(space.execOnly(process.env['PATH'] ?? ''));
  // The table belongs to a process: nobody else may change it.
  const ours = 'add table ip vpc-cni { flags owner; }\nadd chain ip vpc-cni kept\n';
  const owner = Bun.spawn(['ip', 'netns', 'exec', space.name, 'nft', '-i'], { stdin: 'pipe', stdout: 'pipe' });
  owner.stdin.write(ours);
  await owner.stdin.flush();
  const ruleset = (): string => space.run('nft', 'list', 'ruleset');
  while (!ruleset().includes('kept')) await Bun.sleep(5);
  const before = ruleset();
  const said = await filter.repair(usual).then(
    () => 'done',
    (error: unknown) => String(error),
  );
  expect(said).toMatch(/nft -f - .*Operation not permitted/s);
  expect(ruleset()).toBe(before);
  owner.stdin.end();
  await owner.exited;
  expect(await filter.repair(usual)).toBe(true);
  expect(ruleset()).toContain(packetRules(usual).digest);
});

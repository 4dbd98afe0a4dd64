import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createPacketWorld, type Family, type PacketWorld } from '../support/sim-packets.ts';
import { probeAll, type Target } from '../support/sim-probe.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;

let packets: PacketWorld;
beforeAll(async () => {
  packets = await createPacketWorld();
}, 60_000);
afterAll(() => packets[Symbol.asyncDispose]());

/** A table as it stands in this file. */
const table = (indented: string): string => indented.trim().replaceAll(/\n +/g, '\n');

/** What becomes of packets between some of the places. */
async function probe(family: Family, senders: readonly string[], targets: readonly string[]): Promise<string> {
  return await probeAll(
    packets.world,
    packets.senders(family).filter(({ name }) => senders.includes(name)),
    [...packets.targets(family), packets.movedMember(family)].filter(({ name }) => targets.includes(name)),
  );
}

describe('who reaches whom, and what drops the rest', () => {
  test('by IPv4', async () => {
    const seen = await probeAll(packets.world, packets.senders('ipv4'), packets.targets('ipv4'));
    expect(seen).toBe(
      table(`
        from > to         a2       b1       second    member    branch    branch2   web      web:7001  void        internet
        a1                open     open     -         -         -         open      open     open      unassigned  open
        a1 second         open     open     -         -         -         open      open     open      unassigned  unmapped
        a1 member         open     open     -         -         -         open      open     open      unassigned  unmapped
        a1 branch         ingress  open     -         -         -         ingress   ingress  open      unassigned  unmapped
        a1 as held        spoofed  spoofed  -         -         -         spoofed   spoofed  spoofed   spoofed     spoofed
        a1 as nobody      spoofed  spoofed  -         -         -         spoofed   spoofed  spoofed   spoofed     spoofed
        a1 as stranger    spoofed  spoofed  -         -         -         spoofed   spoofed  spoofed   spoofed     spoofed
        a2                -        open     open      open      open      -         open     open      unassigned  open
        a3 as member      spoofed  spoofed  spoofed   -         spoofed   spoofed   spoofed  spoofed   spoofed     spoofed
        b1                open     -        open      open      open      open      open     ingress   unassigned  open
        web               egress   egress   egress    egress    egress    egress    -        -         unassigned  egress
        free              open     open     open      open      open      open      open     open      unassigned  open
        free as nobody    ingress  one-way  ingress   ingress   ingress   ingress   ingress  one-way   unassigned  unmapped
        internet          ingress  open     unmapped  unmapped  unmapped  unmapped  ingress  ingress   unassigned  -
        internet as held  spoofed  spoofed  spoofed   spoofed   spoofed   spoofed   spoofed  spoofed   spoofed     -
      `),
    );
  }, 60_000);

  test('by IPv6: every address an ENI holds is public', async () => {
    const seen = await probeAll(packets.world, packets.senders('ipv6'), packets.targets('ipv6'));
    expect(seen).toBe(
      table(`
        from > to         a2       b1       second   member   branch   branch2  web      web:7001  void        internet
        a1                open     open     -        -        -        open     open     open      unassigned  open
        a1 second         open     open     -        -        -        open     open     open      unassigned  open
        a1 member         open     open     -        -        -        open     open     open      unassigned  open
        a1 branch         ingress  open     -        -        -        ingress  ingress  open      unassigned  open
        a1 as held        spoofed  spoofed  -        -        -        spoofed  spoofed  spoofed   spoofed     spoofed
        a1 as nobody      spoofed  spoofed  -        -        -        spoofed  spoofed  spoofed   spoofed     spoofed
        a1 as stranger    spoofed  spoofed  -        -        -        spoofed  spoofed  spoofed   spoofed     spoofed
        a2                -        open     open     open     open     -        open     open      unassigned  open
        a3 as member      spoofed  spoofed  spoofed  -        spoofed  spoofed  spoofed  spoofed   spoofed     spoofed
        b1                open     -        open     open     open     open     open     ingress   unassigned  open
        web               egress   egress   egress   egress   egress   egress   -        -         unassigned  egress
        free              open     open     open     open     open     open     open     open      unassigned  open
        free as nobody    ingress  one-way  ingress  ingress  ingress  ingress  ingress  one-way   unassigned  one-way
        internet          ingress  open     ingress  ingress  ingress  ingress  ingress  ingress   unassigned  -
        internet as held  spoofed  spoofed  spoofed  spoofed  spoofed  spoofed  spoofed  spoofed   spoofed     -
      `),
    );
  }, 60_000);
});

describe('security groups', () => {
  /** Every kind of rule towards `web`, from a node its rules name and from one they do not. */
  async function byProtocol(family: Family): Promise<string> {
    const [listening] = packets.targets(family).filter(({ name }) => name === 'web');
    if (listening === undefined) throw new Error('nobody is called web');
    const target = (protocol: 'tcp' | 'udp' | 'icmp', port: number): Target => ({
      ...listening,
      name: protocol === 'icmp' ? 'ping' : `${protocol} ${port}`,
      port,
      protocol,
    });
    return await probeAll(
      packets.world,
      packets.senders(family).filter(({ name }) => ['a2', 'b1'].includes(name)),
      [target('tcp', 80), target('tcp', 81), target('tcp', 82), target('udp', 80), target('icmp', 0)],
    );
  }

  for (const family of FAMILIES)
    test(`rules by protocol, port and ${family === 'ipv4' ? 'ICMP' : 'ICMPv6'} type, added and taken away`, async () => {
      const { vpc, fabric } = packets.world;
      const [groupId = ''] = packets.enis.web.securityGroups;
      const [subnet] = vpc.subnets();
      const cidr = family === 'ipv4' ? subnet?.cidr : subnet?.ipv6?.cidr;
      if (cidr === undefined) throw new Error(`subnet a has no ${family}`);
      const rest = { direction: 'ingress', peer: { cidr }, description: '' } as const;
      const ping = family === 'ipv4' ? { protocol: 'icmp', fromPort: 8 } : { protocol: 'icmpv6', fromPort: 128 };
      const rules = [
        { ...rest, protocol: 'tcp', fromPort: 80, toPort: 81 },
        { ...rest, ...ping, toPort: -1 },
      ];
      const added = vpc.authorizeRules({ groupId, rules });
      await fabric.settled();
      expect(await byProtocol(family)).toBe(
        table(`
          from > to  tcp 80   tcp 81   tcp 82   udp 80   ping
          a2         open     open     ingress  ingress  open
          b1         ingress  ingress  ingress  ingress  ingress
        `),
      );
      vpc.revokeRules({ groupId, ruleIds: added.map(({ id }) => id) });
      await fabric.settled();
      expect(await byProtocol(family)).toBe(
        table(`
          from > to  tcp 80   tcp 81   tcp 82   udp 80   ping
          a2         ingress  ingress  ingress  ingress  ingress
          b1         ingress  ingress  ingress  ingress  ingress
        `),
      );
    }, 60_000);

  test('an ENI that changes groups is let in by the new ones at once, and sends by them', async () => {
    const { vpc, fabric } = packets.world;
    const { branch } = packets.enis;
    const look = (): Promise<string> => probe('ipv4', ['a1 branch', 'a2', 'free'], ['a2', 'branch', 'web']);
    const before = await look();
    vpc.setSecurityGroups(branch.id, [vpc.defaultGroupId]);
    await fabric.settled();
    const meanwhile = await look();
    vpc.setSecurityGroups(branch.id, branch.securityGroups);
    await fabric.settled();
    expect([before, meanwhile, await look()]).toEqual([
      table(`
        from > to  a2       branch  web
        a1 branch  ingress  -       ingress
        a2         -        open    open
        free       open     open    open
      `),
      table(`
        from > to  a2    branch  web
        a1 branch  open  -       open
        a2         -     open    open
        free       open  open    open
      `),
      before,
    ]);
  }, 60_000);
});

describe('what an ENI holds', () => {
  for (const family of FAMILIES)
    test(`a prefix that moves is reached and believed at its new ENI only, by ${family}`, async () => {
      const { vpc, fabric } = packets.world;
      const { a1, a3 } = packets.enis;
      // Either is asked for by its own name: what the other answers would show as that name.
      const look = (): Promise<string> =>
        probe(family, ['a1 member', 'a2', 'a3 as member'], ['a2', 'member', 'moved member', 'web']);
      const move = (from: string, to: string): void => {
        const { prefixes, ipv6Prefixes } = vpc.eni(from);
        if (family === 'ipv4') {
          vpc.unassignPrefixes({ eniId: from, prefixes });
          vpc.assignPrefixes({ eniId: to, prefixes });
        } else {
          vpc.unassignIpv6({ eniId: from, prefixes: ipv6Prefixes });
          vpc.assignIpv6({ eniId: to, prefixes: ipv6Prefixes });
        }
      };
      const before = await look();
      move(a1.id, a3.id);
      await fabric.settled();
      const moved = await look();
      move(a3.id, a1.id);
      await fabric.settled();
      expect([before, moved, await look()]).toEqual([
        table(`
          from > to     a2       member  web      moved member
          a1 member     open     -       open     -
          a2            -        open    open     member
          a3 as member  spoofed  -       spoofed  -
        `),
        table(`
          from > to     a2       member        web      moved member
          a1 member     spoofed  -             spoofed  -
          a2            -        moved member  open     open
          a3 as member  open     -             open     -
        `),
        before,
      ]);
    }, 60_000);

  test('the source check follows its switch', async () => {
    const { vpc, fabric } = packets.world;
    const look = (): Promise<string> => probe('ipv4', ['a1 as nobody', 'free as nobody'], ['b1']);
    const before = await look();
    for (const [eni, on] of [
      [packets.enis.a1, false],
      [packets.enis.free, true],
    ] as const)
      vpc.setSourceDestCheck(eni.id, on);
    await fabric.settled();
    const switched = await look();
    for (const eni of [packets.enis.a1, packets.enis.free]) vpc.setSourceDestCheck(eni.id, eni.sourceDestCheck);
    await fabric.settled();
    expect([before, switched, await look()]).toEqual([
      table(`
        from > to       b1
        a1 as nobody    spoofed
        free as nobody  one-way
      `),
      table(`
        from > to       b1
        a1 as nobody    one-way
        free as nobody  spoofed
      `),
      before,
    ]);
  }, 60_000);

  test('the router itself offers nothing: neither pings nor ports of a gateway are answered', async () => {
    const gateway = (name: string, protocol: 'icmp' | 'tcp' | 'udp', address: string): Target => ({
      ...{ name, protocol, address },
      ...{ machine: '', port: 80 },
    });
    const seen = await probeAll(
      packets.world,
      packets.senders('ipv4').filter(({ name }) => ['a1', 'web', 'internet'].includes(name)),
      [
        gateway('ping', 'icmp', '10.0.0.1'),
        gateway('tcp', 'tcp', '10.0.0.1'),
        gateway('udp', 'udp', '10.0.0.1'),
        gateway("b's gateway", 'icmp', '10.0.1.1'),
        gateway('outside', 'icmp', '203.0.113.1'),
      ],
    );
    expect(seen).toBe(
      table(`
        from > to  ping    tcp     udp     b's gateway  outside
        a1         closed  closed  closed  closed       closed
        web        closed  closed  closed  closed       closed
        internet   closed  closed  closed  closed       closed
      `),
    );
  }, 60_000);

  test('a branch is held by its trunk, and by nobody when it leaves', async () => {
    const { world, enis } = packets;
    const { subnetId, trunk } = enis.branch2;
    const branch = world.vpc.createEni({ subnetId });
    const [address = ''] = branch.addresses;
    const look = (): Promise<string> =>
      probeAll(
        world,
        packets.senders('ipv4').filter(({ name }) => name === 'internet' || name === 'web'),
        [{ name: 'branch', machine: '', address, port: 9, protocol: 'icmp' }],
      );
    const link = world.vpc.associateTrunk({
      trunkEniId: trunk?.trunkEniId ?? '',
      branchEniId: branch.id,
      vlanId: 8,
    });
    await world.fabric.settled();
    const held = await look();
    world.vpc.disassociateTrunk(link.id);
    await world.fabric.settled();
    const left = await look();
    world.vpc.deleteEni(branch.id);
    expect([held, left]).toEqual([
      table(`
        from > to  branch
        web        egress
        internet   unmapped
      `),
      table(`
        from > to  branch
        web        unassigned
        internet   unassigned
      `),
    ]);
  }, 60_000);
});

import { expect } from 'bun:test';
import { formatCidr, type Ipv4Cidr, networkOf, parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { ruleKey } from '../../src/dataplane/index.ts';
import {
  applySteps,
  findLink,
  findLinkByMac,
  listLinks,
  listOwnRules,
  observeNetwork,
  RouteSocket,
} from '../../src/kernel/index.ts';
import { readRoute, readRule } from '../../src/kernel/netlink/facts.ts';
import { dumpOf } from '../../src/kernel/netlink/messages.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';

/** Objects of many kinds that others may have put on a host, next to ones that carry our protocol number. */
const SETUP = `
link add veth0 address 02:00:00:00:00:10 mtu 9001 type veth peer name veth1
link add br0 address 02:00:00:00:00:20 type bridge
link set veth1 master br0
tuntap add tun0 mode tun
tuntap add tap0 mode tap
link set veth0 alias some-words group 77
link set veth0 up
link set veth1 up
link set br0 up
link set tun0 up
addr add 10.0.1.5/24 dev veth0
addr add 10.0.1.6/24 dev veth0 noprefixroute
addr add 10.0.1.7/32 dev veth0 label veth0:x
addr add 172.16.0.1/12 broadcast + scope link dev br0
addr add 192.0.2.1 peer 192.0.2.2 dev tun0
-6 addr add fd00::5/64 dev veth0 nodad
-6 route add fd01::/64 dev veth0 proto 90
-6 rule add from fd01::/64 table 300 protocol 90
route add default via 10.0.1.1 dev veth0
route add 10.9.0.0/16 via 10.0.1.1 dev veth0 metric 50 src 10.0.1.6
route add blackhole 10.10.0.0/16 proto 90
route add unreachable 10.11.0.0/16 proto 90
route add prohibit 10.12.0.0/16
route add throw 10.13.0.0/16 table 99
route add 10.14.0.0/16 proto 90 nexthop via 10.0.1.1 dev veth0 weight 1 nexthop via 10.0.1.2 dev veth0 weight 2
route add 10.15.0.0/16 dev br0 table 300
route add 10.15.0.1/32 dev br0 table 300 proto 90
route add default via 10.0.1.1 dev veth0 table 300 proto 90
route add 0.0.0.0/1 dev br0 table 4294967294 proto 90
route add 128.0.0.0/1 dev br0 table 255 proto 90 scope host
route add local 10.16.0.1 dev br0 proto 90
rule add priority 100 iif br0 table 300
rule add priority 101 oif br0 table 300
rule add priority 102 from 10.15.0.0/16 table 10101 protocol 90
rule add priority 103 to 10.15.0.1 fwmark 0x80/0x80 table 254 protocol 90
rule add priority 104 fwmark 0x1 table 7
rule add priority 105 fwmark 0x0/0xff table 7 protocol 90
rule add priority 106 from 10.15.0.0/16 to 10.14.0.0/16 table 4294967294 protocol 90
rule add priority 107 blackhole
rule add priority 108 from 10.20.0.1 goto 32766
rule add priority 109 ipproto tcp dport 80 table 9
rule add priority 110 from 10.15.0.0/16 suppress_prefixlength 0 table 254
rule add priority 111 not from 10.15.0.0/16 table 9
rule add priority 112 from 10.15.0.0/16 tos 0x10 table 9
rule add priority 113 uidrange 7-8 table 9`;

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link_type: string;
  readonly address?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly group: string;
  readonly ifalias?: string;
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly address?: string;
    readonly noprefixroute?: boolean;
  }[];
}
interface IpRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
  readonly protocol: string;
}
interface IpRule {
  readonly priority: number;
  readonly src: string;
  readonly srclen?: number;
  readonly dst?: string;
  readonly dstlen?: number;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly table?: string;
  readonly protocol?: string;
  readonly action?: string;
  readonly goto?: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly ipproto?: string;
  readonly dport?: number;
  readonly not?: null;
  readonly tos?: string;
  readonly uid_start?: number;
  readonly suppress_prefixlen?: number;
}

const SELECTORS_OF_OTHERS = ['oif', 'dport', 'not', 'tos', 'uid_start', 'suppress_prefixlen'] as const;

const TABLES: Readonly<Record<string, number>> = { main: 254, local: 255, default: 253 };
const IP_PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6 };
const PROTOCOLS: Readonly<Record<string, number>> = { unspec: 0, kernel: 2, boot: 3, static: 4 };
const numbered = (names: Readonly<Record<string, number>>, name: string): number => names[name] ?? Number(name);
const cidr = (text: string): Ipv4Cidr =>
  parseIpv4Cidr(text === 'default' ? '0.0.0.0/0' : text.includes('/') ? text : `${text}/32`);
const byText = (items: readonly unknown[]): readonly string[] => items.map((item) => JSON.stringify(item)).sort();

function crowded(): TestNetns {
  const space = new TestNetns('crowd');
  for (const line of lines(SETUP)) space.ip(line);
  return space;
}

kernelTest('links, addresses, routes and rules are what ip(8) sees, and of foreign ones only what we look at', () => {
  using space = crowded();
  using socket = new RouteSocket(space.netns);
  const links: readonly IpLink[] = JSON.parse(space.ip('-json -details address show'));
  const seen = observeNetwork(socket);
  const made: readonly IpRoute[] = JSON.parse(space.ip('-json -4 route show table main proto kernel'));
  const connectedBy = (link: string, address: string, prefixLength: number): boolean =>
    made.some(({ dst, dev }) => dev === link && dst === formatCidr(networkOf(cidr(`${address}/${prefixLength}`))));
  expect(seen.links).toEqual(
    links.map((link) => ({
      index: link.ifindex,
      name: link.ifname,
      mac: link.address !== undefined && link.link_type !== 'none' ? parseMac(link.address) : undefined,
      mtu: link.mtu,
      up: link.flags.includes('UP'),
      group: link.group === 'default' ? 0 : Number(link.group),
      alias: link.ifalias,
    })),
  );
  expect(byText(seen.addresses)).toEqual(
    byText(
      links.flatMap(({ ifname, addr_info, flags }) =>
        addr_info
          .filter(({ local, address }) => !local.includes(':') && address === undefined)
          .map(({ local, prefixlen, noprefixroute }) => ({
            link: ifname,
            address: { address: parseIpv4(local), prefixLength: prefixlen },
            ...(noprefixroute !== true && (!flags.includes('UP') || connectedBy(ifname, local, prefixlen))
              ? { connected: true }
              : {}),
          })),
      ),
    ),
  );

  const routes: readonly IpRoute[] = JSON.parse(space.ip('-json -4 -details route show table all'));
  const unicast = routes.filter(({ type = 'unicast', dev }) => type === 'unicast' && dev !== undefined);
  const names = new Map(seen.links.map(({ index, name }) => [index, name]));
  const facts = socket
    .dump(dumpOf('routes'))
    .map(readRoute)
    .flatMap((fact) => (fact === undefined ? [] : [fact]))
    .map(({ index, table, destination, gateway, protocol }) => ({
      ...{ table, destination, link: names.get(index), gateway, protocol },
    }));
  const expected = unicast.map(({ dst, dev, gateway, table = 'main', protocol }) => ({
    table: numbered(TABLES, table),
    destination: cidr(dst),
    link: dev,
    gateway,
    protocol: numbered(PROTOCOLS, protocol),
  }));
  expect(byText(facts)).toEqual(byText(expected));
  expect(byText(seen.routes)).toEqual(
    byText(
      expected
        .filter(({ protocol }) => protocol === 90)
        .map(({ table, destination, link, gateway }) => ({
          ...{ table, destination, link },
          ...(gateway === undefined ? {} : { gateway }),
        })),
    ),
  );

  const rules: readonly IpRule[] = JSON.parse(space.ip('-json -4 -details rule'));
  const lookups = rules.filter(({ action, goto }) => action === undefined && goto === undefined);
  const selector = (address: string | undefined, length: number | undefined): Ipv4Cidr | undefined =>
    address === undefined || address === 'all' ? undefined : cidr(`${address}/${length ?? 32}`);
  const wanted = lookups.map((rule) => {
    const [to, from] = [selector(rule.dst, rule.dstlen), selector(rule.src, rule.srclen)];
    const mark = rule.fwmark === undefined ? undefined : Number(rule.fwmark);
    return {
      protocol: numbered(PROTOCOLS, rule.protocol ?? 'unspec'),
      plain: SELECTORS_OF_OTHERS.every((name) => rule[name] === undefined),
      rule: {
        priority: rule.priority,
        table: numbered(TABLES, rule.table ?? 'unspec'),
        ...(to === undefined ? {} : { to }),
        ...(from === undefined ? {} : { from }),
        ...(mark === undefined
          ? {}
          : { mark: { value: mark, mask: rule.fwmask === undefined ? 0xffffffff : Number(rule.fwmask) } }),
        ...(rule.iif === undefined ? {} : { input: rule.iif }),
        ...(rule.ipproto === undefined ? {} : { ipProtocol: numbered(IP_PROTOCOLS, rule.ipproto) }),
      },
    };
  });
  expect(
    socket
      .dump(dumpOf('rules'))
      .map(readRule)
      .filter((fact) => fact !== undefined),
  ).toEqual(wanted);
  expect(listOwnRules(socket).map(ruleKey)).toEqual([
    '102: from 10.15.0.0/16 lookup 10101',
    '103: from all to 10.15.0.1/32 fwmark 128/128 lookup 254',
    '105: from all fwmark 0/255 lookup 7',
    '106: from 10.15.0.0/16 to 10.14.0.0/16 lookup 4294967294',
  ]);
});

kernelTest('everything of ours can be removed again, and nothing else goes with it', () => {
  using space = crowded();
  using socket = new RouteSocket(space.netns);
  const others = (words: string): readonly string[] =>
    // Link-local addresses come when they come.
    lines(space.ip(words)).filter((line) => !/proto 90|fe80::/.test(line));
  const foreign = (): readonly string[] => [...others('-details rule'), ...others('-details route show table all')];
  const before = foreign();
  const { routes, rules } = observeNetwork(socket);
  const steps = [
    ...rules.map((rule) => ({ kind: 'remove-rule', rule }) as const),
    ...routes.map((route) => ({ kind: 'remove-route', route }) as const),
  ];
  applySteps(socket, steps);
  const { routes: routesLeft, rules: rulesLeft } = observeNetwork(socket);
  expect([routesLeft, rulesLeft, foreign()]).toEqual([[], [], before]);
  applySteps(socket, steps);
});

kernelTest('a link is found by name and by MAC; of twins the older one', () => {
  using space = new TestNetns('find');
  using socket = new RouteSocket(space.netns);
  space.ip('link add one address 02:00:00:00:00:07 type bridge');
  space.ip('link add two address 02:00:00:00:00:07 type bridge');
  const [one] = listLinks(socket).filter(({ name }) => name === 'one');
  expect(findLinkByMac(socket, parseMac('02:00:00:00:00:07'))).toEqual(one);
  expect([findLink(socket, 'one'), findLink(socket, 'three')]).toEqual([one, undefined]);
  expect(() => findLink(socket, 'a-name-of-twenty-chars')).toThrow('the kernel refused to get an object');
});

kernelTest('three thousand rules at once: more answers than the socket can hold', () => {
  using space = new TestNetns('batch');
  using socket = new RouteSocket(space.netns);
  const rules = Array.from({ length: 3000 }, (_, n) => ({
    priority: 512,
    to: parseIpv4Cidr(`10.0.${n >> 8}.${n & 255}/32`),
    table: 254,
  }));
  applySteps(
    socket,
    rules.map((rule) => ({ kind: 'add-rule', rule })),
  );
  expect(listOwnRules(socket).map(ruleKey)).toEqual(rules.map(ruleKey));
  applySteps(
    socket,
    rules.map((rule) => ({ kind: 'remove-rule', rule })),
  );
  expect(listOwnRules(socket)).toEqual([]);
});

kernelTest('the first failing step is named, and the others are done all the same', () => {
  using space = new TestNetns('fail');
  using socket = new RouteSocket(space.netns);
  const own = parseIpv4Cidr('10.0.1.90/32');
  expect(() =>
    applySteps(socket, [
      { kind: 'remove-route', route: { table: 254, destination: own, link: 'gone' } },
      { kind: 'replace-route', route: { table: 254, destination: own, link: 'gone' } },
      { kind: 'replace-route', route: { table: 254, destination: own, gateway: parseIpv4('10.0.1.1'), link: 'lo' } },
      { kind: 'add-rule', rule: { priority: 512, to: own, table: 254 } },
    ]),
  ).toThrow('the kernel refused to set route 10.0.1.90/32 dev gone table 254: ENODEV (no link gone)');
  expect(listOwnRules(socket).map(ruleKey)).toEqual(['512: from all to 10.0.1.90/32 lookup 254']);
});

import { expect } from 'bun:test';
import { parseMac } from '../../src/addr/index.ts';
import {
  diffBoot,
  type ForwardPolicy,
  NOTHING_OF_BOOT,
  type Step,
  sysctlName,
  sysctlPath,
  wantedSysctls,
} from '../../src/hostspec/index.ts';
import { applyStep } from '../../src/installer/apply-step.ts';
import { observePolicies } from '../../src/installer/forward-policy.ts';
import { openHost } from '../../src/installer/index.ts';
import { readSysctl } from '../../src/installer/observe.ts';
import type { Undo } from '../../src/installer/undo.ts';
import { findLinkByMac, listLinksByMac, RouteSocket } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { type Installed, installed } from '../support/programs.ts';

const onReason = (): void => undefined;
const FAMILIES = ['ipv4', 'ipv6'] as const;

/** A host's programs for both kinds of iptables in both families; `nft` beside them or not. */
function programsOf(host: 'with nft' | 'without nft'): Installed {
  const names = ['iptables', 'ip6tables'].flatMap((name) =>
    ['nft', 'legacy'].flatMap((kind) => [`${name}-${kind}`, `${name}-${kind}-save`]),
  );
  return installed(Object.fromEntries([...names, ...(host === 'with nft' ? ['nft'] : [])].map((name) => [name, name])));
}

async function policiesOf(space: TestNetns, programs: Installed): Promise<readonly ForwardPolicy[]> {
  let found: readonly ForwardPolicy[] = [];
  await space.insideWith(async () => {
    found = await observePolicies({ ...openHost('/', {}), exec: space.execOnly(programs.directory) }, FAMILIES);
  });
  return found;
}

const filterOf = (space: TestNetns): string =>
  space.run('sh', '-c', 'nft list ruleset 2>&1; cat /proc/net/ip_tables_names /proc/net/ip6_tables_names');

for (const host of ['with nft', 'without nft'] as const) {
  kernelTest(`a host ${host}, without a filter, keeps having none when its policies are looked at`, async () => {
    using programs = programsOf(host);
    using space = new TestNetns('plain');
    const before = filterOf(space);
    expect(await policiesOf(space, programs)).toEqual([]);
    expect(filterOf(space)).toBe(before);
  });

  kernelTest(`the FORWARD policies of both packet filters are seen, set and given back ${host}`, async () => {
    using programs = programsOf(host);
    using space = new TestNetns('filter');
    for (const program of ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy']) {
      space.run(program, '-P', 'FORWARD', 'DROP');
      // A rule of somebody else, which no policy may touch.
      space.run(program, '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT');
    }
    const rules = (): string =>
      ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy']
        .map((program) => space.run(program, '-S', 'FORWARD'))
        .join('');
    const before = rules();
    const found = await policiesOf(space, programs);
    const all = FAMILIES.flatMap((family) =>
      (['nft', 'legacy'] as const).map((backend) => ({ family, backend, policy: 'DROP' }) as const),
    );
    const byName = (list: readonly ForwardPolicy[]): readonly string[] => list.map((one) => JSON.stringify(one)).sort();
    expect(byName(found)).toEqual(byName(all));

    const undos: Undo[] = [];
    await space.insideWith(async () => {
      const exec = space.execOnly(programs.directory);
      const context = { host: { ...openHost('/', {}), exec }, renderManifest: () => '', onReason, onNote: onReason };
      for (const { family, backend } of all)
        undos.push(
          await applyStep(context, { kind: 'set-forward-policy', family, backend, before: 'DROP', policy: 'ACCEPT' }),
        );
    });
    expect(byName(await policiesOf(space, programs))).toEqual(byName(all.map((one) => ({ ...one, policy: 'ACCEPT' }))));
    expect(rules()).toBe(before.replaceAll('-P FORWARD DROP', '-P FORWARD ACCEPT'));

    await space.insideWith(async () => {
      for (const undo of undos) if (undo.kind === 'undo') await undo.run();
    });
    expect(rules()).toBe(before);
  });
}

kernelTest(
  'sysctls of IPv6 pods and of probes are set, then there is nothing to do, and taken back they are as before',
  async () => {
    using space = new TestNetns('values');
    space.ip('link add eth0 type veth peer name far');
    space.ip('link set eth0 up');
    // Not the kernel's own values, which some of ours are.
    space.run(
      'sysctl',
      '-qw',
      'net.ipv6.conf.all.disable_ipv6=1',
      'net.ipv4.ip_forward=0',
      'net.ipv4.conf.eth0.rp_filter=1',
    );
    const values = (): string =>
      space.run(
        'sh',
        '-c',
        'grep -rs "" /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/tcp_early_demux | grep -v stable_secret | sort',
      );
    const before = values();

    const host = openHost('/', {});
    const INTROSPECTION_BIND_ADDRESS = { host: '127.0.0.1', port: 61679 };
    const settings = {
      DISABLE_TCP_EARLY_DEMUX: true,
      ENABLE_IPv6: true,
      ENABLE_V6_EGRESS: false,
      INTROSPECTION_BIND_ADDRESS,
    };
    const wanted = { ...NOTHING_OF_BOOT, sysctls: wantedSysctls({ settings, primaryLink: 'eth0' }) };
    const look = {
      conflist: 'absent',
      recordedBootId: 'b',
      bootId: 'b',
      staleResults: [],
      policies: [],
      directories: [],
      modules: {},
    } as const;
    const steps = (): readonly Step[] =>
      space.inside(() => {
        const sysctls = Object.fromEntries(
          wanted.sysctls.map(({ key }) => [sysctlName(key), readSysctl(host.files, key)]),
        );
        return diffBoot(wanted, { ...look, sysctls }).steps;
      });
    const planned = steps();
    const ignore = (): void => undefined;
    const context = { host, renderManifest: () => '', onReason: ignore, onNote: ignore };
    // What a step does to a sysctl it does before it first waits, hence inside.
    const applied: ReturnType<typeof applyStep>[] = [];
    space.inside(() => planned.forEach((step) => void applied.push(applyStep(context, step))));
    const undos = await Promise.all(applied);

    const now = values();
    for (const line of [
      'ipv4/ip_forward:1',
      'ipv4/conf/eth0/rp_filter:2',
      'ipv4/tcp_early_demux:0',
      'ipv6/conf/all/disable_ipv6:0',
      'ipv6/conf/all/forwarding:1',
      'ipv6/conf/eth0/forwarding:1',
      'ipv6/conf/eth0/accept_ra:2',
    ])
      expect(now).toContain(`/proc/sys/net/${line}\n`);
    expect(steps()).toEqual([]);
    space.inside(() => {
      for (const undo of undos.toReversed()) if (undo.kind === 'undo') void undo.run();
    });
    expect(values()).toBe(before);
  },
);

kernelTest('a list of the kernel that was empty becomes empty again', () => {
  using space = new TestNetns('sysctl');
  const key = ['net', 'ipv4', 'ip_local_reserved_ports'];
  const host = openHost('/', {});
  const values = space.inside(() =>
    ['61678-61679', ''].map((value) => {
      host.files.writeInPlace({ path: sysctlPath(key), text: value });
      return readSysctl(host.files, key) ?? 'absent';
    }),
  );
  expect(values).toEqual(['61678-61679', '']);
});

kernelTest('links on top of the primary one share its MAC and are not it; a second real one is', () => {
  using space = new TestNetns('macs');
  const mac = '02:00:00:00:00:10';
  const ip = (...lines: readonly string[]): void => {
    for (const words of lines) space.ip(words);
  };
  ip(
    `link add eth0 address ${mac} type veth peer name eth0-peer`,
    // In this mode it takes the MAC of its parent.
    'link add mac0 link eth0 type macvlan mode passthru',
  );
  const names = (): readonly string[] =>
    space.inside(() => {
      using socket = new RouteSocket();
      return listLinksByMac(socket, parseMac(mac)).map(({ name }) => name);
    });
  expect(names()).toEqual(['eth0']);
  ip('link del mac0', 'link add br0 type bridge', 'link set eth0 master br0', `link set br0 address ${mac}`);
  expect(names()).toEqual(['eth0']);
  space.ip(`link add eth1 address ${mac} type veth peer name eth1-peer`);
  expect(names()).toEqual(['eth0', 'eth1']);
  const first = space.inside(() => {
    using socket = new RouteSocket();
    return findLinkByMac(socket, parseMac(mac))?.name ?? '';
  });
  expect(first).toBe('eth0');
});

kernelTest('a link whose other end has the same number in another namespace is found by its MAC', () => {
  using space = new TestNetns('near');
  using far = new TestNetns('far');
  using socket = new RouteSocket(space.netns);
  space.ip(`link add near index 77 address 02:00:00:00:00:08 type veth peer name far index 77 netns ${far.name}`);
  expect(findLinkByMac(socket, parseMac('02:00:00:00:00:08'))?.name).toBe('near');
});
